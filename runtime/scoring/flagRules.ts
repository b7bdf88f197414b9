import { type Band, type FlagDecision, type News2Part, type News2Result, news2Parts } from '../contracts/scored';
import { bandOf } from './news2';
import type { PatientState, RememberedScore, RememberedWindow } from './patientState';

/**
 * How long the rules wait before a flag is raised or lowered. The thresholds themselves (7, 5, a single 3) are NEWS2's and
 * cannot be changed. Defaults: `defaultKernelSettings`; the rules: `raising` and `decideFlag`.
 */
export interface FlagRules {
  /** A medium score raises when so many ... */
  readonly mediumTimes: number;
  /** ... of the last so many windows have it. */
  readonly mediumWindows: number;
  /** Windows in a row that must be below the level before a flag is lowered ... */
  readonly lowerWindows: number;
  /** ... and for how many seconds they must reach. */
  readonly lowerSeconds: number;
}

export type FlagLevel = NonNullable<FlagDecision['level']>;

const ranks: Readonly<Record<Band, number>> = { low: 0, 'low-medium': 1, medium: 2, high: 3 };
export const isBelow = (one: Band, other: Band) => ranks[one] < ranks[other];

/** What the rules look at. */
export interface FlagEvidence {
  readonly start: number;
  readonly windowMilliseconds: number;
  readonly rules: FlagRules;
  /** Of this window; null where NEWS2 does not hold. */
  readonly score: RememberedScore | null;
  /** Parts whose value somebody charted, in this window or carried into it. */
  readonly charted: ReadonlySet<News2Part>;
  /** Those before this one, by start. */
  readonly earlier: readonly RememberedWindow[];
  readonly standing: PatientState['flag'];
}

interface RaisingRule {
  readonly name: string;
  readonly level: FlagLevel;
  readonly holds: (evidence: FlagEvidence, score: RememberedScore) => boolean;
}

/** What raises a flag, the gravest first: the first that holds decides. */
const raising: readonly RaisingRule[] = [
  { name: 'high', level: 'high', holds: (_, { value }) => value >= 7 },
  { name: 'mediumTwice', level: 'medium', holds: isMediumOften },
  {
    name: 'singleCharted',
    level: 'low-medium',
    holds: ({ charted }, score) => threes(score).some((part) => charted.has(part)),
  },
  { name: 'singleTwice', level: 'low-medium', holds: isThreeAgain },
];

/**
 * The decision about the patient's flag. In this order: without a score what stands is kept; a standing flag is lowered when the
 * score has been below its level for long enough, whatever is unknown taken for the worst; the gravest rule that holds raises;
 * else nothing changes. A band that is the same again touches nothing.
 */
export function decideFlag(evidence: FlagEvidence): FlagDecision {
  const { score, standing, start } = evidence;
  const kept = { level: standing?.level ?? null, since: standing?.since ?? null };
  const action = standing === null ? 'none' : 'keep';
  if (score === null) return { action, ...kept, rule: 'noScore', mayLower: false };
  const mayLower = isLongBelow(evidence, standing?.level ?? 'low-medium');
  if (standing !== null && mayLower) return { ...lowered(evidence, standing), rule: 'belowLongEnough', mayLower };
  const rule = raising.find(({ holds }) => holds(evidence, score));
  if (rule !== undefined && isBelow(standing?.level ?? 'low', rule.level))
    return { action: 'raise', level: rule.level, since: standing?.since ?? start, rule: rule.name, mayLower };
  return { action, ...kept, rule: standing === null ? 'below' : 'standing', mayLower };
}

/** What later windows must know of a score. */
export function remembered(result: News2Result): RememberedScore {
  const { parts, total, floorTotal, ceilingTotal, band, missing, indeterminate = [] } = result;
  const worstThree =
    [...missing, ...indeterminate].some((part) => part !== 'oxygen') || Object.values(parts).includes(3);
  return {
    value: total ?? floorTotal,
    band,
    worstBand: bandOf(ceilingTotal, worstThree),
    parts: news2Parts.map((part) => parts[part] ?? null),
  };
}

/** From when on windows must be remembered, counted back from the start of the next one. */
export function memoryMilliseconds(
  windowSeconds: number,
  { mediumWindows, lowerWindows, lowerSeconds }: FlagRules,
): number {
  const windows = Math.max(mediumWindows, lowerWindows, Math.ceil(lowerSeconds / windowSeconds)) - 1;
  return Math.max(hourSeconds, windowSeconds, windows * windowSeconds) * 1000;
}

const hourSeconds = 3_600;

function threes({ parts }: RememberedScore): News2Part[] {
  return news2Parts.filter((_, index) => parts[index] === 3);
}

function isMediumOften(
  { start, windowMilliseconds, rules, earlier }: FlagEvidence,
  { value }: RememberedScore,
): boolean {
  if (value < 5) return false;
  const since = start - (rules.mediumWindows - 1) * windowMilliseconds;
  const before = earlier.filter((one) => one.start >= since && (one.score?.value ?? 0) >= 5);
  return before.length + 1 >= rules.mediumTimes;
}

/** A 3 that the same part had when it was last known. */
function isThreeAgain({ start, windowMilliseconds, earlier }: FlagEvidence, score: RememberedScore): boolean {
  const since = start - Math.max(hourSeconds * 1000, windowMilliseconds);
  const within = earlier.filter((one) => one.start >= since);
  return threes(score).some((part) => {
    const index = news2Parts.indexOf(part);
    const known = within.findLast((one) => one.score !== null && one.score.parts[index] !== null);
    return known?.score?.parts[index] === 3;
  });
}

function isLongBelow({ start, windowMilliseconds, rules, score, earlier }: FlagEvidence, level: FlagLevel): boolean {
  let first = start;
  let length = 0;
  let current: RememberedScore | null = score;
  for (let at = earlier.length - 1; current !== null && isBelow(current.worstBand, level); at--) {
    length++;
    if (length >= rules.lowerWindows && start + windowMilliseconds - first >= rules.lowerSeconds * 1000) return true;
    const before: RememberedWindow | undefined = earlier[at];
    if (before === undefined || before.start !== first - windowMilliseconds) return false;
    first = before.start;
    current = before.score;
  }
  return false;
}

/** To the worst that the last windows can have been: what is unknown lowers nothing. */
function lowered({ rules, score, earlier }: FlagEvidence, standing: NonNullable<PatientState['flag']>) {
  const last = [score, ...earlier.slice(earlier.length - (rules.lowerWindows - 1)).map((one) => one.score)];
  const bands = last.slice(0, rules.lowerWindows).map((one) => one?.worstBand ?? 'low');
  const highest = bands.reduce((one, other) => (isBelow(one, other) ? other : one));
  return highest === 'low'
    ? ({ action: 'lower', level: null, since: null } as const)
    : ({ action: 'lower', level: highest, since: standing.since } as const);
}
