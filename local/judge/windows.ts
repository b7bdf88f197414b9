import type { ScoredWindow, VitalSummary } from '../../runtime/contracts/scored';
import type { Vital } from '../../runtime/contracts/scoringSource';
import type { Cell } from './observations';

/** What the judge reads of a window; the rest is the business of those who know the rules of scoring. */
export type WindowRead = Pick<ScoredWindow, 'patient' | 'start' | 'end' | 'revision' | 'vitals'>;

export interface WindowsExpected {
  readonly cells: readonly Cell[];
  /** Id of the patient who wore the device at that time. */
  wearer(deviceId: string, time: number): string | undefined;
  /** From when the patients are in their beds, milliseconds since 1970. */
  readonly presentFrom: number;
  readonly windowMs: number;
  readonly sampleMs: number;
  /** Whether a reading can be one. */
  isPlausible(vital: Vital, value: number): boolean;
}

/** Counts of windows and samples, and the windows behind those that should be 0, as `patient time`. */
export interface WindowComparison {
  /** Windows of the recorded patients, from their admission to the end of the recording. */
  readonly expected: number;
  readonly found: number;
  readonly lost: readonly string[];
  /** One revision with two contents. */
  readonly duplicated: readonly string[];
  /** Statistics that are not those of the recording. */
  readonly wrong: readonly string[];
  /** Windows that were scored again. */
  readonly revised: number;
  /** Recorded values that scoring has a slot for; found are those in a slot, superseded there, or counted as rejected. */
  readonly samples: { readonly expected: number; readonly found: number };
}

/**
 * Which column feeds which vital, and which of two is preferred: written apart from the mapping files, so that the judge does
 * not believe them.
 */
const sources: Readonly<Record<string, { readonly vital: Vital; readonly priority: number }>> = {
  hr: { vital: 'heartRate', priority: 0 },
  pulse: { vital: 'heartRate', priority: 1 },
  resp: { vital: 'respirationRate', priority: 0 },
  spo2: { vital: 'oxygenSaturation', priority: 0 },
  abpsys: { vital: 'systolicBloodPressure', priority: 0 },
  nbpsys: { vital: 'systolicBloodPressure', priority: 1 },
  abpdias: { vital: 'diastolicBloodPressure', priority: 0 },
  nbpdias: { vital: 'diastolicBloodPressure', priority: 1 },
  temp: { vital: 'temperature', priority: 0 },
  avpu: { vital: 'consciousness', priority: 0 },
  oxygen: { vital: 'supplementalOxygen', priority: 0 },
};

/** 1 in the recordings is "not alert" without saying which. */
const notAlert = 5;

/** One patient's samples of one vital in one window. */
interface Expected {
  all: number;
  /** By slot: the value that is scored. */
  readonly slots: Map<number, { readonly value: number; readonly time: number; readonly priority: number }>;
}

/** Looks at each window of each patient: it is to be there, once a revision, with the recording's values in it. */
export function compareWindows(windows: readonly WindowRead[], expected: WindowsExpected): WindowComparison {
  const samples = samplesOf(expected);
  const due = windowsDue(expected);
  // Those of the long view begin where short ones begin.
  const short = windows.filter(({ start, end }) => end - start === expected.windowMs);
  const { latest, duplicated } = latestRevisions(short);
  const lost = due.filter((key) => !latest.has(key));
  const wrong = [...latest].flatMap(([key, window]) => (isRight(window, samples.get(key)) ? [] : [key]));
  const all = [...samples.values()].flatMap((vitals) => [...vitals.values()]).reduce((sum, { all }) => sum + all, 0);
  return {
    expected: due.length,
    found: due.length - lost.length,
    lost,
    duplicated,
    wrong,
    revised: [...latest.values()].filter(({ revision }) => revision > 1).length,
    samples: {
      expected: all,
      found: [...latest.values()]
        .flatMap(({ vitals }) => Object.values(vitals))
        .reduce((sum, one) => sum + seen(one), 0),
    },
  };
}

const keyOf = (patient: string, start: number) => `${patient} ${new Date(start).toISOString()}`;

function samplesOf({ cells, wearer, windowMs, sampleMs, isPlausible }: WindowsExpected) {
  const samples = new Map<string, Map<Vital, Expected>>();
  for (const { deviceId, time, column, value } of cells) {
    const source = sources[column];
    const patient = wearer(deviceId, time);
    if (source === undefined || patient === undefined) continue;
    const { vital, priority } = source;
    const key = keyOf(patient, Math.floor(time / windowMs) * windowMs);
    const vitals = samples.get(key) ?? new Map<Vital, Expected>();
    samples.set(key, vitals);
    const one = vitals.get(vital) ?? { all: 0, slots: new Map() };
    vitals.set(vital, one);
    one.all += 1;
    const coded = column === 'avpu' && value === 1 ? notAlert : value;
    if (!isPlausible(vital, coded)) continue;
    const slot = Math.floor(time / sampleMs);
    const there = one.slots.get(slot);
    const wins = there === undefined || priority < there.priority || (priority === there.priority && time > there.time);
    if (wins) one.slots.set(slot, { value: coded, time, priority });
  }
  return samples;
}

function windowsDue({ cells, wearer, presentFrom, windowMs }: WindowsExpected): string[] {
  const patients = new Set(cells.flatMap(({ deviceId, time }) => wearer(deviceId, time) ?? []));
  const last = cells.reduce((latest, { time }) => Math.max(latest, time), presentFrom);
  const due: string[] = [];
  for (const patient of patients) {
    for (let start = Math.floor(presentFrom / windowMs) * windowMs; start <= last; start += windowMs) {
      due.push(keyOf(patient, start));
    }
  }
  return due;
}

function latestRevisions(windows: readonly WindowRead[]) {
  const latest = new Map<string, WindowRead>();
  const contents = new Map<string, string>();
  const duplicated = new Set<string>();
  for (const window of windows) {
    const key = keyOf(window.patient, window.start);
    const revision = `${key} ${window.revision}`;
    const content = JSON.stringify(window);
    if ((contents.get(revision) ?? content) !== content) duplicated.add(key);
    contents.set(revision, content);
    if ((latest.get(key)?.revision ?? 0) < window.revision) latest.set(key, window);
  }
  return { latest, duplicated: [...duplicated] };
}

function isRight({ vitals }: WindowRead, expected: ReadonlyMap<Vital, Expected> | undefined): boolean {
  const names = new Set([...(Object.keys(vitals) as Vital[]), ...(expected?.keys() ?? [])]);
  return [...names].every((vital) => isVitalRight(vital, vitals[vital], expected?.get(vital)));
}

function isVitalRight(vital: Vital, found: VitalSummary | undefined, expected: Expected | undefined): boolean {
  const slots = [...(expected?.slots.values() ?? [])].sort((a, b) => a.time - b.time);
  if ((found === undefined ? 0 : seen(found)) !== (expected?.all ?? 0)) return false;
  if ((found?.count ?? 0) !== slots.length) return false;
  if (found === undefined || slots.length === 0) return true;
  const newest = slots.at(-1);
  if (found.last !== newest?.value || found.lastTime !== newest?.time) return false;
  if (vital === 'consciousness' || vital === 'supplementalOxygen') return found.used === newest?.value;
  const values = slots.map(({ value }) => value).sort((a, b) => a - b);
  const half = values.length >> 1;
  const upper = values[half] ?? 0;
  const median = values.length % 2 === 1 ? upper : ((values[half - 1] ?? 0) + upper) / 2;
  return found.min === values[0] && found.max === values.at(-1) && found.median === median;
}

/** Samples that a window answers for. */
function seen({ count, superseded, rejected = {} }: VitalSummary): number {
  return count + superseded + Object.values(rejected).reduce((sum, one) => sum + one, 0);
}
