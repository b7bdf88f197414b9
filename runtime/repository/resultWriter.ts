import { setTimeout as pause } from 'node:timers/promises';
import type { ScoredWindow } from '../contracts/scored';
import type { Episode } from '../hotPath/episodes';
import { hold } from '../stream/hold';
import type { StepLog } from '../stream/stepLog';
import { RepositoryFault } from './faults';
import { followWindows, namedIn } from './followWindows';
import { grouped } from './grouped';
import type { ArrivedWindow, DueWindow, PatientResults, Repository, WindowedEnd } from './port';
import { windowKey } from './windows';

const step = 'ml-output-repository';

/** What writing a batch came to. */
export interface ResultOutcome<A extends ArrivedWindow> {
  readonly written: readonly A[];
  /** Revisions that are not newer than what is there. */
  readonly ignored: number;
  /** Episodes that were changed. */
  readonly episodes: number;
  readonly refused: readonly { readonly arrival: A; readonly reason: string }[];
  /** The database's clock after the last row; null: nothing was written. */
  readonly writtenAt: number | null;
}

/** One patient's windows of a batch, in their order. */
interface Queue<A> {
  readonly patient: string;
  left: readonly A[];
  /** The database refuses one of them: each is written by itself, to find it. */
  isOneByOne: boolean;
}

/** A patient's part of a round. */
interface Turn<A extends ArrivedWindow> {
  readonly queue: Queue<A>;
  readonly arrivals: readonly A[];
  /** Newer than what is stored and than what came before it. */
  readonly due: readonly A[];
  readonly results: PatientResults;
}

/** After so many rounds in which somebody else was faster, it is waited for a random time, and held in the end. */
const roundsWithoutPause = 3;
const mostRounds = 50;
const longestPauseMs = 1_000;

/**
 * Step 14: writes scored windows as rows, and what they make of episodes and ends of monitoring. A round reads the revisions, then
 * the episodes, follows each patient's windows in their order and writes all in the end; patients of whom somebody else
 * wrote meanwhile go into another round. Holds while the repository cannot be reached.
 */
export class ResultWriter {
  constructor(
    private readonly repository: Pick<Repository, 'readRevisions' | 'readEpisodes' | 'readEnds' | 'writeResults'>,
  ) {}

  async write<A extends ArrivedWindow>(arrivals: readonly A[], log: StepLog): Promise<ResultOutcome<A>> {
    const writing = new BatchWriting<A>(this.repository);
    let queues: readonly Queue<A>[] = [...grouped(arrivals, ({ window }) => window.patient)].map(([patient, left]) => ({
      ...{ patient, left, isOneByOne: false },
    }));
    for (let contests = 0; queues.length > 0; ) {
      const isContested = await hold(step, log, () => writing.round(queues, contests));
      contests = isContested ? contests + 1 : 0;
      if (contests > roundsWithoutPause) await pause(Math.random() * Math.min(longestPauseMs, 20 * contests));
      queues = queues.filter(({ left }) => left.length > 0);
    }
    return writing.outcome();
  }
}

class BatchWriting<A extends ArrivedWindow> {
  private readonly written: A[] = [];
  private readonly refused: { arrival: A; reason: string }[] = [];
  private readonly counts = { ignored: 0, episodes: 0 };
  private writtenAt: number | null = null;

  constructor(
    private readonly repository: Pick<Repository, 'readRevisions' | 'readEpisodes' | 'readEnds' | 'writeResults'>,
  ) {}

  /** @returns whether somebody else was faster for some patient */
  async round(queues: readonly Queue<A>[], contests: number): Promise<boolean> {
    if (contests > mostRounds) throw new RepositoryFault('overtaken');
    const turns = await this.follow(queues);
    const open = turns.filter(({ due }) => due.length > 0);
    const { overtaken, refused, writtenAt } = await this.writeAll(open);
    const lost = new Set(overtaken);
    const reasons = new Map(refused.map(({ patient, reason }) => [patient, reason]));
    if (open.length > lost.size + reasons.size) this.writtenAt = writtenAt;
    for (const turn of turns) {
      const reason = reasons.get(turn.queue.patient);
      if (reason !== undefined) this.refuse(turn, reason);
      else if (!lost.has(turn.queue.patient)) this.finish(turn);
    }
    return lost.size > 0;
  }

  outcome(): ResultOutcome<A> {
    const { written, refused, counts, writtenAt } = this;
    return { ...counts, written, refused, writtenAt };
  }

  private async writeAll(turns: readonly Turn<A>[]) {
    if (turns.length === 0) return { overtaken: [], refused: [], writtenAt: 0 };
    return this.repository.writeResults(turns.map(({ results }) => results));
  }

  private async follow(queues: readonly Queue<A>[]): Promise<readonly Turn<A>[]> {
    const rounds = queues.map((queue) => ({
      queue,
      arrivals: queue.isOneByOne ? queue.left.slice(0, 1) : queue.left,
    }));
    const all = rounds.flatMap(({ arrivals }) => arrivals);
    const stored = await this.repository.readRevisions(all.map(({ window }) => window));
    const revisions = new Map(all.map(({ window }, index) => [windowKey(window), stored[index] as number]));
    const asked = rounds.map((one) => ({ ...one, due: dueOf(one.arrivals, revisions) }));
    const hot = asked.flatMap(({ due }) => due.filter((arrival) => arrival.hot));
    const episodes = await this.episodesFor(hot);
    const ends = await this.endsFor(hot);
    return asked.map((one) => {
      const { patient } = one.queue;
      const windows = one.due.filter((arrival) => arrival.hot).map(({ window }) => window);
      const changes = followWindows(episodes.get(patient) ?? [], windows, ends.get(patient) ?? []);
      const monitoringEnds = windows.flatMap(({ monitoringEnd }) => monitoringEnd?.time ?? []);
      return { ...one, results: { patient, windows: newestOf(one.due, revisions), changes, ends: monitoringEnds } };
    });
  }

  private async episodesFor(hot: readonly A[]): Promise<ReadonlyMap<string, readonly Episode[]>> {
    if (hot.length === 0) return new Map();
    const episodes = await this.repository.readEpisodes(
      hot.map(({ window }) => window.patient),
      firstStart(hot.map(({ window }) => window)),
      hot.flatMap(({ window }) => namedIn(window)),
    );
    return grouped(episodes, ({ patient }) => patient);
  }

  /** Looked for where something came late. */
  private async endsFor(hot: readonly A[]): Promise<ReadonlyMap<string, readonly WindowedEnd[]>> {
    const late = hot.map(({ window }) => window).filter(({ corrected }) => corrected);
    if (late.length === 0) return new Map();
    const ends = await this.repository.readEnds(
      late.map(({ patient }) => patient),
      firstStart(late),
    );
    return grouped(ends, ({ patient }) => patient);
  }

  private finish({ queue, arrivals, due, results }: Turn<A>): void {
    const rows = new Set(results.windows.map(({ window }) => window));
    this.written.push(...due.filter(({ window }) => rows.has(window)));
    this.counts.ignored += arrivals.length - rows.size;
    this.counts.episodes += results.changes.length;
    queue.left = queue.left.slice(arrivals.length);
  }

  private refuse({ queue, arrivals }: Turn<A>, reason: string): void {
    const [arrival] = arrivals;
    if (arrivals.length > 1) queue.isOneByOne = true;
    else if (arrival !== undefined) {
      this.refused.push({ arrival, reason });
      queue.left = queue.left.slice(1);
    }
  }
}

function firstStart(windows: readonly ScoredWindow[]): number {
  return windows.reduce((first, { start }) => Math.min(first, start), Number.POSITIVE_INFINITY);
}

/** Those that are newer than what is stored, and than what came before them. */
function dueOf<A extends ArrivedWindow>(arrivals: readonly A[], revisions: ReadonlyMap<string, number>): readonly A[] {
  const newest = new Map<string, number>();
  return arrivals.filter(({ window }) => {
    const key = windowKey(window);
    const isNewer = window.revision > (newest.get(key) ?? revisions.get(key) ?? 0);
    if (isNewer) newest.set(key, window.revision);
    return isNewer;
  });
}

/** Of each window the last, which is the newest. */
function newestOf(due: readonly ArrivedWindow[], revisions: ReadonlyMap<string, number>): readonly DueWindow[] {
  const newest = new Map(due.map((one) => [windowKey(one.window), one]));
  return [...newest].map(([key, one]) => ({ ...one, replaces: revisions.get(key) ?? 0 }));
}
