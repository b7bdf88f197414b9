import type { Comparison } from './compare';
import type { Delays } from './delays';
import { type HotPathComparison, type Part, partsOf } from './hotPath';
import type { CellComparison } from './observations';
import type { WindowComparison } from './windows';

/** What a replay came to: the JSON line of `npm start -- --json`. All counts are of messages, by natural key. */
export interface Verdict {
  /** Rows of the recording with at least one value. */
  readonly sent: number;
  readonly devicedata: number;
  readonly raw: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly redelivered: number;
  /** Dead letters that lie in their container and have not been sent again. */
  readonly deadLettered: number;
  readonly wrong: number;
  /** The recording's values in FHIR, counted by row and column. */
  readonly values: RecordedValues;
  readonly windows: RecordedWindows;
  /** What was written down of the windows; left out where nothing writes them down. */
  readonly hotPath?: WrittenDown;
  /** From the device's first sending to the judge's receipt from `devicedata`, milliseconds of the machine's clock. */
  readonly delayMs: Delays;
}

export interface RecordedValues {
  /** Values of the recording that have a place in FHIR. */
  readonly expected: number;
  /** Found as an Observation's value or component. */
  readonly found: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Another value than recorded, or another patient. */
  readonly wrong: number;
  /** Observations of more than one version: something was written again with other content. */
  readonly rewritten: number;
}

/** The scored windows of the recorded patients, from their admission to the end of the recording. */
export interface RecordedWindows {
  readonly expected: number;
  readonly found: number;
  readonly lost: number;
  /** One revision with two contents. */
  readonly duplicated: number;
  /** Statistics that are not those of the recording. */
  readonly wrong: number;
  /** Scored again, since something came late. */
  readonly revised: number;
  /** Recorded values that scoring has a slot for: in a slot, superseded there, or counted as rejected. */
  readonly samples: { readonly expected: number; readonly found: number };
}

/** Of each kind of things that the hot path writes. */
export interface WrittenDown {
  /** One a window, of its newest revision. */
  readonly riskAssessments: PartCounts;
  /** The same as an Observation. */
  readonly scores: PartCounts;
  readonly flags: PartCounts;
  /** Windows and episodes of the repository; left out without one. */
  readonly rows?: PartCounts;
}

export interface PartCounts {
  readonly expected: number;
  readonly found: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Another content, one too many, or a reference that leads nowhere. */
  readonly wrong: number;
  /** More versions than what it is about has had. */
  readonly rewritten: number;
}

export function verdictOf(
  { comparison, cells, windows, hotPath }: Findings,
  deadLettered: number,
  delayMs: Delays,
): Verdict {
  const { sent, devicedata, raw, lost, duplicated, redelivered, wrong } = comparison;
  return {
    sent,
    devicedata,
    raw,
    lost: lost.length,
    duplicated: duplicated.length,
    redelivered,
    deadLettered,
    wrong: wrong.length,
    values: {
      expected: cells.cells,
      found: cells.found,
      lost: cells.lost.length,
      duplicated: cells.duplicated.length,
      wrong: cells.wrong.length,
      rewritten: cells.rewritten,
    },
    windows: {
      ...windows,
      lost: windows.lost.length,
      duplicated: windows.duplicated.length,
      wrong: windows.wrong.length,
    },
    ...(hotPath && { hotPath: writtenDown(hotPath) }),
    delayMs,
  };
}

function writtenDown({ riskAssessments, scores, flags, rows }: HotPathComparison): WrittenDown {
  return {
    riskAssessments: countsOf(riskAssessments),
    scores: countsOf(scores),
    flags: countsOf(flags),
    ...(rows && { rows: countsOf(rows) }),
  };
}

function countsOf({ expected, found, lost, duplicated, wrong, rewritten }: Part): PartCounts {
  const counts = { lost: lost.length, duplicated: duplicated.length, wrong: wrong.length, rewritten: rewritten.length };
  return { expected, found, ...counts };
}

/** Whether all that was sent is there, once and right. */
export function isGood(verdict: Verdict): boolean {
  const { values, windows, hotPath, deadLettered } = verdict;
  const written = writtenParts(hotPath);
  const places = [verdict, values, windows, ...written];
  const isComplete = places.every(({ lost, duplicated, wrong }) => lost === 0 && duplicated === 0 && wrong === 0);
  const { expected, found } = windows.samples;
  const isOnce = [values, ...written].every(({ rewritten }) => rewritten === 0);
  return isComplete && isOnce && deadLettered === 0 && expected === found;
}

/** The parts of what was written down, in their order. */
export function writtenParts(hotPath: WrittenDown | undefined): PartCounts[] {
  if (hotPath === undefined) return [];
  const { riskAssessments, scores, flags, rows } = hotPath;
  return [riskAssessments, scores, flags, ...(rows === undefined ? [] : [rows])];
}

/** What was compared, with the keys behind the counts. */
export interface Findings {
  readonly comparison: Comparison;
  readonly cells: CellComparison;
  readonly windows: WindowComparison;
  readonly hotPath?: HotPathComparison;
}

const shownKeys = 5;

/** The first few keys behind each count that should be 0, a line a count; empty when all is well. */
export function describeFindings({ comparison, cells, windows, hotPath }: Findings): string[] {
  const line = (what: string, keys: readonly string[]) => {
    const more = keys.length > shownKeys ? ` and ${keys.length - shownKeys} more` : '';
    return keys.length === 0 ? [] : [`${what}: ${keys.slice(0, shownKeys).join(', ')}${more}`];
  };
  return [
    ...line('lost', comparison.lost),
    ...line('duplicated', comparison.duplicated),
    ...line('wrong', comparison.wrong),
    ...line('lost in FHIR', cells.lost),
    ...line('duplicated in FHIR', cells.duplicated),
    ...line('wrong in FHIR', cells.wrong),
    ...line('windows lost', windows.lost),
    ...line('windows duplicated', windows.duplicated),
    ...line('windows wrong', windows.wrong),
    ...(hotPath === undefined ? [] : writtenLines(hotPath, line)),
  ];
}

function writtenLines(hotPath: HotPathComparison, line: (what: string, keys: readonly string[]) => string[]): string[] {
  const names = ['risk assessments', 'scores', 'flags', 'rows'];
  const faults = ['lost', 'duplicated', 'wrong', 'rewritten'] as const;
  return partsOf(hotPath).flatMap((part, index) =>
    faults.flatMap((fault) => line(`${names[index]} ${fault}`, part[fault])),
  );
}
