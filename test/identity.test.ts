import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Principal } from '../local/contracts';
import { LocalAuthority } from '../local/identity/authority';
import { IdentityEndpoint } from '../local/identity/identityEndpoint';
import { deployer, judge } from '../local/identity/principals';
import { resourceGroupId, TestResources, tenantId } from './support/context';

const storage = 'https://storage.azure.com';
const send = 'Microsoft.EventHub/namespaces/messages/send/action';
const receive = 'Microsoft.EventHub/namespaces/messages/receive/action';
const sender = '/providers/Microsoft.Authorization/roleDefinitions/2B629674-e913-4c01-ae53-ef4638d8f975';
const hubs = `${resourceGroupId}/providers/Microsoft.EventHub/namespaces/ns/eventhubs`;

let folder: string;
let resources: TestResources;
let authority: LocalAuthority;
let endpoint: IdentityEndpoint;
let endpointUrl: string;
const router = identityId('router');
const writer = identityId('writer');

function identityId(name: string): string {
  return `${resourceGroupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-${name}`;
}

function declareIdentity(id: string, digit: string): void {
  const guid = (kind: string) => `${digit.repeat(8)}-${kind.repeat(4)}-4000-8000-000000000000`;
  resources.put(
    'managedidentity:UserAssignedIdentity',
    id,
    {},
    { principalId: guid('0'), clientId: guid('c'), tenantId },
  );
}

function assign(principal: Principal, scope: string): void {
  resources.put('authorization:RoleAssignment', `${scope}/providers/Microsoft.Authorization/roleAssignments/1`, {
    ...{ scope, principalId: principal.objectId, roleDefinitionId: sender },
  });
}

/** What the real SDK gets, in a process of its own as an app is: within one, it keeps tokens and endpoint for good. */
async function sdkToken(credential: string, secret: string): Promise<{ token: string; expiresOnTimestamp: number }> {
  const script = `
    const { DefaultAzureCredential, ManagedIdentityCredential } = require('@azure/identity');
    (${credential}).getToken('${storage}/.default').then(
      (token) => console.log(JSON.stringify(token)),
      (error) => { console.error(String(error)); process.exitCode = 1; },
    );`;
  const env = { ...process.env, IDENTITY_ENDPOINT: endpointUrl, IDENTITY_HEADER: secret };
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env, cwd: join(__dirname, '..') });
  return JSON.parse(stdout) as { token: string; expiresOnTimestamp: number };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'identity-'));
  resources = new TestResources();
  declareIdentity(router, '1');
  declareIdentity(writer, '2');
  authority = await LocalAuthority.open({ stateFolder: folder, resources });
  endpoint = new IdentityEndpoint(authority);
  endpointUrl = await endpoint.listen();
});

afterEach(async () => {
  await endpoint.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('tokens as App Service hands them out', () => {
  test.each([
    ['client id', () => `new ManagedIdentityCredential({ clientId: '${authority.identity(writer).clientId}' })`],
    ['resource id', () => `new ManagedIdentityCredential({ resourceId: '${writer}' })`],
    [
      'DefaultAzureCredential',
      () => `new DefaultAzureCredential({ managedIdentityClientId: '${authority.identity(writer).clientId}' })`,
    ],
  ])('the SDK gets one for the identity that it names: %s', async (_, credential) => {
    const { token, expiresOnTimestamp } = await sdkToken(credential(), endpoint.grantHeader([router, writer]));
    expect(await authority.authenticate(token, storage)).toEqual(authority.identity(writer));
    expect(expiresOnTimestamp).toBeGreaterThan(Date.now() + 3_600_000);
  });

  test('the SDK gets one for the only identity there is', async () => {
    const { token } = await sdkToken('new DefaultAzureCredential()', endpoint.grantHeader([deployer]));
    expect(await authority.authenticate(token, [storage])).toEqual(deployer);
  });

  test('nobody gets one for an identity that is not its own', async () => {
    const credential = `new ManagedIdentityCredential({ clientId: '${authority.identity(writer).clientId}' })`;
    await expect(sdkToken(credential, endpoint.grantHeader([router]))).rejects.toThrow(/not attached here/);
    await expect(sdkToken(credential, 'made-up')).rejects.toThrow(/X-IDENTITY-HEADER is missing or not known/);
  });

  test('the answer counts expires_on in seconds, and the claims are those of Microsoft Entra ID', async () => {
    const headers = { 'X-IDENTITY-HEADER': endpoint.grantHeader([router]) };
    const url = `${endpointUrl}?resource=${storage}&api-version=2019-08-01`;
    const body = (await (await fetch(url, { headers })).json()) as Record<string, string>;
    expect(Number(body.expires_on)).toBeGreaterThan(Date.now() / 1000);
    expect(Number(body.expires_on)).toBeLessThan(Date.now() / 1000 + 90_000);
    const claims = JSON.parse(Buffer.from(body.access_token?.split('.')[1] ?? '', 'base64url').toString()) as object;
    const { objectId, clientId } = authority.identity(router);
    expect(claims).toMatchObject({
      aud: storage,
      iss: `https://sts.windows.net/${tenantId}/`,
      oid: objectId,
      appid: clientId,
      tid: tenantId,
    });
    expect(claims).toEqual(
      expect.objectContaining({ iat: expect.any(Number), nbf: expect.any(Number), exp: expect.any(Number) }),
    );
  });

  test('a service refuses a token for another audience, a forged one, and one of an identity that is gone', async () => {
    const { token } = await authority.token(authority.identity(router), storage);
    await expect(authority.authenticate(token, 'https://eventhubs.azure.net')).rejects.toMatchObject({ status: 401 });
    const [header, , signature] = token.split('.');
    const claims = Buffer.from(JSON.stringify({ oid: deployer.objectId, aud: storage })).toString('base64url');
    await expect(authority.authenticate([header, claims, signature].join('.'), storage)).rejects.toMatchObject({
      status: 401,
    });
    resources.remove(router);
    await expect(authority.authenticate(token, storage)).rejects.toMatchObject({ status: 401 });
  });

  test('stay valid over a restart', async () => {
    const { token } = await authority.token(judge, storage);
    const again = await LocalAuthority.open({ stateFolder: folder, resources });
    expect(await again.authenticate(token, storage)).toEqual(judge);
  });
});

describe('roles', () => {
  test('hold at their scope and below, for their data actions, and nowhere else', () => {
    const principal = authority.identity(router);
    expect(() => authority.require(principal, send, `${hubs}/devicedata`)).toThrow(
      /'id-router'.*may not do.*send\/action.*devicedata/,
    );
    assign(principal, `${hubs}/devicedata`);
    expect(authority.allows(principal, send, `${hubs}/DeviceData`)).toBe(true);
    expect(authority.allows(principal, send, `${hubs}/devicedata/partitions/0`)).toBe(true);
    expect(authority.allows(principal, receive, `${hubs}/devicedata`)).toBe(false);
    expect(authority.allows(principal, send, `${hubs}/devicedata2`)).toBe(false);
    expect(authority.allows(principal, send, hubs)).toBe(false);
    expect(authority.allows(authority.identity(writer), send, `${hubs}/devicedata`)).toBe(false);
  });

  test('take effect only after their delay, counted from their creation', async () => {
    const slow = await LocalAuthority.open({ stateFolder: folder, resources, roleDelaySeconds: 30 });
    const principal = authority.identity(router);
    assign(principal, hubs);
    expect(slow.allows(principal, send, hubs)).toBe(false);
    jest.useFakeTimers({ now: Date.now() + 31_000, doNotFake: ['nextTick', 'setImmediate'] });
    try {
      expect(slow.allows(principal, send, hubs)).toBe(true);
    } finally {
      jest.useRealTimers();
    }
  });

  test('the judge reads everything and writes nothing', () => {
    expect(authority.allows(judge, receive, hubs)).toBe(true);
    expect(
      authority.allows(judge, 'Microsoft.HealthcareApis/workspaces/fhirservices/resources/read', '/subscriptions/x'),
    ).toBe(true);
    expect(authority.allows(judge, send, hubs)).toBe(false);
  });

  test("the deployer's reach can be refused, as a closed network would", async () => {
    const closed = await LocalAuthority.open({ stateFolder: folder, resources, refuseDeployerReach: true });
    const { token } = await closed.token(deployer, storage);
    await expect(closed.authenticate(token, storage)).rejects.toThrow(/does not reach the data plane/);
    const other = await closed.token(closed.identity(router), storage);
    expect(await closed.authenticate(other.token, storage)).toEqual(closed.identity(router));
  });
});
