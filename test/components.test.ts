import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { ComponentProvider } from '@pulumi/pulumi/provider/experimental';
import fc from 'fast-check';
import { HospitalEnvironment, IoMTIngest, type IoMTIngestArgs, ingestOverrides, MedTechConnector } from '../components';
import { uuidOfNames } from '../components/azure/identity';
import { merge } from '../components/azure/merge';
import { type NamedKind, nameRules, physicalName } from '../components/azure/naming';
import * as enrollmentGroup from '../components/dataPlane/enrollmentGroup';
import * as rolePropagation from '../components/dataPlane/rolePropagation';
import { overridable } from '../components/ingest/children';
import { checkedConfig } from '../stacks/config';
import { hospitalSchema } from '../stacks/makeSchema';
import { certificate } from './support/certificates';
import { mockSubscription, type Registered, registered } from './support/registered';

jest.mock('@azure/identity', () => ({
  DefaultAzureCredential: class {
    getToken = async () => ({ token: 'token', expiresOnTimestamp: 0 });
  },
}));

const projectFolder = resolve(__dirname, '..');
const twoKeys = { 'azure-iomt:allowDataDeletion': 'true' };
const network = `/subscriptions/${mockSubscription}/resourceGroups/net/providers/Microsoft.Network`;

let authority: string;
let gatewayAuthority: string;
beforeAll(async () => {
  authority = await certificate();
  gatewayAuthority = await certificate();
});

const minimal = (): IoMTIngestArgs => ({
  hospitalId: 'stmary',
  resourceGroupName: 'rg-stmary',
  deviceCertificateAuthorities: [{ name: 'ward-devices', certificate: authority }],
});

const everything = (): IoMTIngestArgs => ({
  ...minimal(),
  lock: 'CanNotDelete',
  tags: { costCentre: 'icu' },
  deployerPrincipalId: '3b1f6471-1bf0-4dda-aec3-cb9272f09590',
  deployerIpAddresses: ['10.1.0.0/24'],
  diagnosticSettings: { workspaceId: '/subscriptions/x/workspaces/log' },
  customerManagedKey: { keyUri: 'https://kv.vault.azure.net/keys/data', keyId: '/subscriptions/x/vaults/kv/keys/data' },
  privateEndpoints: {
    subnetId: `${network}/virtualNetworks/v/subnets/pe`,
    privateDnsZoneIds: { blob: `${network}/privateDnsZones/privatelink.blob.core.windows.net` },
  },
  eventHubs: { sku: 'Premium', deviceDataPartitions: 40 },
  consumerGroups: ['medtech'],
  enrichments: { ward: '$twin.tags.ward' },
  routes: [{ name: 'alarms', source: 'DeviceMessages', condition: "level = 'alarm'", endpoint: 'events' }],
  edge: { certificateAuthorities: [{ name: 'gateways', certificate: gatewayAuthority }] },
  roleAssignments: [{ name: 'ward-team', principalId: '4b1f0d5c-0000-4000-8000-000000000001', role: 'readRawData' }],
});

let built: IoMTIngest;
const ingest = (args: IoMTIngestArgs, config?: Record<string, string>) =>
  registered(() => {
    built = new IoMTIngest('ingest', args);
  }, config);

function one(resources: Registered[], name: string): Registered['inputs'] {
  const found = resources.find((resource) => resource.name === name);
  if (!found) throw new Error(`There is no ${name} among ${resources.map((resource) => resource.name).join(', ')}.`);
  return found.inputs;
}

const resolved = <T>(output: pulumi.Output<T>) => new Promise<T>((take) => output.apply(take));
const short = ({ type }: Registered) => type.split(':').slice(1).join(':');
const count = (resources: Registered[], kind: string) =>
  resources.filter((resource) => short(resource) === kind).length;

function refusal(args: IoMTIngestArgs): string {
  try {
    new IoMTIngest('ingest', args);
  } catch (error) {
    if (pulumi.InputPropertiesError.isInstance(error)) return error.message;
    throw error;
  }
  throw new Error('The arguments were expected to be refused.');
}

describe('IoMTIngest registers', () => {
  it('a namespace that grows by itself only when it is told to, and says so when it is not', async () => {
    const namespaceOf = async (eventHubs: IoMTIngestArgs['eventHubs']) =>
      one(await ingest({ ...minimal(), eventHubs }), 'ingest-event-hubs');
    expect(await namespaceOf({ maximumThroughputUnits: 8 })).toMatchObject({
      isAutoInflateEnabled: true,
      maximumThroughputUnits: 8,
    });
    expect(await namespaceOf({})).toMatchObject({ isAutoInflateEnabled: false });
    expect(await namespaceOf({ sku: 'Premium' })).not.toHaveProperty('isAutoInflateEnabled');
  });

  it('the whole path with three arguments, without keys and open to nobody without a role', async () => {
    const resources = await ingest(minimal());
    const kinds = ['iothub:IotHubResource', 'resources:Resource', 'eventhub:Namespace', 'eventhub:EventHub'];
    for (const kind of [...kinds, 'storage:StorageAccount']) expect([kind, count(resources, kind)]).toEqual([kind, 1]);
    const hub = one(resources, 'ingest-iot-hub').properties as Record<string, unknown>;
    expect(hub).toMatchObject({
      disableLocalAuth: true,
      disableDeviceSAS: true,
      disableModuleSAS: true,
      minTlsVersion: '1.2',
    });
    expect(one(resources, 'ingest-event-hubs')).toMatchObject({ disableLocalAuth: true });
    expect(one(resources, 'ingest-raw-storage')).toMatchObject({
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
    });
    const roles = resources.filter((resource) => short(resource) === 'authorization:RoleAssignment');
    expect(roles.map(({ name }) => name).sort()).toEqual([
      'ingest-hub-router-device-administration-role',
      'ingest-hub-router-devicedata-role',
      'ingest-hub-router-raw-role',
      'ingest-provisioning-iot-hub-role',
    ]);
  });

  it('names of children that start with the component, and no secret, with everything on', async () => {
    const resources = await ingest(everything());
    for (const { name } of resources.filter(({ custom }) => custom)) expect(name).toMatch(/^ingest-/);
    const text = JSON.stringify(resources);
    for (const secret of [
      /connectionString/i,
      /AccountKey/,
      /SharedAccessKey/i,
      /[?&]sig=/,
      /primaryKey/i,
      /PRIVATE KEY/,
    ]) {
      expect(text).not.toMatch(secret);
    }
    expect(count(resources, 'network:PrivateEndpoint')).toBe(4);
    expect(count(resources, 'authorization:ManagementLockByScope')).toBe(4);
    expect(count(resources, 'monitor:DiagnosticSetting')).toBe(5);
    expect(one(resources, 'ingest-raw-storage')).toMatchObject({ publicNetworkAccess: 'Disabled' });
    expect(one(resources, 'ingest-iot-hub').properties).toMatchObject({
      publicNetworkAccess: 'Enabled',
      networkRuleSets: { defaultAction: 'Deny', ipRules: [{ ipMask: '10.1.0.0/24' }] },
    });
    expect(Object.keys(one(resources, 'ingest-role-propagation'))).toContain('roleAssignmentIds');
    expect(one(resources, 'ingest-key-role-propagation').roleAssignmentIds).toHaveLength(1);
  });

  it('a rule set of the namespace in any case, since its deletion would close the namespace', async () => {
    expect(one(await ingest(minimal()), 'ingest-event-hubs-network')).toMatchObject({
      defaultAction: 'Allow',
      publicNetworkAccess: 'Enabled',
    });
    expect(one(await ingest(everything()), 'ingest-event-hubs-network')).toMatchObject({
      defaultAction: 'Deny',
      publicNetworkAccess: 'Disabled',
      trustedServiceAccessEnabled: true,
    });
  });

  it('a renewed certificate as another one, which Azure does not change under its name, for the same group', async () => {
    const withCertificate = async (pem: string) => {
      const given = { ...minimal(), deviceCertificateAuthorities: [{ name: 'ward-devices', certificate: pem }] };
      const resources = await ingest(given);
      const { group } = one(resources, 'ingest-enrollment-devices-ward-devices') as { group: Group };
      const names = ['iot-hub', 'provisioning'].map(
        (service) => one(resources, `ingest-${service}-certificate-ward-devices`).certificateName,
      );
      return [...names, group.attestation.x509.caReferences.primary];
    };
    const before = await withCertificate(authority);
    expect(new Set(before).size).toBe(1);
    expect(before[0]).toMatch(/^ward-devices-[0-9a-f]{8}$/);
    expect(await withCertificate(authority)).toEqual(before);
    const after = await withCertificate(await certificate());
    expect(new Set(after).size).toBe(1);
    expect(after[0]).not.toBe(before[0]);
  });

  it('every host that the hub sends to among its allowed ones, taken from the resources', async () => {
    const hub = one(await ingest({ ...minimal(), iotHub: { allowedFqdns: ['files.example.org'] } }), 'ingest-iot-hub');
    const { allowedFqdnList, routing } = hub.properties as { allowedFqdnList: string[]; routing: Routing };
    const uris = [...routing.endpoints.eventHubs, ...routing.endpoints.storageContainers].map(
      ({ endpointUri }) => endpointUri,
    );
    expect(uris).toHaveLength(3);
    for (const uri of uris) expect(allowedFqdnList).toContain(new URL(uri.replace('sb:', 'https:')).hostname);
    expect(allowedFqdnList).toContain('files.example.org');
    expect(uris[0]).toMatch(/^sb:\/\/[^:]+$/);
    expect(routing.fallbackRoute.isEnabled).toBe(true);
  });

  it('with edge, nothing looser than modules that sign', async () => {
    const plain = one(await ingest(minimal()), 'ingest-iot-hub');
    const edge = one(await ingest({ ...minimal(), edge: {} }), 'ingest-iot-hub');
    const { disableModuleSAS, ...rest } = edge.properties as Record<string, unknown>;
    expect(disableModuleSAS).toBe(false);
    expect({ ...rest, disableModuleSAS: true }).toEqual(plain.properties);
  });

  it('another automatic deployment when its content changes, the same otherwise', async () => {
    const idWith = async (edge: IoMTIngestArgs['edge']) =>
      one(await ingest({ ...minimal(), edge }), 'ingest-edge-deployment').deploymentId;
    const id = await idWith({});
    expect(await idWith({ priority: 20 })).toBe(id);
    expect(await idWith({ timeToLiveSecs: 60 })).not.toBe(id);
  });

  it('devicedata in a namespace that exists, which it only reads', async () => {
    const id = `/subscriptions/${mockSubscription}/resourceGroups/rg-platform/providers/Microsoft.EventHub/namespaces/evhns-shared`;
    const resources = await ingest({ ...minimal(), existingEventHubsNamespaceId: pulumi.output(id) });
    expect(count(resources, 'eventhub:Namespace')).toBe(0);
    expect(one(resources, 'ingest-devicedata')).toMatchObject({
      namespaceName: 'evhns-shared',
      resourceGroupName: 'rg-platform',
    });
  });

  it('keys made by the provisioning service for devices that cannot hold a certificate', async () => {
    const resources = await ingest({ ...minimal(), deviceAuthentication: 'sas' });
    expect(one(resources, 'ingest-iot-hub').properties).toMatchObject({
      disableDeviceSAS: false,
      disableLocalAuth: true,
    });
    expect(one(resources, 'ingest-enrollment-devices-by-key').group).toMatchObject({
      attestation: { type: 'symmetricKey' },
    });
  });

  it('protection of data until both keys are turned', async () => {
    const isProtected = async (args: IoMTIngestArgs, config?: Record<string, string>) => {
      await ingest(args, config);
      const { rawStorageAccount, iotHub, deviceDataHub, provisioningService } = built.nodes;
      if (!provisioningService) throw new Error('There is no provisioning service.');
      return [rawStorageAccount, iotHub, deviceDataHub, provisioningService.resource].map(protectionOf);
    };
    const all = (kept: boolean) => [kept, kept, kept, kept];
    expect(await isProtected(minimal())).toEqual(all(true));
    expect(await isProtected(minimal(), twoKeys)).toEqual(all(true));
    expect(await isProtected({ ...minimal(), allowDataDeletion: true })).toEqual(all(true));
    expect(await isProtected({ ...minimal(), allowDataDeletion: true }, twoKeys)).toEqual(all(false));
  });
});

interface Group {
  attestation: { x509: { caReferences: { primary: string } } };
}

interface Routing {
  endpoints: { eventHubs: { endpointUri: string }[]; storageContainers: { endpointUri: string }[] };
  fallbackRoute: { isEnabled: boolean };
}

/** The SDK keeps it for children to inherit. */
const protectionOf = (resource: pulumi.Resource) => (resource as unknown as { __protect: boolean }).__protect ?? false;

describe('what the deployment cannot do itself', () => {
  it('is a list of roles when another team assigns them', async () => {
    const resources = await ingest({ ...minimal(), roleAssignmentMode: 'external' });
    expect(count(resources, 'authorization:RoleAssignment')).toBe(0);
    expect(resources.map(({ name }) => name)).not.toContain('ingest-role-propagation');
    const steps = await resolved(built.manualSteps);
    expect(steps).toHaveLength(4);
    expect(steps[0]).toContain('2b629674-e913-4c01-ae53-ef4638d8f975');
  });

  it('is files and ordered steps when the data planes are out of reach', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'artefacts-'));
    try {
      const resources = await ingest({ ...minimal(), deployerReach: 'none', edge: {}, artefactsFolder: folder });
      expect(resources.filter(({ name }) => /enrollment|edge-deployment/.test(name))).toEqual([]);
      expect(readdirSync(folder).sort()).toEqual(['deployment.json', 'enrollment-groups.json']);
      const deployment = JSON.parse(readFileSync(join(folder, 'deployment.json'), 'utf8'));
      expect(deployment.content.modulesContent.$edgeHub['properties.desired']).toMatchObject({
        routes: { upstream: 'FROM /messages/* INTO $upstream' },
        storeAndForwardConfiguration: { timeToLiveSecs: 604_800 },
      });
      const { systemModules } = deployment.content.modulesContent.$edgeAgent['properties.desired'];
      const { HostConfig } = JSON.parse(systemModules.edgeHub.settings.createOptions);
      expect(HostConfig.Binds).toEqual([`/srv/iotedge/edgeHub:${systemModules.edgeHub.env.StorageFolder.value}`]);
      expect(Object.keys(HostConfig.PortBindings)).toEqual(['443/tcp', '5671/tcp', '8883/tcp']);
      const steps = await resolved(built.manualSteps);
      expect(steps.map((step) => /enrollment-groups|deployment/.exec(step)?.[0])).toEqual([
        'enrollment-groups',
        'deployment',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('arguments', () => {
  it('are refused all together, each in a sentence that says what is allowed', async () => {
    const expired = await certificate({ notAfter: new Date('2021-01-01T00:00:00Z') });
    const leaf = await certificate({ ca: false });
    const message = refusal({
      ...minimal(),
      hospitalId: '$iothubname',
      names: { rawStorageAccount: 'a'.repeat(30) },
      iotHub: { sku: 'S9' as 'S1' },
      eventHubs: { deviceDataPartitions: 33, retentionHours: 200 },
      rawStorage: { batchFrequencySeconds: 30, immutabilityState: 'Locked', fileNameFormat: '{iothub}/x' },
      enrichments: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`e${i}`, 'x'])),
      routes: Array.from({ length: 95 }, (_, i) => ({
        name: `r${i}`,
        source: 'DeviceMessages' as const,
        endpoint: 'raw',
      })),
      deviceCertificateAuthorities: [
        { name: 'old', certificate: expired },
        { name: 'leaf', certificate: leaf },
      ],
      overrides: { 'iot-hug': {} },
    });
    const expected = [
      /hospitalId: .*first not a \$/,
      /names.rawStorageAccount: .*3 to 24 lower-case letters and digits; given is "a{30}"/,
      /iotHub.sku: .*S1, S2, S3; given is "S9"/,
      /eventHubs.deviceDataPartitions: partitions of an event hub on Standard .* 1 to 32; given is 33/,
      /eventHubs.retentionHours: .* 1 to 168; given is 200/,
      /rawStorage.batchFrequencySeconds: .* 60 to 720; given is 30/,
      /rawStorage.immutabilityState: .*acceptRisks.lockedImmutability/,
      /rawStorage.fileNameFormat: .*missing are \{partition\}/,
      /enrichments: .*at most 10 .*given are 10 beside it/,
      /routes: .*at most 100 .*given are 95/,
      /"old" has expired/,
      /"leaf" is not one of an authority/,
      /overrides.iot-hug: there is no such child .*iot-hub/,
    ];
    for (const sentence of expected) expect(message).toMatch(sentence);
    expect(message.split('\n')).toHaveLength(expected.length + 1);
  });

  it('are refused with tags that no resource can have', () => {
    const many = Object.fromEntries(Array.from({ length: 49 }, (_, i) => [`t${i}`, 'x']));
    const message = refusal({ ...minimal(), tags: { ...many, 'cost/centre': 'x', owner: 'x'.repeat(257) } });
    expect(message).toMatch(/tags: a resource has at most 50 tags, .*given are 51 beside/);
    expect(message).toMatch(/tags.cost\/centre: the name of a tag .*without <>%&/);
    expect(message).toMatch(/tags.owner: the value of a tag .* 256 characters/);
    expect(message.split('\n')).toHaveLength(4);
  });

  it('that Azure would refuse late, or in words of its own, are refused at once', () => {
    const deployerPrincipalId = '3b1f6471-1bf0-4dda-aec3-cb9272f09590';
    const message = refusal({
      ...minimal(),
      hospitalId: undefined as unknown as string,
      existingEventHubsNamespaceId: 'evhns-shared',
      iotHub: { allowedFqdns: ['https://files.example.org/x'] },
      privateEndpoints: { subnetId: '/subnets/pe' },
      deployerIpAddresses: ['10.1.0.0/24', '10.1.0.256', '10.1.0.0/33'],
      customerManagedKey: { keyUri: 'https://kv.vault.azure.net/keys/data', keyId: '/vaults/kv/keys/other' },
      deployerPrincipalId,
      edge: {},
      roleAssignments: [
        { name: 'ward', principalId: 'ward@example.org', role: 'readRawData' },
        { name: 'platform', principalId: deployerPrincipalId, role: 'administerDevices' },
        { name: 'platform', principalId: deployerPrincipalId, role: 'readRawData' },
      ],
    });
    const expected = [
      /hospitalId: .*given is ""/,
      /existingEventHubsNamespaceId: must be the ARM id .*given is "evhns-shared"/,
      /iotHub.allowedFqdns\[0\]: .*given is "https:/,
      /deployerIpAddresses\[1\]: .*given is "10.1.0.256"/,
      /deployerIpAddresses\[2\]: .*given is "10.1.0.0\/33"/,
      /customerManagedKey.keyId: .*the key "data"/,
      /roleAssignments\[0\].principalId: .*GUID; given is "ward@example.org"/,
      /roleAssignments\[1\]: "platform" or its principal has the role administerDevices already/,
    ];
    for (const sentence of expected) expect(message).toMatch(sentence);
    expect(message.split('\n')).toHaveLength(expected.length + 1);
    expect(refusal({ ...minimal(), customerManagedKey: { keyUri: 'data', keyId: 'x' } })).toMatch(
      /customerManagedKey.keyUri: .*must look like https:.*given is "data"/,
    );
  });

  it('let the deployer in where it says that it comes from, and nobody else', () => {
    const closed = { ...minimal(), privateEndpoints: { subnetId: `${network}/virtualNetworks/v/subnets/pe` } };
    expect(refusal({ ...closed, deployerIpAddresses: ['0.0.0.0/0'] })).toContain('given is "0.0.0.0/0"');
    expect(refusal(closed)).toMatch(/deployerIpAddresses: .*give at least one/);
    // Private endpoints may come from elsewhere; the deployer's way in is closed all the same.
    expect(refusal({ ...minimal(), publicNetworkAccess: 'Disabled' })).toMatch(/deployerReach: .*use vnet or none/);
    expect(refusal({ ...minimal(), deployerIpAddresses: ['10.1.0.4'] })).toMatch(/leave the addresses out otherwise/);
  });

  it('name each certificate authority once, and give it one certificate of its own', () => {
    const given = (...names: string[]) =>
      names.map((name) => ({ name, certificate: name.startsWith('gate') ? gatewayAuthority : authority }));
    const refused = (devices: string[], gateways: string[]) =>
      refusal({
        ...minimal(),
        deviceCertificateAuthorities: given(...devices),
        edge: { certificateAuthorities: given(...gateways) },
      });
    expect(refused(['Ward', 'ward'], [])).toMatch(/"ward" and "Ward" must differ in more than case/);
    expect(refused(['ward', 'icu'], [])).toMatch(/"icu" and "ward" have the same certificate/);
    expect(refused(['ward'], ['theatre'])).toMatch(/edge.certificateAuthorities\[0\].*same certificate/);
    const both = [{ name: 'ward', certificate: `${authority}${gatewayAuthority}` }];
    expect(refusal({ ...minimal(), deviceCertificateAuthorities: both })).toMatch(/"ward" comes with others/);
  });

  it('cannot lower a security floor, unless the risk is accepted by its name', async () => {
    const lowered = { ...minimal(), overrides: { 'raw-storage': { allowSharedKeyAccess: true } } };
    expect(refusal(lowered)).toMatch(
      /overrides.raw-storage.allowSharedKeyAccess: must stay false.*acceptRisks.sharedKeyAccess/,
    );
    const under = (child: string, properties: object) => refusal({ ...minimal(), overrides: { [child]: properties } });
    const immutability = (policy: object) => under('raw-storage', { immutableStorageWithVersioning: policy });
    expect(immutability({ enabled: false })).toMatch(/must stay true.*acceptRisks.mutableRawData/);
    expect(immutability({ immutabilityPolicy: { state: 'Disabled' } })).toMatch(/acceptRisks.mutableRawData/);
    expect(immutability({ immutabilityPolicy: { state: 'Locked' } })).toMatch(/acceptRisks.lockedImmutability/);
    expect(under('raw-storage', { isLocalUserEnabled: true })).toMatch(/acceptRisks.sharedKeyAccess/);
    expect(under('iot-hub', { properties: { disableModuleSAS: false } })).toMatch(/acceptRisks.localAuthentication/);
    const logKeys = {
      'hospital:hospitalId': 'stmary',
      'hospital:location': 'westeurope',
      'hospital:overrides': JSON.stringify({ 'log-workspace': { features: { disableLocalAuth: false } } }),
    };
    expect(checkedConfig('hospital', logKeys, projectFolder).problems.map(({ path }) => path)).toEqual([
      'overrides.log-workspace.features.disableLocalAuth',
    ]);
    const resources = await ingest({ ...lowered, acceptRisks: { sharedKeyAccess: true } });
    expect(one(resources, 'ingest-raw-storage')).toMatchObject({ allowSharedKeyAccess: true, isHnsEnabled: false });
  });

  it('can be overridden for every child that is said to be', async () => {
    const names = (await ingest(everything())).map(({ name }) => name);
    for (const child of overridable) expect(names).toContain(`ingest-${child}`);
    const overrides = ingestOverrides({ 'iot-hub': { properties: { comments: 'ward 7' } } });
    const hub = one(await ingest({ ...minimal(), overrides }), 'ingest-iot-hub');
    expect(hub.properties).toMatchObject({ comments: 'ward 7', disableLocalAuth: true });
  });

  it('merge as default < args < overrides, changing none of them', () => {
    const layer = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.dictionary(fc.constantFrom('x', 'y'), fc.integer()));
    fc.assert(
      fc.property(layer, layer, layer, (base, args, overrides) => {
        const before = JSON.stringify([base, args, overrides]);
        const merged = merge(base, args, overrides);
        for (const key of ['a', 'b', 'c']) {
          for (const inner of ['x', 'y']) {
            const wanted = overrides[key]?.[inner] ?? args[key]?.[inner] ?? base[key]?.[inner];
            expect(merged[key]?.[inner]).toBe(wanted);
          }
        }
        expect(JSON.stringify([base, args, overrides])).toBe(before);
        expect(merge(merged, overrides)).toEqual(merged);
      }),
    );
  });
});

describe('names', () => {
  it('are valid for any hospital, stable, and differ between hospitals and generations', () => {
    const kinds = Object.keys(nameRules) as NamedKind[];
    const text = fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.stringMatching(/^[A-Za-z0-9 -]{30,130}$/));
    fc.assert(
      fc.property(text, text, fc.uuid(), fc.constantFrom(...kinds), (hospitalId, environment, subscriptionId, kind) => {
        const seed = { hospitalId, environment, subscriptionId, nameGeneration: 1 };
        const name = physicalName(kind, seed, 'raw');
        expect(name).toMatch(nameRules[kind].pattern);
        expect(physicalName(kind, { ...seed, subscriptionId: subscriptionId.toUpperCase() }, 'raw')).toBe(name);
        expect(physicalName(kind, { ...seed, nameGeneration: 2 }, 'raw')).not.toBe(name);
        expect(physicalName(kind, { ...seed, hospitalId: `${hospitalId}!` }, 'raw')).not.toBe(name);
      }),
    );
    const seed = { hospitalId: 'St. Mary', environment: 'prod', subscriptionId: mockSubscription, nameGeneration: 1 };
    // Released: other names would replace every resource of every hospital.
    expect(physicalName('iotHub', seed)).toMatchInlineSnapshot(`"iot-st-mary-prod-nj8eedgj"`);
    expect(physicalName('storageAccount', seed, 'raw')).toMatchInlineSnapshot(`"ststmaryprodrawm5g6e1rj"`);
  });

  it('of role assignments are UUIDs of scope, principal and role', () => {
    expect(uuidOfNames('scope', 'principal', 'role')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(uuidOfNames('scope', 'principal', 'role')).toBe(uuidOfNames('scope', 'principal', 'role'));
    expect(uuidOfNames('scope', 'principal', 'other')).not.toBe(uuidOfNames('scope', 'principal', 'role'));
  });
});

describe('data planes', () => {
  const access = { tokenScope: 'x', tenantId: 'x', authorityHost: 'https://login.test', limitSeconds: 60 };
  const group = { provisioningStatus: 'enabled', capabilities: { iotEdge: false } };
  const props = { ...access, serviceHost: 'provs.test', enrollmentGroupId: 'devices', group };
  const kept = { ...group, enrollmentGroupId: 'devices', etag: 'abc', createdDateTimeUtc: 'now' };
  let calls: string[];

  /** Answers the calls in turn. */
  function answering(...answers: (readonly [status: number, body?: unknown])[]): void {
    calls = [];
    jest.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
      calls.push(`${init?.method} ${new URL(String(url)).pathname}`);
      const [status, body] = answers.shift() ?? [599];
      return new Response(body === undefined ? null : JSON.stringify(body), {
        status,
        headers: { 'retry-after': '0' },
      });
    });
  }
  afterEach(() => jest.restoreAllMocks());

  it('are asked again while the role of the deployer is on its way', async () => {
    answering([403], [401], [404], [503], [200, kept]);
    await expect(enrollmentGroup.create(props)).resolves.toMatchObject({ id: 'devices' });
    const path = '/enrollmentGroups/devices';
    expect(calls).toEqual([`GET ${path}`, `GET ${path}`, `GET ${path}`, `PUT ${path}`, `PUT ${path}`]);
  });

  it('take what an interrupted run has made, and never what somebody else has', async () => {
    answering([200, kept]);
    await enrollmentGroup.create(props);
    expect(calls).toHaveLength(1);
    answering([200, { ...kept, provisioningStatus: 'disabled' }]);
    await expect(enrollmentGroup.create(props)).rejects.toThrow('exists already with other content');
  });

  it('are read without what the service adds, so that only a drift shows', async () => {
    answering([200, kept]);
    expect(await enrollmentGroup.read('devices', props)).toMatchObject({ inputs: props });
    answering([404]);
    expect(await enrollmentGroup.read('devices', props)).toEqual({});
  });

  it('say what to do when they stay closed', async () => {
    answering([403, { message: 'no' }]);
    const closed = enrollmentGroup.create({ ...props, limitSeconds: -1 });
    await expect(closed).rejects.toThrow(
      /GET of enrolment group "devices" at provs.test failed with 403 .*deployerPrincipalId.*deployerReach to "none"/,
    );
  });

  it('replace what lies in another service, and nothing for a host that is not known yet', async () => {
    const unknown = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
    expect(await enrollmentGroup.diff('', props, { ...props, serviceHost: 'other.test' })).toEqual({
      replaces: ['serviceHost'],
    });
    expect(await enrollmentGroup.diff('', props, { ...props, serviceHost: unknown })).toEqual({ replaces: [] });
  });

  it('wait for roles that are new, and for nothing else', async () => {
    const old = { roleAssignmentIds: ['a', 'b'], seconds: 180 };
    const changes = async (news: object) => (await rolePropagation.diff('', old, { ...old, ...news })).changes;
    expect(await changes({ seconds: 5 })).toBe(false);
    expect(await changes({ roleAssignmentIds: ['b'] })).toBe(false);
    expect(await changes({ roleAssignmentIds: ['a', 'b', 'c'] })).toBe(true);
  });
});

describe('the stack configuration', () => {
  const given = { 'hospital:hospitalId': '007', 'hospital:location': 'westeurope', 'azure-native:location': 'x' };

  it('is read as the arguments, with certificates from files', async () => {
    const config = { ...given, 'hospital:ingest': JSON.stringify({ eventHubs: { deviceDataPartitions: 8 } }) };
    expect(checkedConfig('hospital', config, projectFolder)).toEqual({
      values: { hospitalId: '007', location: 'westeurope', ingest: { eventHubs: { deviceDataPartitions: 8 } } },
      problems: [],
    });
  });

  it('is refused with problems of shape and of value together', () => {
    const ingestConfig = {
      eventHubs: { deviceDataPartitions: 33, partitons: 1 },
      iotHub: { sku: 'S9' },
      consumerGroups: 'medtech',
    };
    const config = {
      'hospital:location': 'westeurope',
      'hospital:locaton': 'x',
      'hospital:ingest': JSON.stringify(ingestConfig),
    };
    const paths = checkedConfig('hospital', config, projectFolder).problems.map(({ path }) => path);
    expect(paths.sort()).toEqual(
      [
        'hospitalId',
        'ingest.consumerGroups',
        'ingest.eventHubs.deviceDataPartitions',
        'ingest.eventHubs.partitons',
        'ingest.iotHub.sku',
        'locaton',
      ].sort(),
    );
  });

  it('has a schema that is made from the arguments', async () => {
    const kept = JSON.parse(readFileSync(join(projectFolder, 'stacks', 'hospital.schema.json'), 'utf8'));
    expect(await hospitalSchema()).toEqual(kept);
  });
});

describe('the schema for other languages', () => {
  interface Property {
    readonly description?: string;
    readonly $ref?: string;
  }
  interface Schema {
    readonly resources: Record<
      string,
      { description?: string; inputProperties: Record<string, Property>; properties: Record<string, Property> }
    >;
    readonly types: Record<
      string,
      { properties?: Record<string, Property>; enum?: { value: string; description?: string }[] }
    >;
  }
  let schema: Schema;
  beforeAll(async () => {
    const options = {
      components: [HospitalEnvironment, IoMTIngest, MedTechConnector],
      dirname: join(projectFolder, 'components'),
      name: 'azure-iomt',
    };
    schema = JSON.parse(await new ComponentProvider(options).getSchema());
  });

  it('comes out of the Analyzer, with all components and at most eight outputs each', () => {
    expect(Object.keys(schema.resources).sort()).toEqual([
      'azure-iomt:index:HospitalEnvironment',
      'azure-iomt:index:IoMTIngest',
      'azure-iomt:index:MedTechConnector',
    ]);
    for (const { properties } of Object.values(schema.resources))
      expect(Object.keys(properties).length).toBeLessThanOrEqual(8);
    expect(schema.types['azure-iomt:index:IotHubSku']?.enum?.map(({ value }) => value)).toEqual(['S1', 'S2', 'S3']);
  });

  it('describes every argument, output and word', () => {
    const silent = [
      ...Object.entries(schema.resources).flatMap(([name, { description, inputProperties, properties }]) => [
        ...(description ? [] : [name]),
        ...undescribed(name, { ...inputProperties, ...properties }),
      ]),
      ...Object.entries(schema.types).flatMap(([name, type]) => [
        ...undescribed(name, type.properties ?? {}),
        ...(type.enum ?? []).filter(({ description }) => !description).map(({ value }) => `${name}.${value}`),
      ]),
    ];
    expect(silent).toEqual([]);
  });

  const undescribed = (name: string, properties: Record<string, Property>) =>
    Object.entries(properties).flatMap(([key, { description }]) => (description ? [] : [`${name}.${key}`]));
});
