import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import {
  HospitalEnvironment,
  type HospitalEnvironmentArgs,
  HotPath,
  type HotPathArgs,
  hotPathOverrides,
} from '../components';
import { physicalName } from '../components/azure/naming';
import { roles } from '../components/azure/roles';
import { overridable } from '../components/hot/children';
import { sidOf } from '../components/hot/repository';
import { mlOutputSettings, repositoryMigrationsSettings, routingSettings } from '../runtime/contracts/appSettings';
import { checkedConfig } from '../stacks/config';
import { armcheckTest, judgeArm } from './support/armcheck';
import { certificate } from './support/certificates';
import {
  mockSubscription,
  type Registered,
  RegisteredNames,
  registered,
  resolved,
  settingsOf,
} from './support/registered';

const arm = `/subscriptions/${mockSubscription}/resourceGroups/rg-platform/providers`;
const network = `/subscriptions/${mockSubscription}/resourceGroups/net/providers/Microsoft.Network`;
const deadLetters = `${arm}/Microsoft.Storage/storageAccounts/stdead/blobServices/default/containers/dead-letters`;
const insights = `${arm}/Microsoft.Insights/components/appi-x`;
const projectFolder = resolve(__dirname, '..');
const subnet = `${network}/virtualNetworks/v/subnets/functions`;
const group = '4b1f0d5c-0000-4000-8000-00000000000a';
const caller = '4b1f0d5c-0000-4000-8000-00000000000b';

const minimal = (): HotPathArgs => ({
  hospitalId: 'stmary',
  resourceGroupName: 'rg-stmary',
  existingScoredHubId: `${arm}/Microsoft.EventHub/namespaces/evhns-x/eventhubs/scored`,
  existingFhirServiceId: `${arm}/Microsoft.HealthcareApis/workspaces/hdws/fhirservices/records`,
});

/** With all that comes before told, as a hospital does. */
const told = (): HotPathArgs => ({
  ...minimal(),
  eventHubsNamespaceHost: 'evhns-x.servicebus.windows.net',
  scoredPartitions: 8,
  fhirUrl: 'https://records.fhir.test',
  fhirAudience: 'https://records.fhir.test',
  existingDeadLetterContainerId: deadLetters,
  deadLetterContainerUrl: 'https://stdead.blob.core.windows.net/dead-letters',
  existingApplicationInsightsId: insights,
  applicationInsightsConnectionString: 'InstrumentationKey=0',
});

const key = 'https://kv.vault.azure.net/keys/data/0123456789abcdef0123456789abcdef';
const everything = (): HotPathArgs => ({
  ...minimal(),
  lock: 'CanNotDelete',
  tags: { costCentre: 'icu' },
  deployerPrincipalId: '3b1f6471-1bf0-4dda-aec3-cb9272f09590',
  deployerIpAddresses: ['10.1.0.0/24'],
  diagnosticSettings: { workspaceId: '/subscriptions/x/workspaces/log' },
  customerManagedKey: { keyUri: key, keyId: '/subscriptions/x/vaults/kv/keys/data' },
  privateEndpoints: { subnetId: `${network}/virtualNetworks/v/subnets/pe` },
  functionSubnetId: subnet,
  alwaysReadyInstances: 1,
  alertActionGroupIds: ['/subscriptions/x/actionGroups/on-call'],
  repository: { administrator: { login: 'sql-administrators', objectId: group } },
  httpTrigger: { audience: 'api://iomt-scored', allowedClientIds: [caller] },
  dashboard: { capacityAdministrators: ['fabric@stmary.example'] },
  roleAssignments: [
    { name: 'platform', principalId: '4b1f0d5c-0000-4000-8000-000000000003', role: 'replayDeadLetters' },
    { name: 'dba', principalId: '4b1f0d5c-0000-4000-8000-000000000004', role: 'manageDatabase' },
  ],
});

let built: HotPath;
const hotPath = (args: HotPathArgs, config?: Record<string, string>) =>
  registered(() => {
    built = new HotPath('hot', args);
  }, config);

const of = new RegisteredNames('hot');
const one = of.one.bind(of);
const rolesOf = of.rolesOf.bind(of);
const names = (resources: Registered[], kind: string) =>
  resources
    .filter(({ type }) => type.split(':').slice(1).join(':') === kind)
    .map(({ name }) => name.replace(/^hot-/, ''))
    .sort();

/** Reads the part of Kusto that the rules are written in. */
function isTold(query: string, line: string): boolean {
  const [, prefix = ''] = /startswith "([^"]+)"/.exec(query) ?? [];
  const [, number = '', limit = ''] = /extract\("(\w+)=.*> (\d+)$/.exec(query) ?? [];
  const [, value = ''] = new RegExp(`${number}=([0-9]+)`).exec(line) ?? [];
  return line.startsWith(prefix) && (number === '' || Number(value) > Number(limit));
}

function refusal(args: HotPathArgs): string {
  try {
    new HotPath('hot', args);
  } catch (error) {
    if (pulumi.InputPropertiesError.isInstance(error)) return error.message;
    throw error;
  }
  throw new Error('The arguments were expected to be refused.');
}

const pathRoles = [
  'ml-output-dead-letters: storageBlobDataContributor on dead-letters',
  'ml-output-fhir: fhirDataWriter on records',
  'ml-output-host-storage: storageBlobDataOwner on ml-output-storage',
  'ml-output-scored: eventHubsDataReceiver on scored',
  'repository-migrations-host-storage: storageBlobDataOwner on repository-migrations-storage',
  'routing-fhir: fhirDataReader on records',
  'routing-host-storage: storageBlobDataOwner on routing-storage',
];
const isTelemetry = (role: string) => role.includes(': monitoringMetricsPublisher on appi-');
const apps = ['ml-output', 'repository-migrations', 'routing'];

describe('HotPath registers', () => {
  it('the whole path with four arguments, each hop with the narrowest role and no more', async () => {
    const resources = await hotPath(minimal());
    expect(names(resources, 'web:WebApp')).toEqual(apps.map((app) => `${app}-app`));
    expect(names(resources, 'managedidentity:UserAssignedIdentity')).toEqual(apps.map((app) => `${app}-identity`));
    const given = rolesOf(resources);
    expect(given.filter((role) => !isTelemetry(role))).toEqual(pathRoles);
    expect(given.filter(isTelemetry)).toHaveLength(3);
    const [step, ...others] = await resolved(built.manualSteps);
    expect(step).toMatch(/^Nobody but the app repository-migrations administers the SQL server/);
    expect(others).toEqual([]);
  });

  it('a server that takes tokens alone, with the migrator as administrator as long as nobody else is named', async () => {
    const resources = await hotPath(minimal());
    const migrator = one(resources, 'repository-migrations-identity');
    expect(one(resources, 'sql-server')).toEqual(
      expect.objectContaining({
        administrators: {
          administratorType: 'ActiveDirectory',
          azureADOnlyAuthentication: true,
          login: migrator.resourceName,
          sid: expect.stringMatching(/^principal-of-.*repository-migrations/),
          principalType: 'Application',
          tenantId: expect.any(String),
        },
        minimalTlsVersion: '1.2',
        publicNetworkAccess: 'Enabled',
        restrictOutboundNetworkAccess: 'Enabled',
      }),
    );
    expect(one(resources, 'sql-server')).not.toHaveProperty('administratorLogin');
    expect(one(resources, 'sql-azure-services')).toMatchObject({ startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' });
  });

  it('a database that never pauses, with backups for as long as records are kept', async () => {
    const resources = await hotPath({ ...told(), repository: { capacity: 8, minCapacity: 1.5, maxSizeGigabytes: 2 } });
    expect(one(resources, 'sql-database')).toMatchObject({
      sku: { name: 'GP_S_Gen5', tier: 'GeneralPurpose', family: 'Gen5', capacity: 8 },
      minCapacity: 1.5,
      autoPauseDelay: -1,
      maxSizeBytes: 2 ** 31,
      zoneRedundant: true,
      requestedBackupStorageRedundancy: 'Zone',
    });
    expect(one(resources, 'sql-short-term-backups')).toMatchObject({ retentionDays: 14, policyName: 'default' });
    expect(one(resources, 'sql-long-term-backups')).toMatchObject({
      weeklyRetention: 'P12W',
      monthlyRetention: 'P12M',
      yearlyRetention: 'P6Y',
      weekOfYear: 1,
    });
  });

  it('two readers of scored that do not wait for each other', async () => {
    const resources = await hotPath(told());
    const readers = resources
      .filter(({ type }) => type === 'azure-native:eventhub:ConsumerGroup')
      .map(({ inputs }) => `${inputs.namespaceName}/${inputs.eventHubName}/${inputs.consumerGroupName}`);
    expect(readers.sort()).toEqual(['evhns-x/scored/ml-output-fhir', 'evhns-x/scored/ml-output-repository']);
    expect(settingsOf(one(resources, 'ml-output-app'))).toMatchObject({
      FHIR_CONSUMER_GROUP: 'ml-output-fhir',
      REPOSITORY_CONSUMER_GROUP: 'ml-output-repository',
    });
  });

  it('all settings that the functions read', async () => {
    const resources = await hotPath({
      ...told(),
      windowMinutes: 10,
      latenessMinutes: 1,
      latencyWarningMinutes: 12,
      routing: { defaultQueue: 'rapid response', recordNumberSystem: 'urn:mrn', staleMinutes: 5, intervalMinutes: 30 },
    });
    const [mlOutput = {}, migrations = {}, routing = {}] = apps.map((app) => settingsOf(one(resources, `${app}-app`)));
    expect(Object.keys(mlOutput)).toEqual(expect.arrayContaining([...mlOutputSettings]));
    expect(Object.keys(migrations)).toEqual(expect.arrayContaining([...repositoryMigrationsSettings]));
    expect(Object.keys(routing)).toEqual(expect.arrayContaining([...routingSettings]));
    const repository = {
      REPOSITORY_SERVER: expect.stringMatching(/^sql-stmary-prod-.*\.database\.windows\.net$/),
      REPOSITORY_DATABASE: expect.stringMatching(/^sqldb-stmary-prod-/),
      REPOSITORY_AUDIENCE: 'https://database.windows.net/',
    };
    for (const settings of [mlOutput, migrations, routing]) expect(settings).toMatchObject(repository);
    expect(mlOutput).toMatchObject({
      FHIR_URL: 'https://records.fhir.test',
      SCORED_HUB: 'scored',
      WINDOW_SECONDS: '600',
      LATENESS_SECONDS: '60',
      LATENCY_WARNING_MINUTES: '12',
      LATENCY_BREACH_MINUTES: '15',
      HTTP_CALLERS: '',
      SCORE_CODES: 'local',
      DEAD_LETTER_CONTAINER_URL: 'https://stdead.blob.core.windows.net/dead-letters',
    });
    expect(routing).toMatchObject({
      HOSPITAL_ID: 'stmary',
      RECORD_NUMBER_SYSTEM: 'urn:mrn',
      ROUTING_STALE_SECONDS: '300',
      ROUTING_SCHEDULE: '0 */30 * * * *',
      DEFAULT_QUEUE: 'rapid response',
      CONTEXT_CODES: '{}',
    });
  });

  it('users of the database by the client ids of their identities, each with one narrow role', async () => {
    const dashboard = { name: 'id-dashboard', clientId: caller, role: 'dashboardReader' as const };
    const resources = await hotPath({ ...told(), repository: { users: [dashboard] } });
    const migrations = settingsOf(one(resources, 'repository-migrations-app'));
    const users = JSON.parse(migrations.REPOSITORY_USERS ?? '');
    expect(users).toEqual([
      {
        name: one(resources, 'ml-output-identity').resourceName,
        clientId: settingsOf(one(resources, 'ml-output-app')).REPOSITORY_CLIENT_ID,
        role: 'mlOutputWriter',
      },
      {
        name: one(resources, 'routing-identity').resourceName,
        clientId: settingsOf(one(resources, 'routing-app')).REPOSITORY_CLIENT_ID,
        role: 'routingWriter',
      },
      dashboard,
    ]);
    expect(users.map(({ clientId }: { clientId: string }) => clientId)).not.toContain(migrations.REPOSITORY_CLIENT_ID);
  });

  it('an HTTP trigger for named callers of the own directory alone', async () => {
    const resources = await hotPath({ ...told(), httpTrigger: { audience: 'api://x', allowedClientIds: [caller] } });
    const { HTTP_CALLERS = '' } = settingsOf(one(resources, 'ml-output-app'));
    const { tenantId, ...callers } = JSON.parse(HTTP_CALLERS);
    expect(callers).toEqual({
      authority: `https://login.microsoftonline.com/${tenantId}`,
      audience: 'api://x',
      allowedClientIds: [caller],
    });
    expect(await resolved(built.httpTriggerUrl ?? pulumi.output(''))).toMatch(/^https:\/\/.*\/api\/scored$/);
  });

  it('the key, private endpoints, auditing and locks of the repository, and no secret, with everything on', async () => {
    const resources = await hotPath(everything());
    for (const { name } of resources.filter(({ custom }) => custom)) expect(name).toMatch(/^hot-/);
    const text = JSON.stringify(resources);
    const secrets = [/AccountKey/, /SharedAccessKey/i, /[?&]sig=/, /primaryKey/i, /PRIVATE KEY/, /LoginPassword/i];
    for (const secret of secrets) expect(text).not.toMatch(secret);
    expect(names(resources, 'network:PrivateEndpoint')).toEqual(
      ['dead-letters', 'sql-server', ...apps.flatMap((app) => [`${app}-app`, `${app}-storage`])]
        .map((child) => `${child}-private-endpoint`)
        .sort(),
    );
    expect(one(resources, 'sql-server-private-endpoint').privateLinkServiceConnections).toMatchObject([
      { groupIds: ['sqlServer'] },
    ]);
    expect(names(resources, 'sql:FirewallRule')).toEqual([]);
    const server = one(resources, 'sql-server');
    expect(server).toMatchObject({
      publicNetworkAccess: 'Disabled',
      administrators: { login: 'sql-administrators', sid: group, principalType: 'Group' },
      identity: { type: 'UserAssigned' },
    });
    expect(server.primaryUserAssignedIdentityId).toMatch(/hot-encryption/);
    expect(one(resources, 'sql-key')).toMatchObject({ keyName: `kv_data_${key.split('/').at(-1)}`, uri: key });
    expect(one(resources, 'sql-encryption')).toMatchObject({
      serverKeyType: 'AzureKeyVault',
      autoRotationEnabled: true,
    });
    const order = resources.map(({ name }) => name);
    expect(order.indexOf('hot-key-role-propagation')).toBeLessThan(order.indexOf('hot-sql-server'));
    expect(order.indexOf('hot-sql-encryption')).toBeLessThan(order.indexOf('hot-sql-database'));
    expect(one(resources, 'sql-auditing')).toMatchObject({
      state: 'Enabled',
      isAzureMonitorTargetEnabled: true,
      isDevopsAuditEnabled: true,
    });
    expect(one(resources, 'sql-audit-diagnostics').resourceUri).toMatch(/\/databases\/master$/);
    expect(one(resources, 'sql-threat-protection')).toMatchObject({ state: 'Enabled' });
    expect(names(resources, 'authorization:ManagementLockByScope')).toEqual(['dead-letters-lock', 'sql-server-lock']);
    expect(one(resources, 'fabric-capacity')).toMatchObject({
      sku: { name: 'F2', tier: 'Fabric' },
      administration: { members: ['fabric@stmary.example'] },
      capacityName: expect.stringMatching(/^fcstmaryprod[a-z0-9]{8}$/),
    });
  });

  it('a dashboard whose workspace reads the repository as a user of its own', async () => {
    const viewers = [{ name: 'icu-team', objectId: group }];
    const resources = await hotPath({
      ...told(),
      dashboard: { capacityAdministrators: ['fabric@stmary.example'], viewers, pageRefreshSeconds: 30 },
    });
    const workspaceName = 'Patients at risk - stmary (prod)';
    expect(one(resources, 'dashboard-workspace')).toMatchObject({
      displayName: workspaceName,
      fabricApiUrl: 'https://api.fabric.microsoft.com/v1',
      hasIdentity: true,
    });
    expect(one(resources, 'dashboard-connection')).toMatchObject({
      server: expect.stringMatching(/^sql-stmary-prod-.*\.database\.windows\.net$/),
      database: expect.stringMatching(/^sqldb-stmary-prod-/),
    });
    expect(one(resources, 'dashboard-viewer-icu-team')).toMatchObject({ principalId: group, role: 'Viewer' });
    const { REPOSITORY_USERS = '' } = settingsOf(one(resources, 'repository-migrations-app'));
    const user = { name: 'dashboard-stmary', clientId: 'client-of-workspace', role: 'dashboardReader' };
    expect(JSON.parse(REPOSITORY_USERS)).toContainEqual(user);
    expect(await resolved(built.dashboardUrl ?? pulumi.output(''))).toMatch(/^https:\/\/app\.powerbi\.com\/groups\//);
    expect((await resolved(built.manualSteps)).join('\n')).toMatch(/add icu-team .* to the role "Care team"/);
  });

  it('a dashboard as files, where nobody calls Fabric, whose user comes once its identity is told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'artefacts-'));
    try {
      const dashboard = { capacityAdministrators: ['fabric@stmary.example'], deployment: 'files' as const };
      const made = async (more: object = {}) => {
        const resources = await hotPath({ ...told(), artefactsFolder: folder, dashboard: { ...dashboard, ...more } });
        expect(resources.filter(({ type }) => type.includes('azure-iomt:Fabric'))).toEqual([]);
        return JSON.parse(settingsOf(one(resources, 'repository-migrations-app')).REPOSITORY_USERS ?? '');
      };
      expect(await made()).toHaveLength(2);
      expect(await made({ workspaceIdentityClientId: caller })).toContainEqual(
        expect.objectContaining({ clientId: caller, role: 'dashboardReader' }),
      );
      expect((await resolved(built.manualSteps)).join('\n')).toMatch(/Make the workspace Patients at risk/);
      expect(readdirSync(join(folder, 'powerbi')).length).toBeGreaterThan(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('nothing of a server that exists but its database, and says how the migrator gets in', async () => {
    const existingSqlServerId = `${arm}/Microsoft.Sql/servers/sql-clinical`;
    const resources = await hotPath({ ...told(), repository: { existingSqlServerId } });
    const ofServer = ['Server', 'ServerSecurityAlertPolicy', 'FirewallRule'];
    expect(ofServer.flatMap((kind) => names(resources, `sql:${kind}`))).toEqual([]);
    expect(one(resources, 'sql-database')).toMatchObject({
      serverName: 'sql-clinical',
      resourceGroupName: 'rg-platform',
    });
    const [step, ...others] = await resolved(built.manualSteps);
    expect(step).toMatch(/CREATE USER \[id-stmary-.*\] WITH SID = 0x[0-9A-F-]*.*, TYPE = E; ALTER ROLE db_owner/);
    expect(others).toEqual([]);
  });

  it('the steps for a group of administrators, until the migrator is in it', async () => {
    const administrator = { login: 'sql-administrators', objectId: group };
    await hotPath({ ...told(), repository: { administrator } });
    const [step] = await resolved(built.manualSteps);
    expect(step).toMatch(
      new RegExp(`az ad group member add --group ${group} --member-id principal-of-.*repository-mig`),
    );
    await hotPath({ ...told(), repository: { administrator: { ...administrator, includesMigrator: true } } });
    expect(await resolved(built.manualSteps)).toEqual([]);
  });

  it('alerts of the whole path only where the connector has none for it', async () => {
    const own = [
      'default-queue-unread',
      'latency-breach',
      'latency-warning',
      'migration-failed',
      'patients-without-team',
      'routing-stale',
    ];
    const alerts = async (args: HotPathArgs) => names(await hotPath(args), 'monitor:ScheduledQueryRule');
    expect(await alerts(told())).toEqual(own.map((name) => `${name}-alert`));
    expect(await alerts(minimal())).toEqual(
      [...own, 'hot-dead-letters', 'hot-held-partitions'].map((name) => `${name}-alert`).sort(),
    );
    expect(await alerts({ ...minimal(), alerts: false })).toEqual([]);
  });

  it('each alert is told by what the functions say, and by nothing else', async () => {
    const resources = await hotPath(told());
    const alerts = names(resources, 'monitor:ScheduledQueryRule').map((name) => {
      const { criteria } = one(resources, name) as { criteria: { allOf: { query: string }[] } };
      return { name, query: criteria.allOf[0]?.query ?? '' };
    });
    const alertsOf = (line: string) => alerts.filter(({ query }) => isTold(query, line)).map(({ name }) => name);
    const latency = (seconds: number) => `iomt.latency sampleAgeP95Seconds=${seconds} windowWaitP95Seconds=420`;
    expect(alertsOf(latency(599.9))).toEqual([]);
    expect(alertsOf(latency(601))).toEqual(['latency-warning-alert']);
    expect(alertsOf(latency(901.2))).toEqual(['latency-breach-alert', 'latency-warning-alert']);
    expect(alertsOf('iomt.routing patients=9 routed=8 ward=0 unrouted=1')).toEqual([]);
    expect(alertsOf('iomt.unrouted count=1')).toEqual(['patients-without-team-alert']);
    expect(alertsOf('iomt.routing.unread queue=default')).toEqual(['default-queue-unread-alert']);
    expect(alertsOf('iomt.routing.stale ageSeconds=901')).toEqual(['routing-stale-alert']);
    expect(alertsOf('iomt.migration migrated=2')).toEqual([]);
    expect(alertsOf('iomt.migration.refused The schema is newer')).toEqual(['migration-failed-alert']);
    expect(alertsOf('iomt.migration.failed cause=EREQUEST')).toEqual(['migration-failed-alert']);
  });

  it('roles of people only where they are asked for', async () => {
    const operators = rolesOf(await hotPath(everything())).filter((role) => role.startsWith('operator-'));
    expect(operators).toEqual([
      expect.stringMatching(/^operator-dba-sql-server: sqlDbContributor on sql-stmary-prod-/),
      'operator-platform-dead-letters: storageBlobDataContributor on dead-letters',
      'operator-platform-scored: eventHubsDataSender on scored',
    ]);
  });

  it('protection of data until both keys are turned', async () => {
    const isProtected = async (args: HotPathArgs, config?: Record<string, string>) => {
      await hotPath(args, config);
      const { own, database } = built.nodes.repository;
      return [own?.server, database].map(protectionOf);
    };
    const twoKeys = { 'azure-iomt:allowDataDeletion': 'true' };
    expect(await isProtected(told(), twoKeys)).toEqual([true, true]);
    expect(await isProtected({ ...told(), allowDataDeletion: true }, twoKeys)).toEqual([false, false]);
  });
});

/** The SDK keeps it for children to inherit. */
const protectionOf = (resource?: pulumi.Resource) =>
  (resource as unknown as { __protect?: boolean } | undefined)?.__protect ?? false;

describe('what the deployment of the hot path cannot do itself', () => {
  it('is a list of roles when another team assigns them', async () => {
    jest.spyOn(console, 'log').mockImplementation();
    const resources = await hotPath({ ...told(), roleAssignmentMode: 'external' });
    jest.restoreAllMocks();
    expect(names(resources, 'authorization:RoleAssignment')).toEqual([]);
    const steps = await resolved(built.manualSteps);
    expect(steps).toHaveLength(pathRoles.length + 3 + 1);
    expect(steps.join('\n')).toContain(`${roles.fhirDataWriter} (fhirDataWriter)`);
  });

  it('is packages and ordered steps when the data planes are out of reach', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'artefacts-'));
    try {
      const resources = await hotPath({ ...told(), deployerReach: 'none', artefactsFolder: folder });
      expect(resources.filter(({ name }) => name.endsWith('-package'))).toEqual([]);
      expect(await resolved(built.manualSteps)).toHaveLength(4);
      expect(readdirSync(folder).sort()).toEqual(apps.map((app) => `${app}.zip`));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('arguments of the hot path', () => {
  it('are refused with everything that is wrong, at once', () => {
    const message = refusal({
      ...minimal(),
      existingScoredHubId: 'scored',
      existingFhirServiceId: 'records',
      scoredPartitions: 0,
      deadLetterContainerUrl: 'https://stdead.blob.core.windows.net/dead-letters',
      windowMinutes: 7,
      latenessMinutes: 61,
      contextCodes: { pregnant: [{ resource: 'Patient', codes: ['x'], says: true }] },
      customerManagedKey: { keyUri: 'https://kv.vault.azure.net/keys/data', keyId: '/vaults/kv/keys/data' },
      repository: {
        administrator: { login: '', objectId: 'dba', principalType: 'Team' as 'Group' },
        capacity: 3,
        maxSizeGigabytes: 0,
        backupStorageRedundancy: 'Moon' as 'Zone',
        shortTermRetentionDays: 36,
        weeklyRetention: '12 weeks',
        weekOfYear: 53,
        auditing: true,
        allowAzureServices: true,
        users: [{ name: 'a b', clientId: 'x', role: 'owner' as 'dashboardReader' }],
      },
      routing: { entraObjectIdSystem: '', defaultQueue: '', intervalMinutes: 7, staleMinutes: 1 },
      httpTrigger: { audience: '', allowedClientIds: [] },
      dashboard: {
        capacitySku: 'F3',
        viewers: [{ name: 'a b', objectId: 'x' }],
        pageRefreshSeconds: 0,
        deployment: 'git' as 'files',
        fabricApiUrl: 'http://fabric',
      },
      latencyWarningMinutes: 20,
      instanceMemoryMB: 1024,
      privateEndpoints: { subnetId: '/subnets/pe' },
      deployerReach: 'vnet',
      names: { sqlServer: 'SQL', mlOutputApp: '-x' },
      overrides: { 'sql-servers': {} },
    });
    const expected = [
      /existingScoredHubId: must be the ARM id of the event hub scored; given is "scored"/,
      /existingFhirServiceId: must be the ARM id of a FHIR service .*given is "records"/,
      /scoredPartitions: .*given is 0/,
      /deadLetterContainerUrl: is for what exists; give existingDeadLetterContainerId/,
      /windowMinutes: must divide an hour.*given is 7/,
      /latenessMinutes: .*0 to 60; given is 61/,
      /contextCodes: has unknown or wrong members: pregnant/,
      /customerManagedKey.keyUri: an SQL server needs the version of the key/,
      /repository.administrator.login: must be 1 to 128 characters/,
      /repository.administrator.objectId: .*GUID; given is "dba"/,
      /repository.administrator.principalType: .*Group, User, Application; given is "Team"/,
      /repository.capacity: must be one of 1, 2, 4, .*given is 3/,
      /repository.maxSizeGigabytes: .*1 to 4096; given is 0/,
      /repository.backupStorageRedundancy: .*given is "Moon"/,
      /repository.shortTermRetentionDays: .*1 to 35; given is 36/,
      /repository.weeklyRetention: .*given is "12 weeks"/,
      /repository.weekOfYear: .*1 to 52; given is 53/,
      /repository.auditing: needs a workspace/,
      /repository.allowAzureServices: needs a public endpoint/,
      /repository.users\[0\].name: /,
      /repository.users\[0\].clientId: .*GUID; given is "x"/,
      /repository.users\[0\].role: .*dashboardReader, .*given is "owner"/,
      /routing.entraObjectIdSystem: must be a URI/,
      /routing.defaultQueue: /,
      /routing.intervalMinutes: must divide an hour.*given is 7/,
      /routing.staleMinutes: .*2 to 1440; given is 1/,
      /httpTrigger.audience: /,
      /httpTrigger.allowedClientIds: must name who may post/,
      /dashboard.capacitySku: .*F2, F4, .*given is "F3"/,
      /dashboard.capacityAdministrators: a new Fabric capacity needs somebody/,
      /dashboard.viewers\[0\].name: .*given is "a b"/,
      /dashboard.viewers\[0\].objectId: .*GUID; given is "x"/,
      /dashboard.pageRefreshSeconds: .*1 to 1800; given is 0/,
      /dashboard.deployment: .*resources, files; given is "git"/,
      /dashboard.fabricApiUrl: must be an HTTPS address/,
      /latencyWarningMinutes: must be at most latencyBreachMinutes, 15; given is 20/,
      /instanceMemoryMB: must be 512, 2048 or 4096; given is 1024/,
      /functionSubnetId: with private endpoints the function apps need a subnet/,
      /names.sqlServer: .*lower-case letters, digits and hyphens/,
      /names.mlOutputApp: the name of a function app/,
      /overrides.sql-servers: there is no such child/,
    ];
    for (const sentence of expected) expect(message).toMatch(sentence);
    expect(message.split('\n')).toHaveLength(expected.length + 1);
  });

  it('keep the least vCores within what the most allow, and the administrator of a server that exists', () => {
    const sized = (capacity: number, minCapacity: number) =>
      refusal({ ...told(), repository: { capacity, minCapacity } });
    expect(sized(16, 1)).toMatch(/minCapacity: must be a multiple of 0.25 from 2 to 16 vCores/);
    expect(sized(2, 4)).toMatch(/minCapacity: .*from 0.5 to 2 vCores.*given is 4/);
    expect(sized(4, 0.6)).toMatch(/minCapacity: must be a multiple of 0.25/);
    const existingSqlServerId = `${arm}/Microsoft.Sql/servers/sql-clinical`;
    const administrator = { login: 'dba', objectId: group };
    expect(refusal({ ...told(), repository: { existingSqlServerId, administrator } })).toMatch(
      /repository.administrator: is for a new server/,
    );
    expect(refusal({ ...told(), cloud: 'AzureChinaCloud', dashboard: { capacityAdministrators: ['x'] } })).toMatch(
      /Microsoft Fabric is not offered in AzureChinaCloud/,
    );
  });

  it('cannot lower a security floor, unless the risk is accepted by its name', async () => {
    const lowered = {
      ...told(),
      overrides: { 'sql-server': { administrators: { azureADOnlyAuthentication: false }, minimalTlsVersion: '1.1' } },
    };
    const message = refusal(lowered);
    expect(message).toMatch(/sql-server.administrators.azureADOnlyAuthentication: must stay true.*localAuthentication/);
    expect(message).toMatch(/sql-server.minimalTlsVersion: must stay "1.2" or "1.3".*outdatedTls/);
    const resources = await hotPath({ ...lowered, acceptRisks: { localAuthentication: true, outdatedTls: true } });
    expect(one(resources, 'sql-server')).toMatchObject({ minimalTlsVersion: '1.1' });
    const open = { ...told(), overrides: { 'sql-azure-services': { endIpAddress: '255.255.255.255' } } };
    expect(refusal(open)).toMatch(/must stay "0.0.0.0".*openRepository/);
  });

  it('can be overridden', async () => {
    const overrides = hotPathOverrides({
      'sql-database': { readScale: 'Disabled' },
      'ml-output-app': { tags: { a: 'b' } },
    });
    const resources = await hotPath({ ...told(), overrides });
    expect(one(resources, 'sql-database')).toMatchObject({ readScale: 'Disabled', autoPauseDelay: -1 });
    expect(one(resources, 'ml-output-app')).toMatchObject({ tags: { a: 'b' }, httpsOnly: true });
  });

  it('name children that are there', async () => {
    const [bare, full] = [await hotPath(minimal()), await hotPath(everything())];
    const made = new Set([...bare, ...full].map(({ name }) => name.replace(/^hot-/, '')));
    expect(overridable.filter((child) => !made.has(child))).toEqual([]);
  });
});

describe('a hospital', () => {
  const hospital = async (args: Partial<HospitalEnvironmentArgs> = {}) => {
    const authority = await certificate();
    return registered(
      () =>
        new HospitalEnvironment('hospital', {
          hospitalId: 'stmary',
          location: 'westeurope',
          ingest: { deviceCertificateAuthorities: [{ name: 'ward', certificate: authority }] },
          ...args,
        }),
    );
  };
  const hot = (resources: Registered[]) => resources.filter(({ name }) => name.startsWith('hospital-hot'));

  it('has a hot path behind its scoring, with what scoring was told, unless one of both is switched off', async () => {
    const resources = await hospital({ scoring: { windowMinutes: 10 }, connector: { functionSubnetId: subnet } });
    const app = resources.find(({ name }) => name === 'hospital-hot-ml-output-app')?.inputs ?? {};
    expect(app).toMatchObject({ virtualNetworkSubnetId: subnet });
    expect(settingsOf(app)).toMatchObject({ WINDOW_SECONDS: '600', SCORED_HUB: 'scored' });
    expect(hot(resources).filter(({ name }) => /application-insights|dead-letters-container/.test(name))).toEqual([]);
    expect(hot(await hospital({ hotPathEnabled: false }))).toEqual([]);
    expect(hot(await hospital({ scoringEnabled: false }))).toEqual([]);
  });

  it('is told by its configuration what is wrong with the hot path, together with all else', () => {
    const given = { 'hospital:hospitalId': '007', 'hospital:location': 'westeurope' };
    const problemsOf = (settings: object) =>
      checkedConfig('hospital', { ...given, ...settings }, projectFolder).problems.map(({ path }) => path);
    const hotPathSettings = { repository: { capacity: 3, vcores: 4 }, routing: { staleMinutes: 0 }, latency: 1 };
    const key = { keyUri: 'https://kv.vault.azure.net/keys/data', keyId: '/vaults/kv/keys/data' };
    expect(
      problemsOf({
        'hospital:hotPath': JSON.stringify(hotPathSettings),
        'hospital:customerManagedKey': JSON.stringify(key),
        'hospital:ingest': JSON.stringify({ eventHubs: { sku: 'Premium' } }),
        'hospital:overrides': JSON.stringify({ 'hot-sql-server': { minimalTlsVersion: '1.0' } }),
      }).sort(),
    ).toEqual([
      'customerManagedKey.keyUri',
      'customerManagedKey.keyUri',
      'hotPath.latency',
      'hotPath.repository.capacity',
      'hotPath.repository.vcores',
      'hotPath.routing.staleMinutes',
      'overrides.hot-sql-server.minimalTlsVersion',
    ]);
    const off = { 'hospital:scoringEnabled': 'false' };
    expect(problemsOf({ ...off, 'hospital:hotPathEnabled': 'true' })).toEqual(['hotPathEnabled']);
    expect(problemsOf({ ...off, 'hospital:hotPath': '{}' })).toEqual(['hotPath']);
    expect(problemsOf(off)).toEqual([]);
  });
});

armcheckTest("everything on is what Azure's published types allow", async () => {
  const resources = await hotPath(everything());
  const judged = resources
    .filter(({ type }) => type.startsWith('azure-native:'))
    .map(({ type, name, inputs }) => ({
      type,
      urn: `urn:pulumi:test::hospital::${type}::${name}`,
      inputs,
      outputs: {},
    }));
  expect(judgeArm(judged).unlisted).toEqual([]);
});

test('names of servers, databases and capacities follow the rules of each', () => {
  const seed = {
    hospitalId: 'St. Mary’s Hospital',
    environment: 'prod',
    subscriptionId: mockSubscription,
    nameGeneration: 1,
  };
  expect(physicalName('sqlServer', seed)).toMatch(/^sql-st-mary-s-hospital-prod-[a-z0-9]{8}$/);
  expect(physicalName('sqlDatabase', seed)).toMatch(/^sqldb-st-mary-s-hospital-prod-[a-z0-9]{8}$/);
  expect(physicalName('fabricCapacity', seed)).toMatch(/^fcstmaryshospitalprod[a-z0-9]{8}$/);
});

test('a client id is written as SQL Server keeps GUIDs', () => {
  expect(sidOf('af355f87-3f9a-4bb3-b8f9-ea1dc1f2f687')).toBe('0x875F35AF9A3FB34BB8F9EA1DC1F2F687');
});
