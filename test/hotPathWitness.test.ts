import { EventHubProducerClient } from '@azure/event-hubs';
import * as functionPackage from '../components/dataPlane/functionPackage';
import { labelled } from '../components/dataPlane/labelledText';
import { deployer } from '../local/identity/principals';
import { until } from './support/deviceFleet';
import { everythingOn } from './support/everythingOn';
import { minute } from './support/readings';
import { ScoringCloud } from './support/scoringCloud';

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

const bed = 'monitor-0';
let hospital: ScoringCloud;

beforeAll(async () => {
  hospital = await ScoringCloud.open({}, ({ hotPath, ...args }) => {
    const replay = { name: 'replay', principalId: deployer.objectId, principalType: 'ServicePrincipal' } as const;
    const roleAssignments = [{ ...replay, role: 'replayDeadLetters' as const }];
    // Nobody has put the migrator into a group.
    const repository = { administrator: undefined };
    return everythingOn({ ...args, hotPathEnabled: true, hotPath: { ...hotPath, repository, roleAssignments } });
  });
  // The data-plane calls of this process are the deployer's.
  Object.assign(process.env, hospital.cloud.deployerEnvironment());
  await hospital.admitNow(bed);
  await hospital.passes(5 * minute);
  await hospital.settled();
}, 600_000);

afterAll(() => hospital?.close());

const apps = {
  'ml-output': { reader: 'mlOutputFhir', speaks: scoredAgain },
  'repository-migrations': { reader: 'migrate', speaks: () => hospital.passes(5 * minute) },
  routing: { reader: 'routeCareTeams', speaks: () => hospital.passes(minute) },
} as const;
type App = keyof typeof apps;

/** Of a function app itself, whatever its functions do. */
function ofHost(app: App): Record<string, Witness> {
  const { reader, speaks } = apps[app];
  return {
    [`${app}-host-storage`]: {
      what: `${app} that was started again does not find how far it is`,
      says: /storageAccounts\/blobServices|403|AuthorizationFailure|AuthorizationPermissionMismatch/,
      refusal: () => waits(reader, () => hospital.cloud.functionApps.killFunction(siteOf(app), reader)),
      heals: () => runs(reader),
    },
    [`${app}-telemetry`]: {
      what: `nothing that ${app} says arrives`,
      says: /Microsoft\.Insights\/Telemetry\/Write/,
      refusal: () => silenced(app, speaks),
      heals: () => heard(app, speaks),
    },
    [`deployer-${app}-package`]: {
      what: `changed settings of the package of ${app} are not deployed`,
      says: /blobs\/write|403/,
      refusal: () => refused(deployAgain(app, 0)),
      heals: () => deployAgain(app, 60),
    },
  };
}

const witnesses: Readonly<Record<string, Witness>> = {
  'ml-output-scored': {
    what: 'ml-output does not read what is scored',
    says: /messages\/receive\/action/,
    refusal: () => waits('mlOutputFhir', scoredAgain),
    heals: () => runs('mlOutputFhir'),
  },
  'ml-output-fhir': {
    what: 'the health record is not written, and the repository is',
    says: /iomt\.held step=ml-output-fhir cause=403/,
    refusal: async () => {
      const before = rows();
      const said = await heldAfter('ml-output-fhir', scoredAgain);
      await until('the repository goes on', () => rows() > before);
      return said;
    },
    heals: () => hospital.settled(),
  },
  'ml-output-dead-letters': {
    what: 'a result that nobody can read holds its partition',
    says: /iomt\.held step=ml-output-\w+ cause=403/,
    refusal: () => hospital.said(/iomt\.held step=ml-output-(fhir|repository) /, poison),
    heals: () => hospital.settled(),
  },
  'routing-fhir': {
    what: 'care teams are not renewed',
    says: /iomt\.held step=routing cause=403/,
    refusal: () => heldAfter('routing', () => hospital.passes(minute)),
    heals: () => hospital.settled(),
  },
  'encryption-key': {
    what: 'nothing is made that is encrypted with the key',
    says: /Microsoft\.KeyVault\/vaults\/keys\/read/,
    refusal: () => refused(makeEncrypted()),
    heals: makeEncrypted,
  },
  ...ofHost('ml-output'),
  ...ofHost('repository-migrations'),
  ...ofHost('routing'),
};

const front = 'hospital-hot-';
/** Roles of people are theirs to ask for; nothing on the path breaks without them. */
const isOperators = (name: string) => name.startsWith('operator-');

function assignments(): Map<string, string> {
  const found = hospital.resources
    .filter(({ type, urn }) => type === 'azure-native:authorization:RoleAssignment' && urn.includes(`::${front}`))
    .map(({ urn, id = '' }) => [/::hospital-hot-(.*)-role$/.exec(urn)?.[1] ?? urn, id] as const);
  return new Map(found);
}

test('every role assignment that the hot path makes has its witness', () => {
  const names = [...assignments().keys()];
  expect(names.filter((name) => !isOperators(name)).sort()).toEqual(Object.keys(witnesses).sort());
  // One to manage the database, two to replay.
  expect(names.filter(isOperators)).toHaveLength(3);
});

test.each(Object.entries(witnesses).map(([name, witness]) => [name, witness.what, witness] as const))(
  'without %s, %s; and it heals when the role is back',
  async (name, _what, { says, refusal, heals }) => {
    const said = await hospital.withoutAssignment(assignments().get(name) ?? '', refusal);
    expect(said).toMatch(says);
    await heals();
    await hospital.settled();
  },
  240_000,
);

test('what was scored meanwhile is in the repository, each window once', async () => {
  await scoredAgain();
  await hospital.settled();
  const windows = new Set(hospital.windows.map(({ patient, horizon, start }) => `${patient} ${horizon} ${start}`));
  await until('all rows are there', () => rows() >= windows.size);
  expect(rows()).toBe(windows.size);
  expect(windows.size).toBeGreaterThan(5);
});

/** Somebody measures, and the window closes. */
async function scoredAgain(): Promise<void> {
  await hospital.measures(bed);
  await hospital.untilWindowsClose();
}

function rows(): number {
  const { id = '' } = hospital.only('sql:Database', '-hot-sql-database');
  const [row] = hospital.cloud.sqlServers.read(id, 'SELECT COUNT(*) AS count FROM "care.scoredWindow"');
  return Number(row?.count);
}

/** Sends what no reader understands, with the rights of who replays dead letters. */
async function poison(): Promise<void> {
  const { outputs } = hospital.only('eventhub:Namespace', '');
  const { host: eventHubsHost } = new URL(String(outputs?.serviceBusEndpoint));
  const producer = new EventHubProducerClient(eventHubsHost, 'scored', hospital.cloud.credential(deployer));
  await producer.sendBatch([{ body: Buffer.from('no JSON') }]);
  await producer.close();
}

const siteOf = (app: App) => hospital.only('web:WebApp', `${front}${app}-app`).id ?? '';

const healthOf = (app: App) => {
  const found = hospital.cloud.functionApps.health().find(({ site }) => site === siteOf(app));
  if (!found) throw new Error(`There is no app ${app}.`);
  return found;
};

const heldAfter = (step: string, happens: () => Promise<unknown>) =>
  hospital.said(new RegExp(`iomt\\.held step=${step} `), happens);

/** Answers why a function does not work. */
async function waits(name: string, happens: () => Promise<unknown>): Promise<string> {
  await happens();
  await until(`${name} waits`, () => hospital.health(name).state === 'waiting');
  return hospital.health(name).reason ?? '';
}

function runs(name: string): Promise<void> {
  return until(`${name} runs`, () => hospital.health(name).state === 'running');
}

async function silenced(app: App, happens: () => Promise<unknown>): Promise<string> {
  await happens();
  await until(`telemetry of ${app} is refused`, () => healthOf(app).telemetryRefused !== undefined);
  return healthOf(app).telemetryRefused ?? '';
}

async function heard(app: App, happens: () => Promise<unknown>): Promise<void> {
  await happens();
  await until(`telemetry of ${app} is taken`, () => healthOf(app).telemetryRefused === undefined);
}

/** A second account like that of an app, encrypted with the same key by the same identity. */
async function makeEncrypted(): Promise<void> {
  const { inputs } = hospital.only('storage:StorageAccount', `${front}routing-storage`);
  const id = await hospital.byHand.create('storage:StorageAccount', { ...inputs, accountName: 'sthotsecond' });
  await hospital.byHand.delete('storage:StorageAccount', id);
}

/** What `pulumi up` runs for another package. With no patience, a refusal is told at once. */
async function deployAgain(app: App, limitSeconds: number): Promise<void> {
  const resource = hospital.resources.find(({ urn }) => urn.endsWith(`::${front}${app}-package`));
  const olds = resource?.outputs as unknown as Parameters<typeof functionPackage.update>[1];
  const props = { ...(resource?.inputs as unknown as functionPackage.FunctionPackageProps), limitSeconds };
  const texts = { ...props.texts, 'changed.txt': labelled('changed.txt', `${limitSeconds}\n`) };
  await functionPackage.update(resource?.id ?? '', olds, { ...props, texts });
}

async function refused(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => Promise.reject(new Error('It was expected to be refused, and passed.')),
    (error: Error) => error.message,
  );
}
