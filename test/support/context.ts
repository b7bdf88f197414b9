import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ArmResource,
  type Authority,
  AzureError,
  type Certificates,
  type Log,
  type Principal,
  type Properties,
  type Resources,
  type ServiceContext,
} from '../../local/contracts';
import { openCertificates } from '../../local/core/certificates';
import { VirtualClock } from '../../local/core/clock';
import { RememberedPorts } from '../../local/core/ports';
import { StepBoard } from '../../local/livePage/stepBoard';

export const tenantId = '11111111-1111-4111-8111-111111111111';
export const subscriptionId = '22222222-2222-4222-8222-222222222222';
export const resourceGroupId = `/subscriptions/${subscriptionId}/resourceGroups/rg-test`;
/** Where the clock of a test context begins: 2026-01-05T00:00:00Z. */
export const startOfTime = Date.UTC(2026, 0, 5);

/** Identities, tokens and roles in memory: what a service sees of them, with the grants in a test's hands. */
export class TestAuthority implements Authority {
  private readonly secret = randomBytes(32);
  private readonly principals = new Map<string, Principal>();
  private readonly grants: { objectId: string; dataAction: string; scope: string }[] = [];
  private readonly members: { group: string; objectId: string }[] = [];

  /** The principal of that name; the same one on every call. Its identity's ARM id is `identityId(name)`. */
  principal(name: string): Principal {
    let principal = this.principals.get(name);
    if (principal === undefined) {
      principal = { objectId: randomUUID(), clientId: randomUUID(), tenantId, name };
      this.principals.set(name, principal);
    }
    return principal;
  }

  identityId(name: string): string {
    return `${resourceGroupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  }

  /** Grants `dataAction` (a trailing `*` stands for anything) at `scope` and below. Returns what takes it back. */
  grant(principal: Principal, dataAction: string, scope: string): () => void {
    const grant = { objectId: principal.objectId, dataAction, scope: scope.toLowerCase() };
    this.grants.push(grant);
    return () => {
      this.grants.splice(this.grants.indexOf(grant), 1);
    };
  }

  token(principal: Principal, audience: string, expiresOn = Date.now() + 3_600_000): string {
    const claims = Buffer.from(JSON.stringify({ principal, audience, expiresOn })).toString('base64url');
    return `${claims}.${this.sign(claims)}`;
  }

  /** What the Azure SDKs take as `TokenCredential`: the audience is the requested scope without `/.default`. */
  credential(principal: Principal): {
    getToken(scopes: string | string[]): Promise<{ token: string; expiresOnTimestamp: number }>;
  } {
    return {
      getToken: async (scopes) => {
        const audience = String(Array.isArray(scopes) ? scopes[0] : scopes).replace(/\/\.default$/, '');
        const expiresOnTimestamp = Date.now() + 3_600_000;
        return { token: this.token(principal, audience, expiresOnTimestamp), expiresOnTimestamp };
      },
    };
  }

  async authenticate(token: string, audience: string | readonly string[]): Promise<Principal> {
    const [claims = '', signature = ''] = token.split('.');
    const expected = Buffer.from(this.sign(claims));
    const given = Buffer.from(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
      throw new AzureError(401, 'InvalidAuthenticationToken', 'The signature of the token is wrong.');
    }
    const read = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
      principal: Principal;
      audience: string;
      expiresOn: number;
    };
    if (read.expiresOn < Date.now()) throw new AzureError(401, 'ExpiredAuthenticationToken', 'The token is expired.');
    const bare = (uri: string) => uri.replace(/\/$/, '');
    if (![audience].flat().some((allowed) => bare(allowed) === bare(read.audience))) {
      throw new AzureError(401, 'InvalidAuthenticationToken', `The token is for ${read.audience}, not ${audience}.`);
    }
    return read.principal;
  }

  identity(userAssignedIdentityId: string): Principal {
    return this.principal(userAssignedIdentityId.split('/').at(-1) ?? '');
  }

  require(principal: Principal, dataAction: string, scope: string): void {
    if (this.allows(principal, dataAction, scope)) return;
    throw new AzureError(403, 'AuthorizationFailed', `${principal.name} may not ${dataAction} on ${scope}.`);
  }

  allows(principal: Principal, dataAction: string, scope: string): boolean {
    const wanted = scope.toLowerCase();
    return this.grants.some(
      (grant) =>
        grant.objectId === principal.objectId &&
        (wanted === grant.scope || wanted.startsWith(`${grant.scope}/`)) &&
        (grant.dataAction.endsWith('*')
          ? dataAction.startsWith(grant.dataAction.slice(0, -1))
          : dataAction === grant.dataAction),
    );
  }

  /** Puts the principal into a group of the directory. */
  join(group: string, principal: Principal): void {
    this.members.push({ group, objectId: principal.objectId });
  }

  groupsOf({ objectId }: Principal): readonly string[] {
    return this.members.filter((member) => member.objectId === objectId).map(({ group }) => group);
  }

  private sign(claims: string): string {
    return createHmac('sha256', this.secret).update(claims).digest('base64url');
  }
}

/** The resources that a test declares. */
export class TestResources implements Resources {
  private readonly resources = new Map<string, ArmResource>();

  /** Keeps a resource as the control plane would before it calls a service. */
  put(kind: string, id: string, inputs: Properties, outputs: Properties = {}): ArmResource {
    const resource: ArmResource = {
      id,
      kind,
      inputs,
      outputs: { ...inputs, ...outputs },
      subscriptionId,
      createdAt: new Date().toISOString(),
    };
    this.resources.set(id.toLowerCase(), resource);
    return resource;
  }

  remove(id: string): void {
    this.resources.delete(id.toLowerCase());
  }

  get(id: string): ArmResource | undefined {
    return this.resources.get(id.toLowerCase());
  }

  list(kind: string): ArmResource[] {
    return [...this.resources.values()].filter((resource) => resource.kind === kind);
  }

  below(id: string): ArmResource[] {
    const prefix = `${id.toLowerCase()}/`;
    return [...this.resources].filter(([key]) => key.startsWith(prefix)).map(([, resource]) => resource);
  }
}

export interface TestContext extends ServiceContext {
  readonly authority: TestAuthority;
  readonly resources: TestResources;
  readonly clock: VirtualClock;
  readonly events: StepBoard;
  readonly certificates: Certificates;
  /** What the services logged, a line each. */
  readonly logged: string[];
  /** The state folder of the whole context, below the machine's temporary folder. */
  readonly folder: string;
  /** Ends the clock and deletes the state folder. Close the services first. */
  close(): void;
}

/**
 * All that a service is handed, with real ports, certificates and clock in a temporary folder.
 * @param folder take over another context's state, as after a restart
 */
export async function testContext(folder = mkdtempSync(join(tmpdir(), 'iomt-'))): Promise<TestContext> {
  const stateFolder = (service: string): string => {
    const path = join(folder, service);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const logged: string[] = [];
  const say = (line: string) => logged.push(line);
  const log: Log = { info: say, detail: say, warn: (line) => say(`warning: ${line}`) };
  const core = stateFolder('core');
  const clock = new VirtualClock({ file: join(core, 'clock'), start: startOfTime, log });
  return {
    folder,
    stateFolder,
    logged,
    log,
    clock,
    resources: new TestResources(),
    authority: new TestAuthority(),
    certificates: await openCertificates(stateFolder('tls')),
    ports: new RememberedPorts(join(core, 'ports.json'), log),
    events: new StepBoard(),
    close: () => {
      clock.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
