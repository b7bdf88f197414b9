import * as edgeDeployment from '../components/dataPlane/edgeDeployment';
import * as enrollmentGroup from '../components/dataPlane/enrollmentGroup';
import type { ArmResource } from '../local/contracts';
import { type ConnectedDevice, connectDevice } from '../local/devices/connectedDevice';
import { DeviceAuthority } from '../local/devices/deviceAuthority';
import { provisionDevice } from '../local/devices/provisionDevice';
import { deployer } from '../local/identity/principals';
import { ArmClient } from './support/armClient';
import { until } from './support/deviceFleet';
import type { StateResource } from './support/engineStack';
import { everythingOn } from './support/everythingOn';
import { HospitalCloud } from './support/hospitalCloud';

/** What breaks without one role, where it is seen. */
interface Witness {
  readonly what: string;
  /** Data action that the refusal names. */
  readonly action: string;
  /** Uses the role while it is gone and answers the refusal, as it is told at the place that breaks. */
  readonly refusal: () => Promise<string>;
  /** Uses the role again, after it was put back. */
  readonly heals: () => Promise<void>;
}

let hospital: HospitalCloud;
let arm: ArmClient | undefined;
let state: StateResource[];
let device: ConnectedDevice | undefined;

beforeAll(async () => {
  hospital = await HospitalCloud.start();
  const { cloud } = hospital;
  const stack = await hospital.stack('everything');
  const args = await hospital.args('everything', { scoringEnabled: false });
  await stack.up(async () => void everythingOn(args));
  state = await stack.resources();
  arm = await ArmClient.connect(cloud.controlPlanePort);
  // The data-plane calls of this process are the deployer's.
  Object.assign(process.env, cloud.identityEnvironment([deployer]));
  device = await newDevice();
});

afterAll(async () => {
  // What did not come up in `beforeAll` is not there.
  await device?.close();
  arm?.close();
  await hospital.close();
});

/** Witnesses of every role assignment, by its logical name within the component. */
const witnesses: Readonly<Record<string, Witness>> = {
  'hub-router-devicedata': {
    what: 'device data is held at the endpoint devicedata',
    action: 'Microsoft.EventHub/namespaces/messages/send/action',
    refusal: () => heldAt('devicedata', send),
    heals: () => deliveredAt('devicedata'),
  },
  'hub-router-raw': {
    what: 'raw copies are held at the endpoint raw',
    action: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
    refusal: () => heldAt('raw', send),
    heals: () => deliveredAt('raw'),
  },
  'hub-router-device-administration': {
    what: 'events of devices are held at the endpoint device-administration',
    action: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
    refusal: () => heldAt('device-administration', register),
    heals: () => deliveredAt('device-administration'),
  },
  'provisioning-iot-hub': {
    what: 'a new device is not registered',
    action: 'Microsoft.Devices/IotHubs/devices/read',
    refusal: () => refused(register()),
    heals: async () => void (await register()),
  },
  'deployer-provisioning': {
    what: 'a changed enrolment group is not applied',
    action: 'Microsoft.Devices/provisioningServices/enrollmentGroups/write',
    refusal: () => refused(changeGroup('disabled')),
    heals: () => changeGroup('enabled'),
  },
  'deployer-iot-hub': {
    what: 'a changed automatic deployment is not applied',
    action: 'Microsoft.Devices/IotHubs/configurations/write',
    refusal: () => refused(changeDeployment(11)),
    heals: () => changeDeployment(10),
  },
  'encryption-key': {
    what: 'nothing is made that is encrypted with the key',
    action: 'Microsoft.KeyVault/vaults/keys/read',
    refusal: async () => {
      const said = [
        await refused(makeEncrypted('eventhub:Namespace')),
        await refused(makeEncrypted('storage:StorageAccount')),
      ];
      expect(said[1]).toContain('Microsoft.KeyVault/vaults/keys/read');
      return said[0] ?? '';
    },
    heals: async () => {
      await makeEncrypted('eventhub:Namespace');
      await makeEncrypted('storage:StorageAccount');
    },
  },
};

/** Roles of people are theirs to ask for; nothing on the path breaks without them. */
const isOperators = (name: string) => name.startsWith('operator-');

function assignments(): Map<string, ArmResource> {
  const named = state
    .filter(({ type }) => type === 'azure-native:authorization:RoleAssignment')
    .flatMap(({ urn, id = '' }): [string, ArmResource][] => {
      // The connector's have their witnesses in connectorWitness.test.ts, those of scoring in scoringWitness.test.ts.
      if (urn.includes('::hospital-connector-')) return [];
      const name = /::hospital-ingest-(.*)-role$/.exec(urn)?.[1] ?? urn;
      return [[name, hospital.cloud.controlPlane.resources.get(id) as ArmResource]];
    });
  return new Map(named);
}

test('every role assignment that the stack makes has its witness', () => {
  const names = [...assignments().keys()].filter((name) => !isOperators(name));
  expect(names.sort()).toEqual(Object.keys(witnesses).sort());
  expect([...assignments().keys()].filter(isOperators)).toHaveLength(4);
});

test.each(Object.entries(witnesses).map(([name, witness]) => [name, witness.what, witness] as const))(
  'without %s, %s; and it heals when the role is back',
  async (name, _what, { action, refusal, heals }) => {
    const assignment = assignments().get(name) as ArmResource;
    await byHand().delete('authorization:RoleAssignment', assignment.id);
    const said = await refusal().finally(() =>
      byHand().create('authorization:RoleAssignment', { ...assignment.inputs }),
    );
    expect(said).toContain(action);
    await heals();
  },
);

function byHand(): ArmClient {
  if (!arm) throw new Error('The hospital did not come up.');
  return arm;
}

let registered = 0;

async function newDevice(): Promise<ConnectedDevice> {
  const { cloud } = hospital;
  const deviceId = `monitor-${++registered}`;
  const authority = await DeviceAuthority.open(cloud.state.folder('devices'));
  return connectDevice({
    deviceId,
    credentials: await authority.credentials(deviceId),
    serverAuthority: cloud.certificates.authority,
    provisioning: provisioning(),
  });
}

async function register(): Promise<void> {
  const { cloud } = hospital;
  const deviceId = `monitor-${++registered}`;
  const authority = await DeviceAuthority.open(cloud.state.folder('devices'));
  const credentials = await authority.credentials(deviceId);
  await provisionDevice(provisioning(), deviceId, credentials, cloud.certificates.authority);
}

function provisioning(): { host: string; idScope: string } {
  const service = only('azure-native:resources:Resource').outputs?.properties as Record<string, string>;
  return { host: service.deviceProvisioningHostName ?? '', idScope: service.idScope ?? '' };
}

let sent = 0;

/** Resolves when the hub has taken the message: it takes messages whatever becomes of its endpoints. */
function send(): Promise<void> {
  const { clock } = hospital.cloud;
  const body = Buffer.from(JSON.stringify({ heartRate: 72 }));
  if (!device) throw new Error('The device did not connect.');
  return device.send({ body, messageId: `m-${++sent}`, creationTime: clock.now() });
}

function health(endpoint: string) {
  const found = hospital.cloud.iotHubs
    .health(only('azure-native:iothub:IotHubResource').id ?? '')
    .find(({ endpointName }) => endpointName === endpoint);
  if (!found) throw new Error(`The hub has no endpoint ${endpoint}.`);
  return found;
}

/** Longer than the hub gathers messages for one raw blob. */
const batchMs = 13 * 60_000;

/** Makes something happen that goes to the endpoint, and answers why the endpoint does not take it. */
async function heldAt(endpoint: string, happens: () => Promise<void>): Promise<string> {
  await happens();
  const { clock } = hospital.cloud;
  await clock.advanceTo(clock.now() + batchMs);
  await until(`${endpoint} is unhealthy`, () => health(endpoint).status === 'unhealthy');
  const others = ['devicedata', 'raw', 'device-administration'].filter((name) => name !== endpoint);
  expect(others.map((name) => health(name).status)).toEqual(['healthy', 'healthy']);
  heldBefore = health(endpoint).sent;
  expect(health(endpoint).behind).toBeGreaterThan(0);
  return health(endpoint).lastKnownError ?? '';
}

let heldBefore = 0;

/** What was held comes through, without being sent again. */
function deliveredAt(endpoint: string): Promise<void> {
  return until(`${endpoint} has what it held`, () => {
    const { status, behind, sent: taken } = health(endpoint);
    return status === 'healthy' && behind === 0 && taken > heldBefore;
  });
}

/** What `pulumi up` runs for a changed enrolment group, without its ten minutes of patience with refusals. */
async function changeGroup(provisioningStatus: string): Promise<void> {
  const resource = state.find(
    ({ type, urn }) => type.endsWith(':EnrollmentGroup') && urn.endsWith('-devices-local-devices'),
  );
  const props = { ...resource?.outputs, limitSeconds: 0 } as unknown as enrollmentGroup.EnrollmentGroupProps;
  const group = { ...props.group, provisioningStatus };
  await enrollmentGroup.update(resource?.id ?? '', props, { ...props, group });
}

async function changeDeployment(priority: number): Promise<void> {
  const resource = only('pulumi-nodejs:dynamic/azure-iomt:EdgeDeployment');
  const props = { ...resource.outputs, limitSeconds: 0 } as unknown as edgeDeployment.EdgeDeploymentProps;
  const deployment = { ...props.deployment, priority };
  await edgeDeployment.update(resource.id ?? '', props, { ...props, deployment });
}

/** A second resource like the hospital's, encrypted with the same key by the same identity. */
async function makeEncrypted(kind: 'eventhub:Namespace' | 'storage:StorageAccount'): Promise<void> {
  const { inputs } = only(`azure-native:${kind}`, '-ingest-');
  const names = {
    'eventhub:Namespace': { namespaceName: 'evhns-second' },
    'storage:StorageAccount': { accountName: 'stsecond' },
  };
  const id = await byHand().create(kind, { ...inputs, ...names[kind] });
  await byHand().delete(kind, id);
}

function only(type: string, name = ''): StateResource {
  const found = state.filter((resource) => resource.type === type && resource.urn.includes(name));
  if (found.length !== 1) throw new Error(`The stack has ${found.length} resources of type ${type}, not one.`);
  return found[0] as StateResource;
}

async function refused(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => Promise.reject(new Error('It was expected to be refused, and passed.')),
    (error: Error) => error.message,
  );
}
