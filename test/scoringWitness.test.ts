import { ContainerClient } from '@azure/storage-blob';
import { MLScoringPath } from '../components';
import * as functionPackage from '../components/dataPlane/functionPackage';
import { labelled } from '../components/dataPlane/labelledText';
import { commonSettingsOf } from '../components/hospital/parts';
import { patientIdOf } from '../local/admissions';
import { judge } from '../local/identity/principals';
import { until } from './support/deviceFleet';
import type { StateResource } from './support/engineStack';
import { everythingOn } from './support/everythingOn';
import { hour, message, minute, second } from './support/readings';
import { ScoringCloud, windowMs } from './support/scoringCloud';
import { scoringPlatform } from './support/scoringPlatform';

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
  hospital = await ScoringCloud.open({}, everythingOn);
  // The data-plane calls of this process are the deployer's.
  Object.assign(process.env, hospital.cloud.deployerEnvironment());
  await hospital.admitNow(bed);
  await hospital.settled();
});

afterAll(() => hospital?.close());

const apps = {
  'ml-input': { reader: 'mlInput', speaks: () => hospital.measures('monitor-unknown') },
  score: { reader: 'score', speaks: () => hospital.untilWindowsClose() },
  'long-view': { reader: 'baselines', speaks: hourIsScored },
} as const;
type App = keyof typeof apps;

/** Of a function app itself, whatever its functions do. */
function ofHost(app: App): Record<string, Witness> {
  const { reader, speaks } = apps[app];
  return {
    [`${app}-host-storage`]: {
      what: `${app} that was started again does not find how far it is`,
      says: /storageAccounts\/blobServices|403|AuthorizationFailure|AuthorizationPermissionMismatch/,
      refusal: () => waits(reader, () => killed(app)),
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
  'long-view-baselines': {
    what: 'no baselines are made',
    says: /iomt\.held step=baselines cause=403/,
    refusal: () => heldAfter('baselines', nightlyJob),
    heals: async () => {
      await nightlyJob();
      await until('there are baselines', async () => (await baselineFiles()).length > 0);
    },
  },
  'long-view-scored-files': {
    what: 'what baselines are made of cannot be read',
    says: /iomt\.held step=baselines cause=403/,
    refusal: () => heldAfter('baselines', nightlyJob),
    heals: () => longWindowFollows(hourIsScored),
  },
  'long-view-bronze': {
    what: 'longer windows are not scored',
    says: /iomt\.held step=long-windows cause=403/,
    refusal: () => heldAfter('long-windows', hourIsScored),
    heals: () => longWindowFollows(hourIsScored),
  },
  'long-view-scored': {
    what: 'longer windows are held',
    says: /iomt\.held step=long-windows cause=UnauthorizedError/,
    refusal: () => heldAfter('long-windows', hourIsScored),
    heals: () => longWindowFollows(async () => {}),
  },
  'capture-bronze': {
    what: 'what is enriched does not get into the lake, and no other hub could be made that does',
    says: /containers\/blobs\/write.*containers\/blobs\/write/s,
    refusal: () => notCaptured('enriched', () => hospital.measures(bed)),
    heals: () => hospital.captured(),
  },
  'capture-scored': {
    what: 'scores do not get into the lake, and no other hub could be made that does',
    says: /containers\/blobs\/write.*containers\/blobs\/write/s,
    refusal: () => notCaptured('scored', () => hospital.untilWindowsClose()),
    heals: () => hospital.captured(),
  },
  'ml-input-normalizeddata': {
    what: 'ml-input does not read measurements',
    says: /messages\/receive\/action/,
    refusal: () => waits('mlInput', () => hospital.measures(bed)),
    heals: () => runs('mlInput'),
  },
  'ml-input-fhir': {
    what: 'measurements of a patient who is not known yet are held',
    says: /iomt\.held step=ml-input cause=403/,
    refusal: () => heldAfter('ml-input', newcomer),
    heals: () => hospital.settled(),
  },
  'ml-input-enriched': {
    what: 'measurements with their patients are held',
    says: /iomt\.held step=ml-input cause=UnauthorizedError/,
    refusal: () => heldAfter('ml-input', () => hospital.measures(bed)),
    heals: () => takesMore('enriched'),
  },
  'ml-input-dead-letters': {
    what: 'a measurement of a device that nobody wears holds its partition',
    says: /iomt\.held step=ml-input cause=403/,
    refusal: () => heldAfter('ml-input', () => hospital.measures('monitor-unknown')),
    heals: () => hospital.settled(),
  },
  'ml-input-fhirevents': {
    what: 'ml-input is not told what changes in the health record',
    says: /messages\/receive\/action/,
    refusal: () => waits('chartedValues'),
    heals: () => runs('chartedValues'),
  },
  'ml-input-fhirevents-marks': {
    what: 'no clock mark is put into fhirevents',
    says: /iomt\.held step=clock-marks cause=UnauthorizedError/,
    refusal: () => heldAfter('clock-marks', () => hospital.tick()),
    heals: () => takesMore('fhirevents', () => hospital.tick()),
  },
  'score-enriched': {
    what: 'score does not read what is enriched',
    says: /messages\/receive\/action/,
    refusal: () => waits('score', () => hospital.measures(bed)),
    heals: () => runs('score'),
  },
  'score-scored': {
    what: 'scores are held',
    says: /iomt\.held step=score cause=UnauthorizedError/,
    refusal: () => heldAfter('score', () => hospital.untilWindowsClose()),
    heals: () => takesMore('scored'),
  },
  'score-state': {
    what: 'windows are not closed, since nothing can be kept of them',
    says: /iomt\.held step=score cause=403/,
    refusal: () => heldAfter('score', () => hospital.untilWindowsClose()),
    heals: () => takesMore('scored'),
  },
  'score-baselines': {
    what: 'windows are not closed, since it is not known with what they are compared',
    says: /iomt\.held step=score cause=403/,
    refusal: () =>
      heldAfter('score', async () => {
        // Of a day's baselines it asks once.
        await killed('score');
        await hospital.untilWindowsClose();
      }),
    heals: () => takesMore('scored'),
  },
  'score-bronze': {
    what: 'late data is not repaired',
    says: /iomt\.held step=repair cause=403/,
    refusal: () => heldAfter('repair', comesLate),
    heals: () => until('the window is scored again', () => hospital.windows.some(isCorrected)),
  },
  'encryption-key': {
    what: 'no lake is made that is encrypted with the key',
    says: /Microsoft\.KeyVault\/vaults\/keys\/read/,
    refusal: () => refused(makeEncrypted()),
    heals: makeEncrypted,
  },
  ...ofHost('ml-input'),
  ...ofHost('score'),
  ...ofHost('long-view'),
};

/** Roles of people are theirs to ask for; nothing on the path breaks without them. */
const isOperators = (name: string) => name.startsWith('operator-');

/** Those of ingest and connector have their witnesses in witness.test.ts and connectorWitness.test.ts. */
function assignments(): string[] {
  return hospital.resources
    .filter(({ type }) => type === 'azure-native:authorization:RoleAssignment')
    .map(
      ({ urn }) =>
        urn
          .split('::')
          .at(-1)
          ?.replace(/-role$/, '') ?? urn,
    )
    .filter((name) => !/^hospital-(ingest|connector)-/.test(name))
    .map((name) => name.replace('hospital-scoring-', ''));
}

test('every role assignment that scoring makes has its witness', () => {
  const names = assignments();
  expect(names.filter((name) => !isOperators(name)).sort()).toEqual(Object.keys(witnesses).sort());
  // Three to read the lake, one to read scores, one to replay.
  expect(names.filter(isOperators)).toHaveLength(5);
});

test.each(Object.entries(witnesses).map(([name, witness]) => [name, witness.what, witness] as const))(
  'without %s, %s; and it heals when the role is back',
  async (name, _what, { says, refusal, heals }) => {
    const said = await hospital.without(name, refusal, 'scoring');
    expect(said).toMatch(says);
    await heals();
    await hospital.settled();
  },
);

test('what was measured meanwhile is in its window, once, and no window is missing', async () => {
  const { samples, ...found } = await hospital.judged();
  expect(found).toEqual({ ...found, found: found.expected, lost: [], duplicated: [], wrong: [] });
  expect(samples.found).toBe(samples.expected);
  expect(samples.expected).toBeGreaterThan(5);
});

describe('where charted values are searched for', () => {
  let roles: StateResource[];

  beforeAll(async () => {
    const stack = await hospital.local.stack('searching');
    const args = commonSettingsOf('scoring', await hospital.local.args('searching'));
    await stack.up(async () => {
      const platform = scoringPlatform('searching');
      new MLScoringPath('scoring', { ...args, ...platform, hospitalId: 'searching' });
    });
    roles = (await stack.resources()).filter(({ type }) => type.endsWith(':RoleAssignment'));
    await hospital.allRun();
  });

  const nameOf = ({ urn }: StateResource) => /::scoring-(.*)-role$/.exec(urn)?.[1] ?? urn;

  test('there is one more role, for how far the search got', () => {
    expect(roles.map(nameOf).filter((name) => !(name in witnesses))).toEqual(['ml-input-state']);
  });

  test('without ml-input-state, the search is held; and it heals when the role is back', async () => {
    const role = roles.find((one) => nameOf(one) === 'ml-input-state');
    const search = () => heldAfter('charted-values', () => hospital.passes(31 * second));
    const said = await hospital.withoutAssignment(role?.id ?? '', search);
    expect(said).toMatch(/iomt\.held step=charted-values cause=403/);
    await until('the search sends its mark', () => hospital.taken('enriched', 'evhns-searching') > 0);
    const before = hospital.taken('enriched', 'evhns-searching');
    await hospital.passes(31 * second);
    await until('the search goes on', () => hospital.taken('enriched', 'evhns-searching') > before);
  });
});

const heldAfter = (step: string, happens: () => Promise<unknown>) =>
  hospital.said(new RegExp(`iomt\\.held step=${step} `), happens);

/** Answers why a function does not work. */
async function waits(name: string, happens: () => Promise<unknown> = async () => {}): Promise<string> {
  await happens();
  await until(`${name} waits`, () => hospital.health(name).state === 'waiting');
  return hospital.health(name).reason ?? '';
}

function runs(name: string): Promise<void> {
  return until(`${name} runs`, () => hospital.health(name).state === 'running');
}

/** Kills the function that stands for its app. */
function killed(app: App): Promise<void> {
  return hospital.cloud.functionApps.killFunction(hospital.app(app).site, apps[app].reader);
}

async function silenced(app: App, happens: () => Promise<unknown>): Promise<string> {
  await happens();
  await until(`telemetry of ${app} is refused`, () => hospital.app(app).telemetryRefused !== undefined);
  return hospital.app(app).telemetryRefused ?? '';
}

async function heard(app: App, happens: () => Promise<unknown>): Promise<void> {
  await happens();
  await until(`telemetry of ${app} is taken`, () => hospital.app(app).telemetryRefused === undefined);
}

async function takesMore(hub: string, happens: () => Promise<unknown> = async () => {}): Promise<void> {
  const before = hospital.taken(hub);
  await happens();
  await until(`${hub} takes more`, () => hospital.taken(hub) > before);
}

/** Capture of a hub fails, and a hub that is captured so is not made. */
async function notCaptured(hub: string, happens: () => Promise<unknown>): Promise<string> {
  const failing = await hospital.said(new RegExp(`Capture of the event hub ${hub}, partition \\d fails`), happens);
  const { inputs } = hospital.only('eventhub:EventHub', `-scoring-${hub}`);
  const second = hospital.byHand.create('eventhub:EventHub', { ...inputs, eventHubName: 'second' });
  return `${failing}\n${await refused(second)}`;
}

let newcomers = 0;

async function newcomer(): Promise<void> {
  const deviceId = `newcomer-${++newcomers}`;
  await hospital.admitNow(deviceId);
  await hospital.measures(deviceId);
}

/** A reading of half an hour ago. */
async function comesLate(): Promise<void> {
  await hospital.passes(45 * minute);
  await hospital.settled();
  const time = hospital.now() - 30 * minute;
  await hospital.sends([message(bed, time, { hr: 91 })]);
  lateWindow = Math.floor(time / windowMs) * windowMs;
  await hospital.captured();
  await hospital.passes(minute);
}

let lateWindow = 0;

const isCorrected = ({ patient, start, corrected }: { patient: string; start: number; corrected: boolean }) =>
  patient === patientIdOf(bed) && start === lateWindow && corrected;

/** Baselines are made at half past one to five, UTC. */
async function nightlyJob(): Promise<void> {
  const isDue = (time: number) => {
    const at = new Date(time);
    return at.getUTCMinutes() === 30 && at.getUTCHours() >= 1 && at.getUTCHours() <= 5;
  };
  let next = (Math.floor(hospital.now() / minute) + 1) * minute;
  while (!isDue(next) || next < hospital.now() + 30 * minute) next += minute;
  await allIsCaptured(next - 10 * minute);
  await hospital.passes(next - hospital.now());
}

/** At that time: the windows that have ended by then are closed. */
async function allIsCaptured(time: number): Promise<void> {
  await takesMore('scored', () => hospital.passes(time - hospital.now()));
  await hospital.settled();
  await hospital.captured();
}

/** Somebody measures; the hour ends and its windows are captured; then the hour itself is due to be scored. */
async function hourIsScored(): Promise<void> {
  await hospital.measures(bed);
  const end = (Math.floor(hospital.now() / hour) + 1) * hour;
  await allIsCaptured(end + 10 * minute);
  await hospital.passes(10 * minute);
}

async function longWindowFollows(happens: () => Promise<unknown>): Promise<void> {
  const count = () => hospital.windows.filter(({ horizon }) => horizon === 'PT1H').length;
  const before = count();
  await happens();
  await until('a window of an hour is scored', () => count() > before);
}

async function baselineFiles(): Promise<string[]> {
  const { outputs } = hospital.only('storage:StorageAccount', '-scoring-lake');
  const { blob } = (outputs?.primaryEndpoints ?? {}) as { blob?: string };
  const names: string[] = [];
  const container = new ContainerClient(`${blob}baselines`, hospital.cloud.credential(judge));
  for await (const { name } of container.listBlobsFlat()) names.push(name);
  return names;
}

/** A second account like the lake, encrypted with the same key by the same identity. */
async function makeEncrypted(): Promise<void> {
  const { inputs } = hospital.only('storage:StorageAccount', '-scoring-lake');
  const id = await hospital.byHand.create('storage:StorageAccount', { ...inputs, accountName: 'stsecond' });
  await hospital.byHand.delete('storage:StorageAccount', id);
}

/** What `pulumi up` runs for another package. With no patience, a refusal is told at once. */
async function deployAgain(app: App, limitSeconds: number): Promise<void> {
  const isPackage = ({ urn }: { urn: string }) => urn.endsWith(`-scoring-${app}-package`);
  const resource = hospital.resources.find(isPackage);
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
