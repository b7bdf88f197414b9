import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as native from '@pulumi/azure-native/sql';
import type { Properties } from '../local/contracts';
import { ControlPlane } from '../local/controlPlane/controlPlane';
import { ArmClient } from './support/armClient';
import { EngineStack } from './support/engineStack';

const quiet = { info() {}, warn() {} };
const inGroup = { resourceGroupName: 'rg-sql' };
const located = { ...inGroup, location: 'westeurope' };
const sid = '5a1a0000-0000-4000-8000-00000000000a';
const administrators = { azureADOnlyAuthentication: true, login: 'admins', sid, principalType: 'Group' };
const server = { ...located, serverName: 'sql-icu', administrators };
const inServer = { ...inGroup, serverName: 'sql-icu' };
const serverless = { name: 'GP_S_Gen5', tier: 'GeneralPurpose', family: 'Gen5', capacity: 4 };
const database = { ...inServer, location: 'westeurope', databaseName: 'care', sku: serverless };
const inDatabase = { ...inServer, databaseName: 'care', policyName: 'default' };
let folder: string;
let plane: ControlPlane;
let port: number;
let arm: ArmClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sql-plane-'));
  plane = new ControlPlane({ stateFolder: join(folder, 'state'), log: quiet });
  port = await plane.listen();
  arm = await ArmClient.connect(port);
  await arm.create('resources:ResourceGroup', located);
  await arm.create('sql:Server', { ...server, publicNetworkAccess: 'Disabled' });
  await arm.create('sql:Database', database);
});

afterAll(async () => {
  arm.close();
  await plane.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each<[string, string, Properties, string]>([
  ['a server whose name has capitals', 'Server', { ...server, serverName: 'SQL-B' }, 'lower-case letters'],
  [
    'a server without administrator',
    'Server',
    { ...server, serverName: 'b', administrators: undefined },
    'needs administratorLogin',
  ],
  [
    'an administrator that is a name',
    'Server',
    { ...server, serverName: 'b', administrators: { ...administrators, sid: 'admins' } },
    'object id',
  ],
  ['a password beside Entra alone', 'Server', { ...server, serverName: 'b', administratorLogin: 'sa' }, 'leave it out'],
  ['TLS that is retired', 'Server', { ...server, serverName: 'b', minimalTlsVersion: '1.0' }, 'retired'],
  [
    'a key without an identity',
    'Server',
    { ...server, serverName: 'b', keyId: 'https://kv.vault.azure.net/keys/k/1' },
    'needs an identity',
  ],
  [
    'a rule for an end that is closed',
    'FirewallRule',
    { ...inServer, firewallRuleName: 'r', startIpAddress: '1.1.1.1', endIpAddress: '1.1.1.1' },
    'are refused',
  ],
  [
    'a range from its end',
    'FirewallRule',
    { ...inServer, firewallRuleName: 'r', startIpAddress: '1.1.1.2', endIpAddress: '1.1.1.1' },
    'below startIpAddress',
  ],
  ['a database without its server', 'Database', { ...database, serverName: 'none' }, 'does not exist'],
  ['a pause of 14 minutes', 'Database', { ...database, databaseName: 'b', autoPauseDelay: 14 }, '15 to 10080'],
  ['too few vCores at least', 'Database', { ...database, databaseName: 'b', minCapacity: 0.25 }, '0.5 to 4'],
  [
    'vCores that are not sold',
    'Database',
    { ...database, databaseName: 'b', sku: { ...serverless, capacity: 3 } },
    'allowed are 1, 2, 4',
  ],
  [
    'a pause of what is provisioned',
    'Database',
    { ...database, databaseName: 'b', sku: { name: 'GP_Gen5_2' }, autoPauseDelay: 60 },
    'serverless',
  ],
  ['36 days back', 'BackupShortTermRetentionPolicy', { ...inDatabase, retentionDays: 36 }, '1 to 35'],
  [
    'a yearly backup without its week',
    'LongTermRetentionPolicy',
    { ...inDatabase, yearlyRetention: 'P1Y' },
    'weekOfYear',
  ],
  ['backups for 11 years', 'LongTermRetentionPolicy', { ...inDatabase, weeklyRetention: 'P11Y' }, 'P1W to P10Y'],
  [
    'long backups of what pauses',
    'LongTermRetentionPolicy',
    { ...inDatabase, weeklyRetention: 'P4W' },
    'autoPauseDelay -1',
  ],
  [
    'auditing to nowhere',
    'ExtendedServerBlobAuditingPolicy',
    { ...inServer, blobAuditingPolicyName: 'default', state: 'Enabled' },
    'without a target',
  ],
  [
    'a key that is not there',
    'ServerKey',
    { ...inServer, serverKeyType: 'AzureKeyVault', keyName: 'kv_k_1', uri: 'https://kv.vault.azure.net/keys/k/1' },
    'there is no key',
  ],
  [
    'a key by another name',
    'ServerKey',
    { ...inServer, serverKeyType: 'AzureKeyVault', keyName: 'k', uri: 'https://kv.vault.azure.net/keys/k/1' },
    "'kv_k_1'",
  ],
  [
    'a protector without its key',
    'EncryptionProtector',
    { ...inServer, encryptionProtectorName: 'current', serverKeyType: 'AzureKeyVault', serverKeyName: 'kv_k_1' },
    'has no key',
  ],
])('refused: %s', async (_what, kind, inputs, reason) => {
  await expect(arm.create(`sql:${kind}`, inputs)).rejects.toThrow(reason);
});

test('the administrator is given at creation, and later by a resource of its own', async () => {
  const stack = await EngineStack.open(mkdtempSync(join(tmpdir(), 'stack-')), port, 'sql');
  const other = '5a1a0000-0000-4000-8000-00000000000b';
  const program = (id: string, later?: string) => async () => {
    const made = new native.Server('sql', {
      ...inGroup,
      serverName: 'sql-two',
      administrators: { ...administrators, sid: id, principalType: 'Group' },
    });
    if (!later) return;
    const place = { ...inGroup, serverName: made.name, administratorName: 'ActiveDirectory' };
    new native.ServerAzureADAdministrator('admin', {
      ...place,
      administratorType: 'ActiveDirectory',
      login: 'others',
      sid: later,
    });
  };
  try {
    await stack.up(program(sid));
    expect(await stack.refusal(program(other))).toContain('ServerAzureADAdministrator');
    await stack.up(program(sid, other));
    await stack.up(program(other, other));
    const found = plane.resources.list('sql:Server').find(({ inputs }) => inputs.serverName === 'sql-two');
    expect(found?.inputs.administrators).toMatchObject({ sid: other });
  } finally {
    await stack.destroy();
    stack.close();
  }
});
