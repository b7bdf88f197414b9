import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import {
  type ConnectorSettings,
  connectorOverrides,
  HospitalEnvironment,
  MedTechConnector,
  type MedTechConnectorArgs,
} from '../components';
import { roles } from '../components/azure/roles';
import { unlabelled } from '../components/dataPlane/labelledText';
import { overridable } from '../components/medtech/children';
import { starterMapping } from '../mappings/starter';
import { normalizeSettings, writeObservationsSettings } from '../runtime/contracts/appSettings';
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
const deployer = '3b1f6471-1bf0-4dda-aec3-cb9272f09590';
const existingFhirServiceId = `${arm}/Microsoft.HealthcareApis/workspaces/hdws/fhirservices/records`;

const minimal = (): MedTechConnectorArgs => ({
  hospitalId: 'stmary',
  resourceGroupName: 'rg-stmary',
  existingDeviceDataHubId: `${arm}/Microsoft.EventHub/namespaces/evhns-x/eventhubs/devicedata`,
});

const everything = (): MedTechConnectorArgs => ({
  ...minimal(),
  lock: 'CanNotDelete',
  tags: { costCentre: 'icu' },
  deployerPrincipalId: deployer,
  deployerIpAddresses: ['10.1.0.0/24'],
  diagnosticSettings: { workspaceId: '/subscriptions/x/workspaces/log' },
  customerManagedKey: {
    keyUri: 'https://kv.vault.azure.net/keys/data/0123456789abcdef',
    keyId: '/subscriptions/x/vaults/kv/keys/data',
  },
  privateEndpoints: {
    subnetId: `${network}/virtualNetworks/v/subnets/pe`,
    privateDnsZoneIds: { fhir: `${network}/privateDnsZones/privatelink.fhir.azurehealthcareapis.com` },
  },
  functionSubnetId: `${network}/virtualNetworks/v/subnets/functions`,
  alwaysReadyInstances: 1,
  alertActionGroupIds: ['/subscriptions/x/actionGroups/on-call'],
  normalizedDataConsumerGroups: ['research'],
  fhirEventsConsumerGroups: ['care-team'],
  roleAssignments: [
    { name: 'ward', principalId: '4b1f0d5c-0000-4000-8000-000000000001', role: 'readFhir' },
    { name: 'platform', principalId: '4b1f0d5c-0000-4000-8000-000000000002', role: 'replayDeadLetters' },
  ],
});

const attached = (): MedTechConnectorArgs => {
  const existingIotConnectorId = `${arm}/Microsoft.HealthcareApis/workspaces/hdws/iotconnectors/managed`;
  return {
    ...minimal(),
    engine: 'attach',
    existingIotConnectorId,
    existingFhirDestinationId: `${existingIotConnectorId}/fhirdestinations/records`,
    existingFhirServiceId,
  };
};

let built: MedTechConnector;
const connector = (args: MedTechConnectorArgs, config?: Record<string, string>) =>
  registered(() => {
    built = new MedTechConnector('connector', args);
  }, config);

const of = new RegisteredNames('connector');
const one = of.one.bind(of);
const rolesOf = of.rolesOf.bind(of);
const names = (resources: Registered[], kind: string) =>
  resources.filter(({ type }) => type.split(':').slice(1).join(':') === kind).map(({ name }) => name);

/** A text of an app's package, as it will be a file there. */
function textOf(resources: Registered[], app: string, file: string): string {
  const { texts } = one(resources, `${app}-package`) as { texts: Record<string, string> };
  return unlabelled(texts[file] ?? '');
}

function refusal(args: MedTechConnectorArgs): string {
  try {
    new MedTechConnector('connector', args);
  } catch (error) {
    if (pulumi.InputPropertiesError.isInstance(error)) return error.message;
    throw error;
  }
  throw new Error('The arguments were expected to be refused.');
}

const pathRoles = [
  'clock-marks-devicedata: eventHubsDataSender on devicedata',
  'fhir-events: eventHubsDataSender on fhirevents',
  'normalize-dead-letters: storageBlobDataContributor on dead-letters',
  'normalize-devicedata: eventHubsDataReceiver on devicedata',
  'normalize-host-storage: storageBlobDataOwner on normalize-storage',
  'normalize-normalizeddata: eventHubsDataSender on normalizeddata',
];
const recorderRoles = [
  'write-observations-dead-letters: storageBlobDataContributor on dead-letters',
  'write-observations-host-storage: storageBlobDataOwner on write-observations-storage',
  'write-observations-normalizeddata: eventHubsDataReceiver on normalizeddata',
];
const isTelemetry = (role: string) => role.includes(': monitoringMetricsPublisher on appi-');
const isFhir = (role: string) => /: fhirData(Writer|Reader) on /.test(role);

describe('MedTechConnector registers', () => {
  it('the whole path with three arguments, each hop with the narrowest role and no more', async () => {
    const resources = await connector(minimal());
    const kinds = ['FhirService', 'Workspace'].map((kind) => `healthcareapis:${kind}`);
    for (const kind of [...kinds, 'eventgrid:SystemTopic']) expect(names(resources, kind)).toHaveLength(1);
    expect(names(resources, 'web:WebApp').sort()).toEqual([
      'connector-normalize-app',
      'connector-write-observations-app',
    ]);
    const given = rolesOf(resources);
    expect(given.filter((role) => !isTelemetry(role) && !isFhir(role))).toEqual(
      [...pathRoles, ...recorderRoles].sort(),
    );
    expect(given.filter(isTelemetry).map((role) => role.split(':')[0])).toEqual([
      'normalize-telemetry',
      'write-observations-telemetry',
    ]);
    expect(given.filter(isFhir)).toEqual([expect.stringMatching(/^write-observations-fhir: fhirDataWriter on fhir/)]);
    const principals = names(resources, 'managedidentity:UserAssignedIdentity').sort();
    expect(principals).toEqual(
      ['clock-marks', 'fhir-events', 'normalize', 'write-observations'].map((hop) => `connector-${hop}-identity`),
    );
  });

  it('each reader with a consumer group of its own, in as many partitions as devicedata has', async () => {
    const resources = await connector({ ...minimal(), normalizedDataConsumerGroups: ['research'] });
    const readers = resources
      .filter(({ type }) => type === 'azure-native:eventhub:ConsumerGroup')
      .map(({ inputs }) => `${inputs.eventHubName}/${inputs.consumerGroupName}`);
    expect(readers.sort()).toEqual([
      'devicedata/medtech',
      'normalizeddata/ml-input',
      'normalizeddata/research',
      'normalizeddata/write-observations',
    ]);
    expect(one(resources, 'normalizeddata')).toMatchObject({ partitionCount: 4, namespaceName: 'evhns-x' });
    const eventHubs = { normalizedDataPartitions: 8 };
    expect(one(await connector({ ...minimal(), eventHubs }), 'normalizeddata')).toMatchObject({ partitionCount: 8 });
  });

  it('all settings that the functions read', async () => {
    const resources = await connector({ ...minimal(), clockMarkSeconds: 60, identityCacheSeconds: 30 });
    const normalize = settingsOf(one(resources, 'normalize-app'));
    expect(Object.keys(normalize)).toEqual(expect.arrayContaining([...normalizeSettings]));
    expect(normalize).toMatchObject({
      DeviceData__fullyQualifiedNamespace: expect.stringMatching(/\.servicebus\.windows\.net:443$|servicebus/),
      NORMALIZE_CONSUMER_GROUP: 'medtech',
      CLOCK_MARK_SCHEDULE: '0 * * * * *',
      COMPATIBILITY: 'r4',
    });
    expect(normalize.ClockMarks__clientId).not.toBe(normalize.DeviceData__clientId);
    const write = settingsOf(one(resources, 'write-observations-app'));
    expect(Object.keys(write)).toEqual(expect.arrayContaining([...writeObservationsSettings]));
    expect(write).toMatchObject({
      RESOLUTION_TYPE: 'Lookup',
      DEVICE_IDENTIFIER_SYSTEM: '',
      IDENTITY_CACHE_SECONDS: '30',
      FHIR_URL: expect.stringMatching(/^https:\/\/hdws.*\.fhir\.azurehealthcareapis\.com$/),
    });
    expect(write.FHIR_AUDIENCE).toBe(write.FHIR_URL);
    const sources = JSON.parse(normalize.SCORING_SOURCES ?? '');
    expect(sources.heartRate).toEqual([{ vital: 'heartRate', valueName: 'hr', priority: 0 }]);
    expect(sources.pulseRate).toEqual([{ vital: 'heartRate', valueName: 'pulse', priority: 1 }]);
    expect(sources.arterialBloodPressure).toContainEqual({
      vital: 'systolicBloodPressure',
      valueName: 'abpsys',
      priority: 0,
    });
  });

  it('the flush time in what the host reads, and the mapping files as they were given', async () => {
    const deviceMapping = `// ours\n${starterMapping('device')}`;
    const hostOf = async (args: Partial<MedTechConnectorArgs>) => {
      const resources = await connector({ ...minimal(), ...args });
      return JSON.parse(textOf(resources, 'write-observations', 'host.json')).extensions.eventHubs;
    };
    expect(await hostOf({})).toMatchObject({
      maxEventBatchSize: 1000,
      minEventBatchSize: 1000,
      maxWaitTime: '00:00:05',
    });
    expect(await hostOf({ flushSeconds: 90 })).toMatchObject({ maxWaitTime: '00:01:30' });
    expect(await hostOf({ flushSeconds: 0, maximumBatchEvents: 50 })).toMatchObject({
      maxEventBatchSize: 50,
      minEventBatchSize: 1,
    });
    const resources = await connector({ ...minimal(), deviceMapping });
    expect(textOf(resources, 'normalize', 'mappings/device.json')).toBe(deviceMapping);
    expect(JSON.parse(textOf(resources, 'normalize', 'host.json'))).toMatchObject({ functionTimeout: '-1' });
  });

  it('names of children that start with the component, and no secret, with everything on', async () => {
    const resources = await connector(everything());
    for (const { name } of resources.filter(({ custom }) => custom)) expect(name).toMatch(/^connector-/);
    const text = JSON.stringify(resources);
    const secrets = [/AccountKey/, /SharedAccessKey/i, /[?&]sig=/, /primaryKey/i, /PRIVATE KEY/];
    for (const secret of secrets) expect(text).not.toMatch(secret);
    expect(names(resources, 'authorization:ManagementLockByScope')).toHaveLength(2);
    expect(names(resources, 'network:PrivateEndpoint').sort()).toEqual(
      [
        'dead-letters',
        'health-workspace',
        'normalize-app',
        'normalize-storage',
        'write-observations-app',
        'write-observations-storage',
      ].map((child) => `connector-${child}-private-endpoint`),
    );
    expect(one(resources, 'dead-letters')).toMatchObject({
      publicNetworkAccess: 'Disabled',
      allowSharedKeyAccess: false,
      encryption: { keySource: 'Microsoft.Keyvault' },
    });
    expect(one(resources, 'normalize-app')).toMatchObject({
      publicNetworkAccess: 'Disabled',
      virtualNetworkSubnetId: everything().functionSubnetId,
    });
    for (const alert of ['dead-letters-alert', 'held-partitions-alert']) {
      expect(one(resources, alert).actions).toEqual({ actionGroups: ['/subscriptions/x/actionGroups/on-call'] });
    }
  });

  it('a FHIR service with the version of the key, by one kind of identity, and its endpoint after it', async () => {
    const resources = await connector(everything());
    const fhir = one(resources, 'fhir');
    expect(fhir).toMatchObject({
      kind: 'fhir-R4',
      identity: { type: 'UserAssigned' },
      encryption: {
        customerManagedKeyEncryption: { keyEncryptionKeyUrl: 'https://kv.vault.azure.net/keys/data/0123456789abcdef' },
      },
    });
    for (const off of ['exportConfiguration', 'importConfiguration']) expect(fhir).not.toHaveProperty(off);
    const order = resources.map(({ name }) => name);
    const [service, endpoint] = ['connector-fhir', 'connector-health-workspace-private-endpoint'].map((name) =>
      order.indexOf(name),
    );
    expect(service).toBeLessThan(endpoint ?? -1);
    expect(one(resources, 'health-workspace-private-endpoint').privateLinkServiceConnections).toMatchObject([
      { groupIds: ['healthcareworkspace'] },
    ]);
  });

  it('events that are delivered by identity, after its role has reached Event Grid', async () => {
    const resources = await connector(minimal());
    const subscription = one(resources, 'events-subscription');
    expect(subscription).toMatchObject({
      filter: { includedEventTypes: expect.arrayContaining(['Microsoft.HealthcareApis.FhirResourceUpdated']) },
      deliveryWithResourceIdentity: { destination: { endpointType: 'EventHub' }, identity: { type: 'UserAssigned' } },
    });
    expect(subscription).not.toHaveProperty('destination');
    const order = resources.map(({ name }) => name);
    const gate = order.indexOf('connector-events-role-propagation');
    expect(gate).toBeGreaterThan(-1);
    expect(gate).toBeLessThan(order.indexOf('connector-events-subscription'));
    const without = await connector({ ...minimal(), fhirEvents: false });
    expect(without.filter(({ name }) => /events-(topic|subscription|identity)/.test(name))).toEqual([]);
  });

  it('nothing of a FHIR service that exists, which it only reads', async () => {
    const resources = await connector({ ...everything(), existingFhirServiceId });
    expect(resources.filter(({ type }) => type.startsWith('azure-native:healthcareapis'))).toEqual([]);
    expect(rolesOf(resources).filter(isFhir)).toEqual([
      'operator-ward-fhir: fhirDataReader on records',
      'write-observations-fhir: fhirDataWriter on records',
    ]);
    expect(settingsOf(one(resources, 'write-observations-app'))).toMatchObject({
      FHIR_URL: 'https://existing.fhir.test',
    });
    expect(one(resources, 'events-topic')).toMatchObject({ source: existingFhirServiceId.split('/fhirservices')[0] });
    const elsewhere = { ...minimal(), existingFhirServiceId, existingFhirServiceUrl: 'https://fhir.stmary.example' };
    expect(settingsOf(one(await connector(elsewhere), 'write-observations-app'))).toMatchObject({
      FHIR_URL: 'https://fhir.stmary.example',
      FHIR_AUDIENCE: 'https://existing.fhir.test',
    });
  });

  it('a managed service that exists, of which it changes the mappings, and normalize for scoring', async () => {
    const resources = await connector(attached());
    expect(names(resources, 'web:WebApp')).toEqual(['connector-normalize-app']);
    expect(resources.filter(({ name }) => name.includes('write-observations'))).toEqual([]);
    expect(one(resources, 'iot-connector')).toMatchObject({
      iotConnectorName: 'managed',
      deviceMapping: { content: { templateType: 'CollectionContent' } },
    });
    expect(one(resources, 'iot-connector')).not.toHaveProperty('ingestionEndpointConfiguration');
    expect(one(resources, 'iot-connector-destination')).toMatchObject({
      fhirDestinationName: 'records',
      fhirServiceResourceId: existingFhirServiceId,
      resourceIdentityResolutionType: 'Lookup',
      fhirMapping: { content: { templateType: 'CollectionFhir' } },
    });
    expect(rolesOf(resources).filter((role) => !isTelemetry(role))).toEqual(
      [
        ...pathRoles,
        'iot-connector-devicedata: eventHubsDataReceiver on devicedata',
        'iot-connector-fhir: fhirDataWriter on records',
      ].sort(),
    );
  });

  it('roles of people only where they are asked for', async () => {
    const operators = rolesOf(await connector(everything())).filter((role) => role.startsWith('operator-'));
    expect(operators.map((role) => role.replace(/ on fhir.*/, ' on fhir'))).toEqual([
      'operator-platform-dead-letters: storageBlobDataContributor on dead-letters',
      'operator-platform-devicedata: eventHubsDataSender on devicedata',
      'operator-platform-normalizeddata: eventHubsDataSender on normalizeddata',
      'operator-ward-fhir: fhirDataReader on fhir',
    ]);
  });

  it('protection of data until both keys are turned', async () => {
    const isProtected = async (args: MedTechConnectorArgs, config?: Record<string, string>) => {
      await connector(args, config);
      const { deadLetterStorageAccount, normalizedDataHub, fhirEventsHub } = built.nodes;
      return [deadLetterStorageAccount, normalizedDataHub, fhirEventsHub].map(protectionOf);
    };
    const twoKeys = { 'azure-iomt:allowDataDeletion': 'true' };
    expect(await isProtected(minimal(), twoKeys)).toEqual([true, true, true]);
    expect(await isProtected({ ...minimal(), allowDataDeletion: true }, twoKeys)).toEqual([false, false, false]);
  });
});

/** The SDK keeps it for children to inherit. */
const protectionOf = (resource: pulumi.Resource) => (resource as unknown as { __protect: boolean }).__protect ?? false;

describe('what the deployment of a connector cannot do itself', () => {
  it('is a list of roles when another team assigns them', async () => {
    jest.spyOn(console, 'log').mockImplementation();
    const resources = await connector({ ...minimal(), roleAssignmentMode: 'external' });
    jest.restoreAllMocks();
    expect(names(resources, 'authorization:RoleAssignment')).toEqual([]);
    const steps = await resolved(built.manualSteps);
    expect(steps).toHaveLength(pathRoles.length + recorderRoles.length + 3);
    expect(steps.join('\n')).toContain(`${roles.fhirDataWriter} (fhirDataWriter)`);
  });

  it('is packages and ordered steps when the data planes are out of reach', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'artefacts-'));
    try {
      const resources = await connector({ ...minimal(), deployerReach: 'none', artefactsFolder: folder });
      expect(resources.filter(({ name }) => name.endsWith('-package'))).toEqual([]);
      expect(await resolved(built.manualSteps)).toHaveLength(2);
      expect(readdirSync(folder).sort()).toEqual(['normalize.zip', 'write-observations.zip']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('arguments of a connector', () => {
  it('are refused with everything that is wrong, at once', () => {
    const message = refusal({
      ...minimal(),
      existingDeviceDataHubId: 'devicedata',
      engine: 'oss' as 'builtin',
      deviceMapping:
        '{\n  "templateType": "CollectionContent",\n  "template": [{ "templateType": "Nonsense", "template": {} }]\n}',
      fhirMapping: '{ "templateType": ',
      resolutionType: 'Guess' as 'Lookup',
      clockMarkSeconds: 7,
      flushSeconds: 601,
      maximumBatchEvents: 0,
      identityCacheSeconds: 61,
      maximumInstanceCount: 10,
      deadLetterRetentionDays: 0,
      eventHubs: { normalizedDataPartitions: 0 },
      normalizedDataConsumerGroups: ['ml-input', '-x'],
      existingFhirServiceUrl: 'https://fhir.stmary.example',
      customerManagedKey: { keyUri: 'https://kv.vault.azure.net/keys/data', keyId: '/vaults/kv/keys/data' },
      privateEndpoints: { subnetId: '/subnets/pe' },
      deployerReach: 'vnet',
      names: { healthWorkspace: 'hdws-stmary', normalizeApp: '-x' },
      overrides: { fhri: {} },
    });
    const expected = [
      /existingDeviceDataHubId: must be the ARM id of the event hub .*given is "devicedata"/,
      /engine: the engine must be one of builtin, attach; given is "oss"/,
      /deviceMapping: line 3, column \d+ \(\$\.template\[0\]/,
      /fhirMapping: line 1, column \d+ .*not valid JSON/,
      /resolutionType: .*Create, Lookup, LookupWithEncounter; given is "Guess"/,
      /clockMarkSeconds: must divide a minute.*given is 7/,
      /flushSeconds: .*0 to 600; given is 601/,
      /maximumBatchEvents: .*1 to 10000; given is 0/,
      /identityCacheSeconds: .*0 to 60; given is 61/,
      /maximumInstanceCount: .*40 to 1000; given is 10/,
      /deadLetterRetentionDays: .*1 to 3650; given is 0/,
      /eventHubs.normalizedDataPartitions: .*given is 0/,
      /normalizedDataConsumerGroups: ml-input is made already/,
      /normalizedDataConsumerGroups\[1\]: .*given is "-x"/,
      /existingFhirServiceUrl: is for an existing FHIR service/,
      /customerManagedKey.keyUri: a FHIR service needs the version/,
      /functionSubnetId: with private endpoints the function apps need a subnet/,
      /names.healthWorkspace: .*lower-case letters and digits; given is "hdws-stmary"/,
      /names.normalizeApp: the name of a function app/,
      /overrides.fhri: there is no such child/,
    ];
    for (const sentence of expected) expect(message).toMatch(sentence);
  });

  it('say what a managed service needs, and what only it needs', () => {
    const { existingFhirServiceId: _, ...withoutFhir } = attached();
    expect(refusal(withoutFhir)).toMatch(/existingFhirServiceId: must be given with engine attach/);
    expect(refusal({ ...attached(), resolutionType: 'LookupWithEncounter' })).toMatch(/by Create or Lookup/);
    expect(refusal({ ...attached(), engine: 'builtin' })).toMatch(/existingIotConnectorId: is for engine attach/);
    const other = `${arm}/Microsoft.HealthcareApis/workspaces/hdws/iotconnectors/other/fhirdestinations/records`;
    expect(refusal({ ...attached(), existingFhirDestinationId: other })).toMatch(
      /must belong to existingIotConnectorId/,
    );
  });

  it('keep versions of what is merged, and of nothing else by force', async () => {
    const fhir: ConnectorSettings['fhir'] = { versioningPolicyOverrides: { Observation: 'no-version' } };
    const hourly = JSON.parse(starterMapping('fhir'));
    hourly.template[0].template.periodInterval = 60;
    expect(refusal({ ...minimal(), fhirMapping: JSON.stringify(hourly), fhir })).toMatch(
      /fhir.versioningPolicyOverrides.Observation: Observations of \w+ are merged/,
    );
    expect(one(await connector({ ...minimal(), fhir }), 'fhir').resourceVersionPolicyConfiguration).toEqual({
      default: 'versioned',
      resourceTypeOverrides: { Observation: 'no-version' },
    });
    expect(refusal({ ...minimal(), fhir: { versioningPolicy: 'versioned-update' } })).toMatch(/use versioned\./);
  });

  it('name values that the device mapping has', () => {
    const message = refusal({
      ...minimal(),
      scoringSources: [
        { measurementType: 'heartRate', vital: 'heartRate', valueName: 'rate' },
        { measurementType: 'ecg', vital: 'heartRate', valueName: 'hr' },
        { measurementType: 'heartRate', vital: 'weight' as 'heartRate', valueName: 'hr' },
      ],
    });
    expect(message).toMatch(/scoringSources\[0\].valueName: .*no value "rate"; it has hr/);
    expect(message).toMatch(/scoringSources\[1\].measurementType: .*no type "ecg"/);
    expect(message).toMatch(/scoringSources\[2\].vital: .*given is "weight"/);
  });

  it('cannot lower a security floor, unless the risk is accepted by its name', async () => {
    const lowered = { ...minimal(), overrides: { 'dead-letters': { allowSharedKeyAccess: true } } };
    expect(refusal(lowered)).toMatch(/overrides.dead-letters.allowSharedKeyAccess: must stay false.*sharedKeyAccess/);
    const resources = await connector({ ...lowered, acceptRisks: { sharedKeyAccess: true } });
    expect(one(resources, 'dead-letters')).toMatchObject({ allowSharedKeyAccess: true });
  });

  it('can be overridden for every child that is said to be', async () => {
    const { diagnosticSettings: _, ...args } = everything();
    const made = (await connector(args)).map(({ name }) => name);
    for (const child of overridable) expect(made).toContain(`connector-${child}`);
    const overrides = connectorOverrides({ fhir: { corsConfiguration: { origins: ['https://chart.example'] } } });
    expect(one(await connector({ ...minimal(), overrides }), 'fhir')).toMatchObject({
      kind: 'fhir-R4',
      corsConfiguration: { origins: ['https://chart.example'] },
    });
  });
});

describe('a hospital', () => {
  it('has a connector behind its ingest, unless it is switched off', async () => {
    const authority = await certificate();
    const hospital = (args: Partial<ConstructorParameters<typeof HospitalEnvironment>[1]>) =>
      registered(
        () =>
          new HospitalEnvironment('hospital', {
            hospitalId: 'stmary',
            location: 'westeurope',
            ingest: { deviceCertificateAuthorities: [{ name: 'ward', certificate: authority }] },
            ...args,
          }),
      );
    const resources = await hospital({ overrides: { 'connector-fhir': { tags: { unit: 'icu' } } } });
    const fhir = resources.find(({ name }) => name === 'hospital-connector-fhir');
    expect(fhir?.inputs).toMatchObject({ location: 'westeurope', tags: { unit: 'icu' } });
    expect(names(resources, 'operationalinsights:Workspace')).toEqual(['hospital-log-workspace']);
    const alone = await hospital({ connectorEnabled: false });
    expect(alone.filter(({ name }) => name.startsWith('hospital-connector'))).toEqual([]);
  });

  const given = { 'hospital:hospitalId': '007', 'hospital:location': 'westeurope' };
  const problemsOf = (settings: object) =>
    checkedConfig('hospital', { ...given, ...settings }, projectFolder).problems.map(({ path }) => path);

  it('is told by its configuration what is wrong with the connector, together with all else', () => {
    const settings = {
      'hospital:ingest': JSON.stringify({ consumerGroups: ['medtech'], eventHubs: { deviceDataPartitions: 33 } }),
      'hospital:connector': JSON.stringify({ clockMarkSeconds: 7, eventHubs: { retentionHours: 200 }, engin: 'x' }),
    };
    expect(problemsOf(settings).sort()).toEqual([
      'connector.clockMarkSeconds',
      'connector.engin',
      'connector.eventHubs.retentionHours',
      'ingest.consumerGroups',
      'ingest.eventHubs.deviceDataPartitions',
    ]);
    const china = { 'hospital:cloud': 'AzureChinaCloud' };
    expect(problemsOf(china)).toEqual(['cloud']);
    expect(problemsOf({ ...china, 'hospital:connectorEnabled': 'false' })).toEqual([]);
  });

  it('may name its mappings by the paths of their files', () => {
    const mapping = join('mappings', 'starter', 'fhir.json');
    const config = { ...given, 'hospital:connector': JSON.stringify({ fhirMapping: mapping }) };
    const { values, problems } = checkedConfig('hospital', config, projectFolder);
    expect(problems).toEqual([]);
    expect(values.connector?.fhirMapping).toBe(readFileSync(join(projectFolder, mapping), 'utf8'));
    const missing = { 'hospital:connector': JSON.stringify({ deviceMapping: 'no/such.json' }) };
    expect(problemsOf(missing)).toContain('connector.deviceMapping');
  });
});
