import * as functionPackage from '../components/dataPlane/functionPackage';
import { labelled } from '../components/dataPlane/labelledText';
import { admit } from '../local/admissions';
import type { ArmResource } from '../local/contracts';
import type { FunctionHealth } from '../local/functions/health';
import { healthRecord } from '../local/identity/principals';
import { ArmClient } from './support/armClient';
import { until } from './support/deviceFleet';
import type { StateResource } from './support/engineStack';
import { everythingOn } from './support/everythingOn';
import { HospitalCloud } from './support/hospitalCloud';

/** What breaks without one role, where it is seen. */
interface Witness {
  readonly what: string;
  /** What the refusal names, as it is told at the place that breaks. */
  readonly says: RegExp;
  /** Uses the role while it is gone and answers the refusal. */
  readonly refusal: () => Promise<string>;
  /** Uses the role again, after it was put back. */
  readonly heals: () => Promise<void>;
}

let hospital: HospitalCloud;
let arm: ArmClient | undefined;
let state: StateResource[];
let fhirUrl = '';

beforeAll(async () => {
  hospital = await HospitalCloud.start();
  const { cloud } = hospital;
  const stack = await hospital.stack('everything');
  const args = await hospital.args('everything', { scoringEnabled: false });
  const up = await stack.up(async () => {
    const { fhirUrl: url } = everythingOn(args);
    return { url };
  });
  fhirUrl = String(up.outputs.url?.value);
  state = await stack.resources();
  arm = await ArmClient.connect(cloud.controlPlanePort);
  // The data-plane calls of this process are the deployer's.
  Object.assign(process.env, cloud.deployerEnvironment());
  await admitted('monitor-0');
  await until(
    'the functions run',
    () => functions().every((one) => one.state === 'running') && functions().length === 3,
  );
});

afterAll(async () => {
  arm?.close();
  await hospital.close();
});

const witnesses: Readonly<Record<string, Witness>> = {
  'clock-marks-devicedata': {
    what: 'no clock mark is put into devicedata',
    says: /iomt\.held step=clock-marks/,
    refusal: () => heldAfter('clock-marks', tick),
    heals: () => takesMore('devicedata', tick),
  },
  'normalize-devicedata': {
    what: 'normalize does not read device data',
    says: /messages\/receive\/action/,
    refusal: () => waits('normalize'),
    heals: () => runs('normalize'),
  },
  'normalize-normalizeddata': {
    what: 'measurements are held',
    says: /iomt\.held step=normalize/,
    refusal: () => heldAfter('normalize', () => sends({ hr: 72 })),
    heals: () => takesMore('normalizeddata', () => sends({ hr: 73 })),
  },
  'normalize-dead-letters': {
    what: 'a message that cannot be read holds its partition',
    says: /iomt\.held step=normalize/,
    refusal: () => heldAfter('normalize', () => sendsText('no JSON')),
    heals: drained,
  },
  'normalize-host-storage': {
    what: 'normalize that was started again does not find what it has read',
    says: /storageAccounts\/blobServices|403|AuthorizationFailure|AuthorizationPermissionMismatch/,
    refusal: () => waits('normalize', () => killed('normalize')),
    heals: () => runs('normalize'),
  },
  'normalize-telemetry': {
    what: 'nothing that normalize says arrives',
    says: /Microsoft\.Insights\/Telemetry\/Write/,
    refusal: () => silenced('normalize', () => sendsText('no JSON')),
    heals: () => heard('normalize', () => sendsText('no JSON')),
  },
  'write-observations-normalizeddata': {
    what: 'write-observations does not read measurements',
    says: /messages\/receive\/action/,
    refusal: () => waits('writeObservations'),
    heals: () => runs('writeObservations'),
  },
  'write-observations-fhir': {
    what: 'Observations are held',
    says: /iomt\.held step=write-observations cause=403/,
    refusal: () => heldAfter('write-observations', () => sends({ hr: 76 })),
    heals: drained,
  },
  'write-observations-dead-letters': {
    what: 'a measurement of a device that nobody wears holds its partition',
    says: /iomt\.held step=write-observations/,
    refusal: () => heldAfter('write-observations', () => sends({ hr: 77 }, 'monitor-unknown')),
    heals: drained,
  },
  'write-observations-host-storage': {
    what: 'write-observations that was started again does not find what it has read',
    says: /storageAccounts\/blobServices|403|AuthorizationFailure|AuthorizationPermissionMismatch/,
    refusal: () => waits('writeObservations', () => killed('writeObservations')),
    heals: () => runs('writeObservations'),
  },
  'write-observations-telemetry': {
    what: 'nothing that write-observations says arrives',
    says: /Microsoft\.Insights\/Telemetry\/Write/,
    refusal: () => silenced('write-observations', () => sends({ hr: 78 }, 'monitor-unknown')),
    heals: () => heard('write-observations', () => sends({ hr: 79 }, 'monitor-unknown')),
  },
  'fhir-events': {
    what: 'what happens in the FHIR service is not told in fhirevents',
    says: /Microsoft\.EventHub\/namespaces\/messages\/send\/action/,
    refusal: () => warned(/Events of .* wait: .*/, () => admitted(`monitor-${++admissions}`)),
    heals: () => takesMore('fhirevents', () => admitted(`monitor-${++admissions}`)),
  },
  'encryption-key': {
    what: 'no account for dead letters is made that is encrypted with the key',
    says: /Microsoft\.KeyVault\/vaults\/keys\/read/,
    refusal: () => refused(makeEncrypted()),
    heals: makeEncrypted,
  },
  'deployer-normalize-package': {
    what: 'a changed device mapping is not deployed',
    says: /blobs\/write|403/,
    refusal: () => refused(deployAgain('normalize', 0)),
    heals: () => deployAgain('normalize', 60),
  },
  'deployer-write-observations-package': {
    what: 'a changed FHIR mapping is not deployed',
    says: /blobs\/write|403/,
    refusal: () => refused(deployAgain('write-observations', 0)),
    heals: () => deployAgain('write-observations', 60),
  },
};

/** Roles of people are theirs to ask for; nothing on the path breaks without them. */
const isOperators = (name: string) => name.startsWith('operator-');

function assignments(): Map<string, ArmResource> {
  const named = state.flatMap(({ type, urn, id = '' }): [string, ArmResource][] => {
    const [, name] = /::hospital-connector-(.*)-role$/.exec(urn) ?? [];
    if (type !== 'azure-native:authorization:RoleAssignment' || name === undefined) return [];
    return [[name, hospital.cloud.controlPlane.resources.get(id) as ArmResource]];
  });
  return new Map(named);
}

test('every role assignment that the connector makes has its witness', () => {
  const names = [...assignments().keys()].filter((name) => !isOperators(name));
  expect(names.sort()).toEqual(Object.keys(witnesses).sort());
  // The health record's, and those of operators: one to read, one to write, three to replay.
  expect([...assignments().keys()].filter(isOperators)).toHaveLength(6);
});

test.each(Object.entries(witnesses).map(([name, witness]) => [name, witness.what, witness] as const))(
  'without %s, %s; and it heals when the role is back',
  async (name, _what, { says, refusal, heals }) => {
    const { eventHubs } = hospital.cloud;
    const assignment = assignments().get(name) as ArmResource;
    await byHand().delete('authorization:RoleAssignment', assignment.id);
    await eventHubs.checkAccess();
    const said = await refusal().finally(() =>
      byHand().create('authorization:RoleAssignment', { ...assignment.inputs }),
    );
    expect(said).toMatch(says);
    await heals();
    await drained();
  },
);

function byHand(): ArmClient {
  if (!arm) throw new Error('The hospital did not come up.');
  return arm;
}

const functions = (): FunctionHealth[] => hospital.cloud.functionApps.health().flatMap((app) => app.functions);

function health(name: string): FunctionHealth {
  const found = functions().find((one) => one.name === name);
  if (!found) throw new Error(`There is no function ${name}.`);
  return found;
}

function appOf(child: string) {
  const found = hospital.cloud.functionApps.health().find(({ site }) => site === only('web:WebApp', `${child}-app`).id);
  if (!found) throw new Error(`There is no function app ${child}.`);
  return found;
}

/** Everything that was sent is handled: letters are written, measurements recorded. */
function drained(): Promise<void> {
  return until('the functions have handled all', () => hospital.cloud.functionApps.isDrained());
}

/** Makes something happen, and answers the first warning after it that matches. */
async function warned(pattern: RegExp, happens: () => Promise<void>): Promise<string> {
  const { warnings } = hospital;
  const before = warnings.length;
  await happens();
  const match = () => warnings.slice(before).find((line) => pattern.test(line));
  await until(`somebody says ${pattern}`, () => match() !== undefined);
  return match() ?? '';
}

const heldAfter = (step: string, happens: () => Promise<void>) =>
  warned(new RegExp(`iomt\\.held step=${step} `), happens);

/** Answers why a function does not work. */
async function waits(name: string, happens = async () => {}): Promise<string> {
  await happens();
  await until(`${name} waits`, () => health(name).state === 'waiting');
  return health(name).reason ?? '';
}

function runs(name: string): Promise<void> {
  return until(`${name} runs`, () => health(name).state === 'running');
}

function killed(name: string): Promise<void> {
  const child = name === 'normalize' ? 'normalize' : 'write-observations';
  return hospital.cloud.functionApps.killFunction(only('web:WebApp', `${child}-app`).id ?? '', name);
}

async function silenced(child: string, happens: () => Promise<void>): Promise<string> {
  await happens();
  await until(`telemetry of ${child} is refused`, () => appOf(child).telemetryRefused !== undefined);
  return appOf(child).telemetryRefused ?? '';
}

async function heard(child: string, happens: () => Promise<void>): Promise<void> {
  await happens();
  await until(`telemetry of ${child} is taken`, () => appOf(child).telemetryRefused === undefined);
}

const taken = (hub: string) => hospital.cloud.eventHubs.stats().find(({ eventHub }) => eventHub === hub)?.events ?? 0;

async function takesMore(hub: string, happens: () => Promise<void>): Promise<void> {
  const before = taken(hub);
  await happens();
  await until(`${hub} takes more`, () => taken(hub) > before);
}

/** Long enough for a clock mark to be due. */
async function tick(): Promise<void> {
  const { clock } = hospital.cloud;
  await clock.advanceTo(clock.now() + 11_000);
}

let admissions = 0;

/** A patient with a device, as the hospital's health record makes them. */
function admitted(deviceId: string): Promise<void> {
  const { cloud } = hospital;
  const since = new Date(cloud.clock.now() - 3_600_000).toISOString();
  return admit(fhirUrl, cloud.credential(healthRecord), [deviceId], since);
}

function sends(values: Record<string, number>, deviceId = 'monitor-0'): Promise<void> {
  const time = new Date(hospital.cloud.clock.now()).toISOString();
  return sendsText(JSON.stringify({ ...values, time }), deviceId);
}

/** What IoT Hub puts into devicedata, sent by its identity. */
async function sendsText(text: string, deviceId = 'monitor-0'): Promise<void> {
  const { authority, eventHubs } = hospital.cloud;
  const router = only('managedidentity:UserAssignedIdentity', 'hub-router-identity').id ?? '';
  const hub = only('eventhub:EventHub', 'hospital-ingest-devicedata').id ?? '';
  const event = {
    body: Buffer.from(text),
    systemProperties: { 'iothub-connection-device-id': deviceId },
  };
  await eventHubs.send(authority.identity(router), hub, [{ partitionKey: deviceId, event }]);
}

/** A second account like that of dead letters, encrypted with the same key by the same identity. */
async function makeEncrypted(): Promise<void> {
  const { inputs } = only('storage:StorageAccount', 'hospital-connector-dead-letters');
  const id = await byHand().create('storage:StorageAccount', { ...inputs, accountName: 'stsecond' });
  await byHand().delete('storage:StorageAccount', id);
}

/** What `pulumi up` runs for another mapping. With no patience, a refusal is told at once. */
async function deployAgain(child: string, limitSeconds: number): Promise<void> {
  const resource = state.find(({ type, urn }) => type.endsWith(':FunctionPackage') && urn.endsWith(`${child}-package`));
  const olds = resource?.outputs as unknown as Parameters<typeof functionPackage.update>[1];
  const props = { ...(resource?.inputs as unknown as functionPackage.FunctionPackageProps), limitSeconds };
  const texts = { ...props.texts, 'changed.txt': labelled('changed.txt', `${limitSeconds}\n`) };
  await functionPackage.update(resource?.id ?? '', olds, { ...props, texts });
}

function only(kind: string, name: string): StateResource {
  const found = state.filter(({ type, urn }) => type === `azure-native:${kind}` && urn.endsWith(name));
  if (found.length !== 1) throw new Error(`The stack has ${found.length} resources ${kind} named ${name}, not one.`);
  return found[0] as StateResource;
}

async function refused(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => Promise.reject(new Error('It was expected to be refused, and passed.')),
    (error: Error) => error.message,
  );
}
