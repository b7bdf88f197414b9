import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import {
  HospitalEnvironment,
  MLScoringPath,
  type MLScoringPathArgs,
  type PartnerEndpointSettings,
  scoringOverrides,
} from '../components';
import { roles } from '../components/azure/roles';
import { overridable } from '../components/scoring/children';
import { longViewSettings, mlInputSettings, scoreSettings } from '../runtime/contracts/appSettings';
import { readModelSettings } from '../runtime/model/modelSettings';
import { readKernelSettings } from '../runtime/scoring/kernelSettings';
import { checkedConfig } from '../stacks/config';
import { certificate } from './support/certificates';
import {
  mockSubscription,
  type Registered,
  RegisteredNames,
  registered,
  resolved,
  settingsOf,
} from './support/registered';

const projectFolder = resolve(__dirname, '..');
const arm = `/subscriptions/${mockSubscription}/resourceGroups/rg-platform/providers`;
const network = `/subscriptions/${mockSubscription}/resourceGroups/net/providers/Microsoft.Network`;
const hubs = `${arm}/Microsoft.EventHub/namespaces/evhns-x/eventhubs`;
const capture = `${arm}/Microsoft.ManagedIdentity/userAssignedIdentities/id-stmary-prod-capture-x`;
const deadLetters = `${arm}/Microsoft.Storage/storageAccounts/stdead/blobServices/default/containers/dead-letters`;
const insights = `${arm}/Microsoft.Insights/components/appi-x`;

const minimal = (): MLScoringPathArgs => ({
  hospitalId: 'stmary',
  resourceGroupName: 'rg-stmary',
  existingNormalizedDataHubId: `${hubs}/normalizeddata`,
  existingFhirEventsHubId: `${hubs}/fhirevents`,
  existingFhirServiceId: `${arm}/Microsoft.HealthcareApis/workspaces/hdws/fhirservices/records`,
});

/** With all that comes before told, as a hospital does. */
const told = (): MLScoringPathArgs => ({
  ...minimal(),
  eventHubsNamespaceHost: 'evhns-x.servicebus.windows.net',
  normalizedDataPartitions: 8,
  fhirUrl: 'https://records.fhir.test',
  fhirAudience: 'https://records.fhir.test',
  existingDeadLetterContainerId: deadLetters,
  deadLetterContainerUrl: 'https://stdead.blob.core.windows.net/dead-letters',
  existingApplicationInsightsId: insights,
  applicationInsightsConnectionString: 'InstrumentationKey=0',
  managedIdentities: { capture: { id: capture, principalId: 'principal-of-capture' } },
});

const everything = (): MLScoringPathArgs => ({
  ...minimal(),
  lock: 'CanNotDelete',
  tags: { costCentre: 'icu' },
  deployerPrincipalId: '3b1f6471-1bf0-4dda-aec3-cb9272f09590',
  deployerIpAddresses: ['10.1.0.0/24'],
  diagnosticSettings: { workspaceId: '/subscriptions/x/workspaces/log' },
  customerManagedKey: { keyUri: 'https://kv.vault.azure.net/keys/data', keyId: '/subscriptions/x/vaults/kv/keys/data' },
  privateEndpoints: { subnetId: `${network}/virtualNetworks/v/subnets/pe` },
  functionSubnetId: `${network}/virtualNetworks/v/subnets/functions`,
  alwaysReadyInstances: 1,
  alertActionGroupIds: ['/subscriptions/x/actionGroups/on-call'],
  enrichedConsumerGroups: ['research'],
  scoredConsumerGroups: ['audit'],
  roleAssignments: [
    { name: 'data', principalId: '4b1f0d5c-0000-4000-8000-000000000001', role: 'readLake' },
    { name: 'ward', principalId: '4b1f0d5c-0000-4000-8000-000000000002', role: 'readScored' },
    { name: 'platform', principalId: '4b1f0d5c-0000-4000-8000-000000000003', role: 'replayDeadLetters' },
  ],
});

let built: MLScoringPath;
const scoring = (args: MLScoringPathArgs, config?: Record<string, string>) =>
  registered(() => {
    built = new MLScoringPath('scoring', args);
  }, config);

const of = new RegisteredNames('scoring');
const one = of.one.bind(of);
const rolesOf = of.rolesOf.bind(of);
const names = (resources: Registered[], kind: string) =>
  resources
    .filter(({ type }) => type.split(':').slice(1).join(':') === kind)
    .map(({ name }) => name.replace(/^scoring-/, ''))
    .sort();

function refusal(args: MLScoringPathArgs): string {
  try {
    new MLScoringPath('scoring', args);
  } catch (error) {
    if (pulumi.InputPropertiesError.isInstance(error)) return error.message;
    throw error;
  }
  throw new Error('The arguments were expected to be refused.');
}

const pathRoles = [
  'capture-bronze: storageBlobDataContributor on bronze',
  'capture-scored: storageBlobDataContributor on scored',
  'long-view-baselines: storageBlobDataContributor on baselines',
  'long-view-bronze: storageBlobDataReader on bronze',
  'long-view-host-storage: storageBlobDataOwner on long-view-storage',
  'long-view-scored-files: storageBlobDataReader on scored',
  'long-view-scored: eventHubsDataSender on scored',
  'ml-input-dead-letters: storageBlobDataContributor on dead-letters',
  'ml-input-enriched: eventHubsDataSender on enriched',
  'ml-input-fhir: fhirDataReader on records',
  'ml-input-fhirevents-marks: eventHubsDataSender on fhirevents',
  'ml-input-fhirevents: eventHubsDataReceiver on fhirevents',
  'ml-input-host-storage: storageBlobDataOwner on ml-input-storage',
  'ml-input-normalizeddata: eventHubsDataReceiver on normalizeddata',
];
const scoreRoles = [
  'score-baselines: storageBlobDataReader on baselines',
  'score-bronze: storageBlobDataReader on bronze',
  'score-enriched: eventHubsDataReceiver on enriched',
  'score-host-storage: storageBlobDataOwner on score-storage',
  'score-scored: eventHubsDataSender on scored',
  'score-state: storageBlobDataContributor on state',
];
const isTelemetry = (role: string) => role.includes(': monitoringMetricsPublisher on appi-');

describe('MLScoringPath registers', () => {
  it('the whole path with five arguments, each hop with the narrowest role and no more', async () => {
    const resources = await scoring(minimal());
    expect(names(resources, 'web:WebApp')).toEqual(['long-view-app', 'ml-input-app', 'score-app']);
    expect(names(resources, 'storage:BlobContainer').filter((name) => name.endsWith('-container'))).toEqual(
      ['baselines', 'bronze', 'dead-letters', 'scored', 'state'].map((name) => `${name}-container`),
    );
    const given = rolesOf(resources);
    expect(given.filter((role) => !isTelemetry(role))).toEqual([...pathRoles, ...scoreRoles].sort());
    expect(given.filter(isTelemetry)).toHaveLength(3);
    expect(names(resources, 'managedidentity:UserAssignedIdentity')).toEqual(
      ['long-view', 'ml-input', 'score'].map((hop) => `${hop}-identity`),
    );
  });

  it('hubs that are captured by identity into the lake, once its roles have reached Event Hubs', async () => {
    const resources = await scoring(told());
    const order = resources.map(({ name }) => name);
    for (const [hub, container] of [
      ['enriched', 'bronze'],
      ['scored', 'scored'],
    ] as const) {
      expect(one(resources, hub)).toMatchObject({
        namespaceName: 'evhns-x',
        partitionCount: 8,
        captureDescription: {
          enabled: true,
          encoding: 'Avro',
          intervalInSeconds: 300,
          sizeLimitInBytes: 104_857_600,
          skipEmptyArchives: true,
          destination: {
            blobContainer: container,
            archiveNameFormat: '{EventHub}/{PartitionId}/{Year}/{Month}/{Day}/{Hour}/{Minute}/{Second}-{Namespace}',
            identity: { type: 'UserAssigned', userAssignedIdentity: capture },
          },
        },
      });
      expect(order.indexOf('scoring-capture-role-propagation')).toBeLessThan(order.indexOf(`scoring-${hub}`));
    }
    expect(rolesOf(resources)).toContain('capture-bronze: storageBlobDataContributor on bronze');
    const role = one(resources, 'capture-bronze-role');
    expect(role.principalId).toBe('principal-of-capture');
  });

  it('a lake without keys, whose files go from tier to tier and then', async () => {
    const resources = await scoring({ ...told(), lake: { bronzeRetentionDays: 60, replication: 'Standard_GZRS' } });
    expect(one(resources, 'lake')).toMatchObject({
      isHnsEnabled: true,
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      sku: { name: 'Standard_GZRS' },
      encryption: { requireInfrastructureEncryption: true },
    });
    const { rules } = one(resources, 'lake-lifecycle').policy as { rules: { name: string; definition: object }[] };
    expect(rules.map(({ name }) => name)).toEqual(['bronze', 'scored', 'baselines']);
    expect(rules[0]?.definition).toEqual({
      filters: { blobTypes: ['blockBlob'], prefixMatch: ['bronze/'] },
      actions: {
        baseBlob: {
          tierToCool: { daysAfterModificationGreaterThan: 30 },
          tierToCold: { daysAfterModificationGreaterThan: 90 },
          delete: { daysAfterModificationGreaterThan: 60 },
        },
      },
    });
  });

  it('nothing of a lake that exists but its containers', async () => {
    const existingLakeAccountId = `${arm}/Microsoft.Storage/storageAccounts/stlake`;
    const resources = await scoring({ ...told(), existingLakeAccountId });
    expect(resources.filter(({ name }) => /^scoring-lake/.test(name))).toEqual([]);
    expect(one(resources, 'bronze-container')).toMatchObject({
      accountName: 'stlake',
      resourceGroupName: 'rg-platform',
    });
  });

  it('each reader with a consumer group of its own', async () => {
    const resources = await scoring({ ...told(), scoredConsumerGroups: ['audit'] });
    const readers = resources
      .filter(({ type }) => type === 'azure-native:eventhub:ConsumerGroup')
      .map(({ inputs }) => `${inputs.eventHubName}/${inputs.consumerGroupName}`);
    expect(readers.sort()).toEqual(['enriched/score', 'enriched/score-rebuild', 'fhirevents/ml-input', 'scored/audit']);
  });

  it('all settings that the functions read, and the rules as every compute reads them', async () => {
    const resources = await scoring({
      ...told(),
      windowMinutes: 10,
      sampleSeconds: 5,
      carryForwardMinutes: 120,
      spinalCordInjury: 'optOut',
      flagRules: { lowerMinutes: 60 },
      plausibilityLimits: { heartRate: { least: 25, most: 250 } },
      longWindows: ['PT12H', 'P1D'],
    });
    const [mlInput, score, longView] = ['ml-input-app', 'score-app', 'long-view-app'].map((app) =>
      settingsOf(one(resources, app)),
    );
    expect(Object.keys(mlInput ?? {})).toEqual(expect.arrayContaining([...mlInputSettings]));
    expect(Object.keys(score ?? {})).toEqual(expect.arrayContaining([...scoreSettings]));
    expect(Object.keys(longView ?? {})).toEqual(expect.arrayContaining([...longViewSettings]));
    expect(mlInput).toMatchObject({
      FHIR_URL: 'https://records.fhir.test',
      FHIR_EVENTS_HUB: 'fhirevents',
      WINDOW_SECONDS: '600',
      LATENESS_SECONDS: '120',
      PLAUSIBILITY_LIMITS: '{"heartRate":{"least":25,"most":250}}',
      CLOCK_MARK_SCHEDULE: '*/10 * * * * *',
      DEAD_LETTER_CONTAINER_URL: 'https://stdead.blob.core.windows.net/dead-letters',
      STATE_CONTAINER_URL: expect.stringMatching(/^https:\/\/st.*lake.*\.blob\.core\.windows\.net\/state$/),
    });
    expect(readKernelSettings(score?.KERNEL_SETTINGS ?? '')).toEqual({
      ...{ windowSeconds: 600, latenessSeconds: 120, sampleSeconds: 5, carrySeconds: 7200, carrySecondsAtRisk: 3600 },
      ...{ spinalCordInjury: 'optOut', baselines: true },
      flagRules: { mediumTimes: 2, mediumWindows: 3, lowerWindows: 3, lowerSeconds: 3600 },
    });
    expect(longView?.KERNEL_SETTINGS).toBe(score?.KERNEL_SETTINGS);
    expect(longView).toMatchObject({
      SCORED_PARTITIONS: '8',
      ENRICHED_PARTITIONS: '8',
      LONG_WINDOWS: '["PT12H","P1D"]',
    });
  });

  it('a search for charted values where there are no events', async () => {
    const { existingFhirEventsHubId: _, ...without } = told();
    const resources = await scoring({ ...without, chartedSeconds: 20 });
    expect(settingsOf(one(resources, 'ml-input-app'))).toMatchObject({
      FHIR_EVENTS_HUB: '',
      CHARTED_SCHEDULE: '*/20 * * * * *',
    });
    const given = rolesOf(resources);
    expect(given).toContain('ml-input-state: storageBlobDataContributor on state');
    expect(given.filter((role) => role.includes('fhirevents'))).toEqual([]);
  });

  it('names of children that start with the component, and no secret, with everything on', async () => {
    const resources = await scoring(everything());
    for (const { name } of resources.filter(({ custom }) => custom)) expect(name).toMatch(/^scoring-/);
    const text = JSON.stringify(resources);
    const secrets = [/AccountKey/, /SharedAccessKey/i, /[?&]sig=/, /primaryKey/i, /PRIVATE KEY/];
    for (const secret of secrets) expect(text).not.toMatch(secret);
    expect(names(resources, 'network:PrivateEndpoint')).toEqual(
      ['lake-files', 'lake', ...['long-view', 'ml-input', 'score'].flatMap((app) => [`${app}-app`, `${app}-storage`])]
        .map((child) => `${child}-private-endpoint`)
        .sort(),
    );
    const groups = ['lake', 'lake-files'].map(
      (child) => one(resources, `${child}-private-endpoint`).privateLinkServiceConnections,
    );
    expect(groups).toMatchObject([[{ groupIds: ['blob'] }], [{ groupIds: ['dfs'] }]]);
    expect(names(resources, 'authorization:ManagementLockByScope')).toEqual(['lake-lock']);
    expect(one(resources, 'lake')).toMatchObject({
      publicNetworkAccess: 'Disabled',
      encryption: { keySource: 'Microsoft.Keyvault' },
    });
    expect(one(resources, 'repairs-waiting-alert').actions).toEqual({
      actionGroups: ['/subscriptions/x/actionGroups/on-call'],
    });
  });

  it('alerts of the whole path only where the connector has none for it', async () => {
    const own = ['baselines-failing', 'repairs-missing-rows', 'repairs-waiting'];
    const alerts = async (args: MLScoringPathArgs) => names(await scoring(args), 'monitor:ScheduledQueryRule');
    expect(await alerts(told())).toEqual(own.map((name) => `${name}-alert`));
    expect(await alerts(minimal())).toEqual(
      [...own, 'scoring-dead-letters', 'scoring-held-partitions'].map((name) => `${name}-alert`).sort(),
    );
    expect(await alerts({ ...minimal(), alerts: false })).toEqual([]);
  });

  it('alerts that find what its functions log', async () => {
    const resources = await scoring({ ...told(), existingFhirEventsHubId: undefined });
    const prefixes = (line: string) =>
      names(resources, 'monitor:ScheduledQueryRule').filter((name) => {
        const { criteria } = one(resources, name) as { criteria: { allOf: { query: string }[] } };
        return line.startsWith(/startswith "([^"]+)"/.exec(criteria.allOf[0]?.query ?? '')?.[1] ?? 'nothing');
      });
    expect(prefixes('iomt.unusable step=charted-values reason=NoUnit count=1')).toEqual(['charted-unusable-alert']);
    expect(prefixes('iomt.repairs.missing partition=3 rows=1')).toEqual(['repairs-missing-rows-alert']);
    expect(prefixes('iomt.repairs waiting=1 oldestSeconds=9 done=0 revised=0')).toEqual(['repairs-waiting-alert']);
  });

  it('roles of people only where they are asked for', async () => {
    const operators = rolesOf(await scoring(everything())).filter((role) => role.startsWith('operator-'));
    expect(operators).toEqual([
      'operator-data-baselines: storageBlobDataReader on baselines',
      'operator-data-bronze: storageBlobDataReader on bronze',
      'operator-data-scored-files: storageBlobDataReader on scored',
      'operator-platform-dead-letters: storageBlobDataContributor on dead-letters',
      'operator-platform-fhirevents: eventHubsDataSender on fhirevents',
      'operator-ward-scored: eventHubsDataReceiver on scored',
    ]);
  });

  it('protection of data until both keys are turned', async () => {
    const isProtected = async (args: MLScoringPathArgs, config?: Record<string, string>) => {
      await scoring(args, config);
      const { enrichedHub, scoredHub, lake } = built.nodes;
      return [enrichedHub, scoredHub, lake.own, lake.bronze, lake.state].map(protectionOf);
    };
    const twoKeys = { 'azure-iomt:allowDataDeletion': 'true' };
    const all = (kept: boolean) => Array.from({ length: 5 }, () => kept);
    expect(await isProtected(told(), twoKeys)).toEqual(all(true));
    expect(await isProtected({ ...told(), allowDataDeletion: true }, twoKeys)).toEqual(all(false));
  });
});

/** The SDK keeps it for children to inherit. */
const protectionOf = (resource?: pulumi.Resource) =>
  (resource as unknown as { __protect?: boolean } | undefined)?.__protect ?? false;

const vnet = `${network}/virtualNetworks/hospital`;
const databricks = (): MLScoringPathArgs => ({
  ...told(),
  compute: 'databricks',
  databricks: {
    virtualNetworkId: vnet,
    publicSubnetName: 'public',
    privateSubnetName: 'private',
    miniRacerWheel: 'wheels/mini_racer-0.14.1-py3-none-manylinux_2_27_x86_64.whl',
  },
});

const wheelFolder = join(projectFolder, 'dist', 'databricks');
const hasWheel = existsSync(wheelFolder) && readdirSync(wheelFolder).some((name) => name.endsWith('.whl'));
const withWheel = hasWheel ? it : it.skip;

describe('MLScoringPath with Databricks (needs the wheel of npm run build)', () => {
  withWheel('has a workspace in the network, without public addresses, and the roles of the job', async () => {
    const resources = await scoring(databricks());
    expect(names(resources, 'web:WebApp')).toEqual(['long-view-app', 'ml-input-app']);
    expect(one(resources, 'databricks')).toMatchObject({
      computeMode: 'Hybrid',
      sku: { name: 'premium' },
      requiredNsgRules: 'AllRules',
      defaultStorageFirewall: 'Enabled',
      parameters: { customVirtualNetworkId: { value: vnet }, enableNoPublicIp: { value: true } },
      enhancedSecurityCompliance: {
        complianceSecurityProfile: { value: 'Enabled', complianceStandards: ['HIPAA'] },
        automaticClusterUpdate: { value: 'Enabled' },
      },
      managedResourceGroupId: expect.stringMatching(/\/resourceGroups\/rg-stmary-prod-databricks-/),
    });
    expect(rolesOf(resources).filter((role) => role.startsWith('databricks-'))).toEqual([
      'databricks-baselines: storageBlobDataReader on baselines',
      'databricks-delegation: storageBlobDelegator on lake',
      'databricks-enriched: eventHubsDataReceiver on enriched',
      'databricks-scored: eventHubsDataSender on scored',
      'databricks-tables: storageBlobDataContributor on databricks',
    ]);
    expect(names(resources, 'eventhub:ConsumerGroup')).not.toContain('enriched-score-readers');
  });

  withWheel('has a continuous job on a cluster of its own, whose parameters and wheels show what it is', async () => {
    const resources = await scoring(databricks());
    const job = one(resources, 'job') as unknown as {
      jobClusters: { newCluster: object }[];
      tasks: { pythonWheelTask: { namedParameters: Record<string, string> }; libraries: { whl: string }[] }[];
    };
    expect(job).toMatchObject({ continuous: { pauseStatus: 'UNPAUSED' }, controlRunState: true, maxConcurrentRuns: 1 });
    expect(job.jobClusters[0]?.newCluster).toMatchObject({ numWorkers: 0, runtimeEngine: 'STANDARD' });
    const [task] = job.tasks;
    const parameters = task?.pythonWheelTask.namedParameters ?? {};
    expect(parameters).toMatchObject({
      'bootstrap-servers': 'evhns-x.servicebus.windows.net:9093',
      'enriched-partitions': '8',
      lake: expect.stringMatching(/^abfss:\/\/databricks@st.*\.dfs\.core\.windows\.net\/scoring$/),
      baselines: expect.stringMatching(/^abfss:\/\/baselines@st.*\.dfs\.core\.windows\.net$/),
      'trigger-seconds': '5',
      generation: '1',
      'kernel-host': 'v8',
    });
    expect(readKernelSettings(parameters['kernel-settings'] ?? '')).toMatchObject({ windowSeconds: 300 });
    const wheels = task?.libraries.map(({ whl }) => whl.split('/').at(-1));
    expect(wheels?.[0]).toMatch(/^iomt_scoring-[\d.]+-0[0-9a-f]{12}-py3-none-any\.whl$/);
    expect(wheels?.[1]).toMatch(/^mini_racer-/);
    const credential = one(resources, 'job-service-credential');
    expect(credential).toMatchObject({ purpose: 'SERVICE', name: parameters['service-credential'] });
    expect(one(resources, 'job-volume')).toMatchObject({ volumeType: 'EXTERNAL', name: 'libraries' });
  });

  withWheel('reaches the workspace by a provider of its own, and asks it nothing', async () => {
    const resources = await scoring(databricks());
    const provider = resources.find(({ type }) => type === 'pulumi:providers:databricks');
    expect(provider?.inputs).toMatchObject({
      host: expect.stringMatching(/^https:\/\/adb-/),
      azureWorkspaceResourceId: expect.stringMatching(/dbw-stmary-prod/),
    });
  });

  withWheel('gives a service principal that runs the job what it needs of the catalog that exists', async () => {
    const { databricks: given, ...others } = databricks();
    if (!given) throw new Error('There are settings.');
    const args = { ...given, unityCatalog: 'existing' as const, catalogName: 'clinical', runAsApplicationId: 'app-1' };
    const resources = await scoring({ ...others, databricks: args });
    expect(resources.filter(({ name }) => name === 'scoring-job-catalog')).toEqual([]);
    expect(one(resources, 'job-schema')).toMatchObject({ catalogName: 'clinical' });
    expect(one(resources, 'job')).toMatchObject({ runAs: { servicePrincipalName: 'app-1' } });
    const grants = resources.filter(({ type }) => type === 'databricks:index/grant:Grant');
    expect(grants.map(({ inputs }) => (inputs.privileges as string[]).join('+')).sort()).toEqual([
      'ACCESS',
      'READ_FILES',
      'READ_FILES+WRITE_FILES',
      'READ_VOLUME',
      'USE_CATALOG',
      'USE_SCHEMA',
    ]);
  });

  withWheel('emits the job and ordered steps where the deployer reaches no workspace', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'artefacts-'));
    try {
      const resources = await scoring({ ...databricks(), deployerReach: 'none', artefactsFolder: folder });
      expect(resources.filter(({ type }) => type.startsWith('databricks:'))).toEqual([]);
      const steps = await resolved(built.manualSteps);
      expect(steps.join('\n')).toMatch(/make the storage credential iomt_stmary_prod_lake_/);
      const job = JSON.parse(readFileSync(join(folder, 'databricks-job.json'), 'utf8'));
      expect(job).toMatchObject({ max_concurrent_runs: 1, tasks: [{ python_wheel_task: { entry_point: 'main' } }] });
      expect(job.tasks[0].python_wheel_task.named_parameters).toHaveProperty('bootstrap-servers');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const models = `${arm}/Microsoft.MachineLearningServices/workspaces/registry-of-models`;
const machineLearning = () => ({
  modelName: 'sepsis',
  modelVersion: '3',
  modelId: `${models}/models/sepsis/versions/3`,
  environmentId: `${models}/environments/sklearn/versions/1`,
  existingStorageAccountId: `${arm}/Microsoft.Storage/storageAccounts/stml`,
  existingKeyVaultId: `${arm}/Microsoft.KeyVault/vaults/kv`,
});
const secret = {
  secretUri: 'https://kv.vault.azure.net/secrets/model-key',
  secretId: `${arm}/Microsoft.KeyVault/vaults/kv/secrets/model-key`,
};

describe('MLScoringPath with a model elsewhere', () => {
  const modelOf = async (args: MLScoringPathArgs) => {
    const resources = await scoring(args);
    const settings = settingsOf(one(resources, 'score-app'));
    return { resources, settings, model: readModelSettings(settings.MODEL ?? '') };
  };

  it('asks a managed endpoint with a token, by a role that lets it do that alone', async () => {
    const { resources, model } = await modelOf({
      ...told(),
      compute: 'azureml-managed',
      machineLearning: machineLearning(),
    });
    expect(one(resources, 'machine-learning')).toMatchObject({
      hbiWorkspace: true,
      managedNetwork: { isolationMode: 'AllowOnlyApprovedOutbound' },
      applicationInsights: insights,
    });
    expect(one(resources, 'endpoint')).toMatchObject({ kind: 'Managed', properties: { authMode: 'AADToken' } });
    const deployment = one(resources, 'deployment');
    expect(deployment).toMatchObject({ properties: { endpointComputeType: 'Managed' }, sku: { capacity: 2 } });
    expect(model).toMatchObject({
      kind: 'endpoint',
      url: expect.stringMatching(/^https:/),
      deployment: deployment.deploymentName,
      format: 'dataframe',
      auth: { kind: 'entra', audience: 'https://ml.azure.com' },
    });
    expect(one(resources, 'endpoint-scorer').permissions).toEqual([
      {
        actions: ['Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action'],
        notActions: [],
        dataActions: [],
        notDataActions: [],
      },
    ]);
    expect(one(resources, 'score-endpoint-role').scope).toMatch(/mlep-stmary-prod/);
    expect(names(resources, 'monitor:ScheduledQueryRule')).toContain('predictions-pending-alert');
  });

  it('asks a cluster with a key that Key Vault holds, since it takes no tokens', async () => {
    const existingClusterId = `${arm}/Microsoft.ContainerService/managedClusters/aks`;
    const { resources, settings, model } = await modelOf({
      ...told(),
      compute: 'azureml-kubernetes',
      machineLearning: { ...machineLearning(), existingClusterId, endpointKey: secret },
    });
    expect(one(resources, 'cluster')).toMatchObject({
      properties: { computeType: 'Kubernetes', resourceId: existingClusterId },
    });
    expect(one(resources, 'endpoint')).toMatchObject({ kind: 'Kubernetes', properties: { authMode: 'Key' } });
    expect(model).toMatchObject({ auth: { kind: 'apiKey', setting: 'MODEL_SECRET', header: 'Authorization' } });
    expect(settings.MODEL_SECRET).toBe(`@Microsoft.KeyVault(SecretUri=${secret.secretUri})`);
    expect(rolesOf(resources)).toContain('score-model-secret: keyVaultSecretsUser on model-key');
  });

  it('asks a partner with a token, a key or a certificate', async () => {
    const partner = { url: 'https://risk.partner.example/predict', modelName: 'risk', modelVersion: '1' };
    const asked = async (args: Partial<PartnerEndpointSettings>) =>
      (await modelOf({ ...told(), compute: 'partner', partner: { ...partner, ...args } })).model;
    expect(await asked({ audience: 'api://partner' })).toMatchObject({
      url: partner.url,
      format: 'features',
      auth: { kind: 'entra', audience: 'api://partner', clientId: expect.stringMatching(/^client-of-/) },
    });
    expect(await asked({ authentication: 'apiKey', apiKey: secret, apiKeyHeader: 'X-Key' })).toMatchObject({
      auth: { kind: 'apiKey', setting: 'MODEL_SECRET', header: 'X-Key' },
    });
    expect(await asked({ authentication: 'mutualTls', certificate: secret })).toMatchObject({
      auth: { kind: 'mtls', certificateSetting: 'MODEL_SECRET' },
    });
  });

  it('takes an ONNX file into the package', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'model-'));
    try {
      const file = join(folder, 'risk.onnx');
      writeFileSync(file, 'model');
      const { resources, model } = await modelOf({ ...told(), onnxModel: { name: 'risk', version: '1', file } });
      expect(model).toEqual({ kind: 'onnx', name: 'risk', version: '1', file: 'model.onnx' });
      const { program } = one(resources, 'score-package') as { program: { assets: Promise<object> } };
      const members = Object.keys(await program.assets).sort();
      expect(members).toEqual(['main.js', 'model.onnx', 'ort-wasm-simd-threaded.wasm']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('what the deployment of scoring cannot do itself', () => {
  it('is a list of roles when another team assigns them', async () => {
    jest.spyOn(console, 'log').mockImplementation();
    const resources = await scoring({ ...told(), roleAssignmentMode: 'external' });
    jest.restoreAllMocks();
    expect(names(resources, 'authorization:RoleAssignment')).toEqual([]);
    const steps = await resolved(built.manualSteps);
    expect(steps).toHaveLength(pathRoles.length + scoreRoles.length + 3);
    expect(steps.join('\n')).toContain(`${roles.fhirDataReader} (fhirDataReader)`);
  });

  it('is packages and ordered steps when the data planes are out of reach', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'artefacts-'));
    try {
      const resources = await scoring({ ...told(), deployerReach: 'none', artefactsFolder: folder });
      expect(resources.filter(({ name }) => name.endsWith('-package'))).toEqual([]);
      expect(await resolved(built.manualSteps)).toHaveLength(3);
      expect(readdirSync(folder).sort()).toEqual(['long-view.zip', 'ml-input.zip', 'score.zip']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('arguments of scoring', () => {
  it('are refused with everything that is wrong, at once', () => {
    const message = refusal({
      ...minimal(),
      existingNormalizedDataHubId: 'normalizeddata',
      existingFhirServiceId: 'records',
      deadLetterContainerUrl: 'https://stdead.blob.core.windows.net/dead-letters',
      compute: 'spark' as 'databricks',
      windowMinutes: 7,
      latenessMinutes: 61,
      carryForwardMinutes: 30,
      carryForwardMinutesAtRisk: 60,
      longWindows: ['PT7H', 'PT24H'],
      spinalCordInjury: 'skip' as 'optOut',
      flagRules: { mediumTimes: 4, mediumWindows: 3, lowerWindows: 0 },
      plausibilityLimits: { heartRate: { least: 20, most: 900 }, pulse: { least: 0, most: 1 } },
      contextCodes: { pregnant: [{ resource: 'Patient', codes: ['x'], says: true }] },
      chartedSeconds: 7,
      eventHubs: { enrichedPartitions: 0, retentionHours: 5000 },
      scoredConsumerGroups: ['ml-output-fhir'],
      lake: { captureMinutes: 16, captureMegabytes: 5, coolAfterDays: 30, coldAfterDays: 30, bronzeRetentionDays: 1 },
      existingLakeAccountId: 'stlake',
      instanceMemoryMB: 1024,
      privateEndpoints: { subnetId: '/subnets/pe' },
      deployerReach: 'vnet',
      names: { lakeAccount: 'lake-stmary', mlInputApp: '-x' },
      overrides: { lakes: {} },
    });
    const expected = [
      /existingNormalizedDataHubId: must be the ARM id of the event hub normalizeddata; given is "normalizeddata"/,
      /existingFhirServiceId: must be the ARM id of a FHIR service .*given is "records"/,
      /deadLetterContainerUrl: is for what exists; give existingDeadLetterContainerId/,
      /compute: what scores must be one of functions, databricks, .*given is "spark"/,
      /windowMinutes: must divide an hour.*given is 7/,
      /latenessMinutes: .*0 to 60; given is 61/,
      /carryForwardMinutesAtRisk: must be at most carryForwardMinutes, 30; given is 60/,
      /longWindows\[0\]: .*given is "PT7H"/,
      /spinalCordInjury: .*caution, optOut; given is "skip"/,
      /flagRules.mediumTimes: must be at most mediumWindows, 3; given is 4/,
      /flagRules.lowerWindows: .*1 to 288; given is 0/,
      /plausibilityLimits.heartRate: .*from 0 to 350/,
      /plausibilityLimits.pulse: there is no such vital; there are heartRate,/,
      /contextCodes: has unknown or wrong members: pregnant/,
      /chartedSeconds: must divide a minute.*given is 7/,
      /eventHubs.enrichedPartitions: .*given is 0/,
      /eventHubs.retentionHours: .*given is 5000/,
      /scoredConsumerGroups: ml-output-fhir is made for the path already/,
      /lake.captureMinutes: .*1 to 15; given is 16/,
      /lake.captureMegabytes: .*10 to 500; given is 5/,
      /lake.coldAfterDays: .*31 to/,
      /lake.bronzeRetentionDays: .*8 to 36500; given is 1/,
      /existingLakeAccountId: must be the ARM id of a storage account/,
      /instanceMemoryMB: must be 512, 2048 or 4096; given is 1024/,
      /functionSubnetId: with private endpoints the function apps need a subnet/,
      /names.lakeAccount: .*lower-case letters and digits/,
      /names.mlInputApp: the name of a function app/,
      /overrides.lakes: there is no such child/,
    ];
    for (const sentence of expected) expect(message).toMatch(sentence);
    expect(message.split('\n')).toHaveLength(expected.length + 1);
  });

  it('name a sample that divides the window, and events only where there is a hub of them', () => {
    expect(refusal({ ...told(), sampleSeconds: 7 })).toMatch(/sampleSeconds: must divide a window of 300 seconds/);
    const { existingFhirEventsHubId: _, ...without } = told();
    expect(refusal({ ...without, chartedValues: 'events' })).toMatch(/chartedValues: events needs the hub/);
    const elsewhere = hubs.replace('evhns-x', 'evhns-y');
    expect(refusal({ ...told(), existingFhirEventsHubId: `${elsewhere}/fhirevents` })).toMatch(
      /must lie in the namespace/,
    );
  });

  it('say what each compute needs, and what only it needs', () => {
    expect(refusal({ ...told(), compute: 'databricks' })).toMatch(
      /databricks: must be given with compute databricks, with virtualNetworkId/,
    );
    const message = refusal({
      ...databricks(),
      customerManagedKey: { keyUri: 'https://kv.vault.azure.net/keys/data', keyId: '/vaults/kv/keys/data' },
      partner: { url: 'https://x.example', modelName: 'x', modelVersion: '1' },
      databricks: {
        virtualNetworkId: 'vnet',
        publicSubnetName: 'one',
        privateSubnetName: 'one',
        unityCatalog: 'existing',
        sparkVersion: '15.4.x-scala2.12',
        complianceStandards: ['HIPPA'],
        kernelHost: 'node',
        triggerSeconds: 0,
      },
    });
    const expected = [
      /partner: is for compute partner; leave it out/,
      /databricks.virtualNetworkId: must be the ARM id of a virtual network; given is "vnet"/,
      /databricks.privateSubnetName: must be another subnet than "one"/,
      /databricks.catalogName: must be given with unityCatalog existing/,
      /databricks.complianceStandards\[0\]: .*HIPAA.*given is "HIPPA"/,
      /databricks.sparkVersion: .*16.4 or later/,
      /databricks.triggerSeconds: .*1 to 60; given is 0/,
      /databricks.additionalWheels: must name a wheel with Node.js/,
      /databricks.azureDatabricksPrincipalId: must be given with customerManagedKey/,
      /customerManagedKey.keyUri: Databricks needs the version/,
    ];
    for (const sentence of expected) expect(message).toMatch(sentence);
    expect(message.split('\n')).toHaveLength(expected.length + 1);
    const { existingKeyVaultId: _, ...withoutVault } = machineLearning();
    const onCluster = refusal({ ...told(), compute: 'azureml-kubernetes', machineLearning: withoutVault });
    expect(onCluster).toMatch(/machineLearning.existingKeyVaultId: must be given for a new workspace/);
    expect(onCluster).toMatch(/machineLearning.existingClusterId: must be given with compute azureml-kubernetes/);
    expect(onCluster).toMatch(/machineLearning.endpointKey: must be given with compute azureml-kubernetes/);
    const partner = { url: 'http://x.example', modelName: 'x', modelVersion: '', apiKey: secret };
    const unsafe = refusal({ ...told(), compute: 'partner', partner });
    expect(unsafe).toMatch(/partner.url: must be an HTTPS address; given is "http:/);
    expect(unsafe).toMatch(/partner.audience: must be given with authentication entra/);
    expect(unsafe).toMatch(/partner.apiKey: is for authentication apiKey/);
    expect(refusal({ ...told(), cloud: 'AzureChinaCloud' })).toMatch(/cloud: Azure Health Data Services.* not offered/);
  });

  it('cannot lower a security floor, unless the risk is accepted by its name', async () => {
    const lowered = { ...told(), overrides: { lake: { allowSharedKeyAccess: true } } };
    expect(refusal(lowered)).toMatch(/overrides.lake.allowSharedKeyAccess: must stay false.*sharedKeyAccess/);
    const resources = await scoring({ ...lowered, acceptRisks: { sharedKeyAccess: true } });
    expect(one(resources, 'lake')).toMatchObject({ allowSharedKeyAccess: true });
  });

  it('can be overridden', async () => {
    const overrides = scoringOverrides({
      lake: { tags: { unit: 'icu' } },
      'score-app': { clientAffinityEnabled: false },
    });
    const resources = await scoring({ ...told(), overrides });
    expect(one(resources, 'lake')).toMatchObject({ tags: { unit: 'icu' }, isHnsEnabled: true });
    expect(one(resources, 'score-app')).toMatchObject({ clientAffinityEnabled: false });
  });
});

describe('a hospital', () => {
  const hospital = async (args: Partial<ConstructorParameters<typeof HospitalEnvironment>[1]> = {}) => {
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

  it('scores behind its connector, unless it is switched off, and captures as the identity of its namespace', async () => {
    const resources = await hospital();
    const namespace = resources.find(({ name }) => name === 'hospital-ingest-event-hubs')?.inputs;
    const { userAssignedIdentities = [] } = (namespace?.identity ?? {}) as { userAssignedIdentities?: string[] };
    const enriched = resources.find(({ name }) => name === 'hospital-scoring-enriched')?.inputs;
    expect(enriched).toMatchObject({
      captureDescription: { destination: { identity: { userAssignedIdentity: userAssignedIdentities[0] } } },
    });
    expect(resources.filter(({ name }) => /scoring-(application-insights|dead-letters-container)/.test(name))).toEqual(
      [],
    );
    const without = await hospital({ scoringEnabled: false });
    expect(without.filter(({ name }) => name.startsWith('hospital-scoring'))).toEqual([]);
    const alone = await hospital({ connectorEnabled: false });
    expect(alone.filter(({ name }) => name.startsWith('hospital-scoring'))).toEqual([]);
  });

  it('tells scoring what the connector was told', async () => {
    const resources = await hospital({
      connector: { clockMarkSeconds: 30, deviceIdentifierSystem: 'https://stmary.example/devices', fhirEvents: false },
      scoring: { windowMinutes: 10 },
    });
    const app = resources.find(({ name }) => name === 'hospital-scoring-ml-input-app');
    expect(settingsOf(app?.inputs ?? {})).toMatchObject({
      CLOCK_MARK_SCHEDULE: '*/30 * * * * *',
      DEVICE_IDENTIFIER_SYSTEM: 'https://stmary.example/devices',
      FHIR_EVENTS_HUB: '',
      WINDOW_SECONDS: '600',
    });
  });

  it('is told by its configuration what is wrong with scoring, together with all else', () => {
    const problemsOf = (settings: object) =>
      checkedConfig(
        'hospital',
        { 'hospital:hospitalId': '007', 'hospital:location': 'westeurope', ...settings },
        projectFolder,
      ).problems.map(({ path }) => path);
    expect(
      problemsOf({
        'hospital:connector': JSON.stringify({ clockMarkSeconds: 7 }),
        'hospital:scoring': JSON.stringify({ windowMinutes: 7, eventHubs: { scoredPartitions: 33 }, windos: 1 }),
      }).sort(),
    ).toEqual([
      'connector.clockMarkSeconds',
      'scoring.eventHubs.scoredPartitions',
      'scoring.windos',
      'scoring.windowMinutes',
    ]);
    expect(problemsOf({ 'hospital:connectorEnabled': 'false', 'hospital:scoringEnabled': 'true' })).toEqual([
      'scoringEnabled',
    ]);
  });
});

withWheel('every child that is said to be overridable is made by one of the computes', async () => {
  const { diagnosticSettings: _, ...args } = everything();
  const existingClusterId = `${arm}/Microsoft.ContainerService/managedClusters/aks`;
  const all: MLScoringPathArgs[] = [
    args,
    {
      ...databricks(),
      ...{ existingApplicationInsightsId: undefined, applicationInsightsConnectionString: undefined },
    },
    {
      ...told(),
      compute: 'azureml-kubernetes',
      machineLearning: { ...machineLearning(), existingClusterId, endpointKey: secret },
    },
  ];
  const made: string[] = [];
  for (const one of all) made.push(...(await scoring(one)).map(({ name }) => name.replace(/^scoring-/, '')));
  expect(overridable.filter((child) => !made.includes(child))).toEqual([]);
});
