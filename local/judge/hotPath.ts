import type { ScoredWindow } from '../../runtime/contracts/scored';
import { type EpisodeExpected, episodesOf } from './episodes';

/** What is written of a window, told by what it is about and not by its id. */
interface ResultRead {
  readonly key: string;
  readonly revision: number;
  readonly status: string;
  readonly versions: number;
  /** Whether all that it refers to is there. */
  readonly resolves: boolean;
}

/** A RiskAssessment; `key` is `windowKey` of its subject and occurrencePeriod. */
export interface AssessmentRead extends ResultRead {
  /** The band of NEWS2 that it says, `at-least-...` with parts unknown; null where it says none. */
  readonly band: string | null;
}

/** The score of a window as an Observation; `key` is its identifier, `patient/PT5M/start`. */
export interface ScoreRead extends ResultRead {
  readonly total: number | null;
}

/** What stands or stood over a patient: a Flag, or a row of the repository. Times in milliseconds since 1970. */
export interface EpisodeRead extends Pick<EpisodeExpected, 'patient' | 'kind' | 'since' | 'raisedAt' | 'level'> {
  readonly vitals: readonly string[];
  readonly ended: EpisodeExpected['ended'];
  /** Undefined where nobody counts them. */
  readonly versions?: number;
  readonly resolves?: boolean;
}

/** A row of `care.scoredWindow`. */
export interface WindowRowRead {
  readonly key: string;
  readonly revision: number;
  readonly total: number | null;
  readonly band: string | null;
  readonly flagLevel: string | null;
}

export interface HotPathEvidence {
  /** What came on `scored`, in the order of arrival. */
  readonly windows: readonly ScoredWindow[];
  /** Length of the windows that flags go by. */
  readonly horizonMs: number;
  readonly assessments: readonly AssessmentRead[];
  readonly scores: readonly ScoreRead[];
  readonly flags: readonly EpisodeRead[];
  /** Undefined without a repository. */
  readonly repository?: { readonly windows: readonly WindowRowRead[]; readonly episodes: readonly EpisodeRead[] };
}

/** Counts of one kind of things, and the keys behind those that should be 0. */
export interface Part {
  readonly expected: number;
  readonly found: number;
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  /** Another content than it must have, or not expected at all, or a reference that leads nowhere. */
  readonly wrong: readonly string[];
  /** Has more versions than what it is about has had. */
  readonly rewritten: readonly string[];
}

export interface HotPathComparison {
  /** One a window, of its newest revision. */
  readonly riskAssessments: Part;
  readonly scores: Part;
  readonly flags: Part;
  /** Windows and episodes of the repository. Undefined without one. */
  readonly rows?: Part;
}

/** The parts in their order. */
export function partsOf({ riskAssessments, scores, flags, rows }: HotPathComparison): Part[] {
  return [riskAssessments, scores, flags, ...(rows === undefined ? [] : [rows])];
}

/** Names a window of a patient, whatever its length. */
export function windowKey(patient: string, start: number, end: number): string {
  return `${patient} ${iso(start)}/${iso(end)}`;
}

/** Compares what the hot path has written down with the windows that lie on `scored`, and with the episodes that follow from them. */
export function compareHotPath(evidence: HotPathEvidence): HotPathComparison {
  const { windows, horizonMs, assessments, scores, flags, repository } = evidence;
  const newest = newestRevisions(windows);
  const episodes = keyed(episodesOf(windows.filter(({ start, end }) => end - start === horizonMs)), episodeKey);
  const named = keyed([...newest.values()], ({ window }) => scoreKey(window));
  return {
    riskAssessments: comparePart(newest, assessments, {
      ...resultRules,
      isRight: ({ window }, read) => isResult(window, read) && read.band === bandOf(window),
    }),
    scores: comparePart(named, scores, {
      ...resultRules,
      isRight: ({ window }, read) => isResult(window, read) && read.total === (window.news2?.total ?? null),
    }),
    flags: comparePart(episodes, flags, episodeRules),
    rows: repository && compareRows(newest, episodes, repository),
  };
}

interface Newest {
  readonly window: ScoredWindow;
  /** How many revisions of it have come. */
  readonly revisions: number;
}

function newestRevisions(windows: readonly ScoredWindow[]): Map<string, Newest> {
  const newest = new Map<string, Newest>();
  for (const window of windows) {
    const key = windowKey(window.patient, window.start, window.end);
    const before = newest.get(key);
    if (before === undefined || before.window.revision < window.revision)
      newest.set(key, { window, revisions: (before?.revisions ?? 0) + 1 });
  }
  return newest;
}

const scoreKey = ({ patient, horizon, start }: ScoredWindow) => `${patient}/${horizon}/${iso(start)}`;

const resultRules = {
  keyOf: ({ key }: ResultRead) => key,
  isRewritten: ({ revisions }: Newest, { versions }: ResultRead) => versions > revisions,
};

function isResult(window: ScoredWindow, { revision, status, resolves }: ResultRead): boolean {
  return resolves && revision === window.revision && status === statusOf(window);
}

/** `corrected` from the second revision on, be it complete or not. */
function statusOf({ revision, news2 }: ScoredWindow): string {
  if (revision > 1) return 'corrected';
  return news2?.complete === false ? 'preliminary' : 'final';
}

function bandOf({ news2 }: ScoredWindow): string | null {
  if (news2 === null) return null;
  return news2.complete || news2.band === 'high' ? news2.band : `at-least-${news2.band}`;
}

interface Rules<E, R> {
  readonly keyOf: (read: R) => string;
  readonly isRight: (expected: E, read: R) => boolean;
  readonly isRewritten: (expected: E, read: R) => boolean;
}

function comparePart<E, R>(expected: ReadonlyMap<string, E>, read: readonly R[], rules: Rules<E, R>): Part {
  const found = new Map<string, number>();
  const wrong: string[] = [];
  const rewritten: string[] = [];
  for (const one of read) {
    const key = rules.keyOf(one);
    found.set(key, (found.get(key) ?? 0) + 1);
    const due = expected.get(key);
    if (due === undefined || !rules.isRight(due, one)) wrong.push(key);
    else if (rules.isRewritten(due, one)) rewritten.push(key);
  }
  const lost = [...expected.keys()].filter((key) => !found.has(key));
  const duplicated = [...found].flatMap(([key, count]) => (count > 1 ? [key] : []));
  return { expected: expected.size, found: expected.size - lost.length, lost, duplicated, wrong, rewritten };
}

const episodeKey = ({ patient, kind, since }: Pick<EpisodeRead, 'patient' | 'kind' | 'since'>) =>
  `${patient} ${kind} ${iso(since)}`;

const episodeRules: Rules<EpisodeExpected, EpisodeRead> = {
  keyOf: episodeKey,
  isRight: (expected, read) =>
    read.resolves !== false &&
    read.raisedAt === expected.raisedAt &&
    read.level === expected.level &&
    [...read.vitals].sort().join() === [...expected.vitals].sort().join() &&
    read.ended?.time === expected.ended?.time &&
    read.ended?.reason === expected.ended?.reason,
  isRewritten: ({ changes }, { versions = 1 }) => versions > changes,
};

function compareRows(
  newest: ReadonlyMap<string, Newest>,
  episodes: ReadonlyMap<string, EpisodeExpected>,
  repository: NonNullable<HotPathEvidence['repository']>,
): Part {
  const windows = comparePart(newest, repository.windows, {
    keyOf: ({ key }) => key,
    isRight: ({ window }, row) =>
      row.revision === window.revision &&
      row.total === (window.news2?.total ?? null) &&
      row.band === (window.news2?.band ?? null) &&
      row.flagLevel === window.flag.level,
    isRewritten: () => false,
  });
  const stood = comparePart(episodes, repository.episodes, episodeRules);
  return {
    expected: windows.expected + stood.expected,
    found: windows.found + stood.found,
    lost: [...windows.lost, ...stood.lost],
    duplicated: [...windows.duplicated, ...stood.duplicated],
    wrong: [...windows.wrong, ...stood.wrong],
    rewritten: stood.rewritten,
  };
}

function keyed<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T> {
  return new Map(all.map((one) => [keyOf(one), one]));
}

const iso = (time: number) => new Date(time).toISOString();
