import { setTimeout as pause } from 'node:timers/promises';
import type { DeadLetter } from '../contracts/deadLetter';
import type { ScoredWindow } from '../contracts/scored';
import type { StepLog } from '../stream/stepLog';
import { flagId } from './codes';
import type { FlagChange, FlagStore } from './flagStore';
import { type Arrival, type Followed, followAll, togetherCount } from './hotPathRound';
import { type PartitionMemory, PatientFlags } from './patientFlags';
import type { DueResult, ResultWriter } from './resultWriter';

/** A result that the FHIR service does not take. */
export interface RefusedResult<Source> {
  readonly source: Source;
  readonly reason: DeadLetter['reason'];
}

/** What writing a batch came to. */
export interface HotPathOutcome<Source> {
  readonly refused: readonly RefusedResult<Source>[];
  /** Windows that were written. */
  readonly written: number;
  /** Revisions that are not newer than what is there. */
  readonly ignored: number;
  /** Flags that were changed. */
  readonly flags: number;
}

/** One patient's windows of a batch. */
interface Queue<Source> {
  readonly patient: string;
  readonly left: Arrival<Source>[];
  /** Somebody else is at this patient, too: nothing that is remembered counts. */
  isContested: boolean;
}

/** A patient's part of a round. */
interface Turn<Source> {
  readonly queue: Queue<Source>;
  readonly arrivals: readonly Arrival<Source>[];
  /** Nobody can have handled first revisions before. */
  readonly isFresh: boolean;
  /** Those whose RiskAssessment is not there yet: they are followed. */
  open: readonly Arrival<Source>[];
  due: readonly (DueResult & { readonly arrival: Arrival<Source> })[];
  /** Windows that are stored already. */
  ignored: number;
  flags: PatientFlags;
  followed: Followed<Source>;
}

const refusal = {
  name: 'HttpRequestError',
  message: 'The FHIR service refuses the request for this result.',
} satisfies DeadLetter['reason'];

/** After so many rounds in which somebody else was faster, patients are left alone for a random time. */
const roundsWithoutPause = 3;
const longestPauseMs = 2_000;

/** One batch on its way: rounds of reading, following and writing until every patient's windows are done. */
export class HotPathBatch<Source> {
  private readonly refused = new Map<Arrival<Source>, RefusedResult<Source>>();
  private readonly counts = { written: 0, ignored: 0, flags: 0 };

  constructor(
    private readonly results: ResultWriter,
    private readonly store: FlagStore,
    /** Length of the windows that flags go by. */
    private readonly windowMs: number,
    private readonly memory: PartitionMemory,
    private readonly log: StepLog,
  ) {}

  async run(arrivals: readonly Arrival<Source>[]): Promise<HotPathOutcome<Source>> {
    let queues = queuesOf(arrivals);
    for (let contests = 0; queues.length > 0; ) {
      await this.round(queues);
      queues = queues.filter(({ left }) => left.length > 0);
      if (queues.some(({ isContested }) => isContested)) contests++;
      if (contests > roundsWithoutPause) await pause(Math.random() * Math.min(longestPauseMs, 50 * contests));
    }
    return { ...this.counts, refused: [...this.refused.values()] };
  }

  /** Reads, follows and writes the next windows of every patient: each step is one batch for all. */
  private async round(queues: readonly Queue<Source>[]): Promise<void> {
    const turns = queues.map((queue) => this.turnOf(queue));
    await this.readResults(turns);
    await this.readFlags(turns);
    await this.follow(turns);
    await this.confirm(turns);
    const held = turns.filter(({ queue }) => !queue.isContested);
    const windows = held.flatMap(({ due }) => due.map(({ window }) => window));
    // Flags are in the first requests that go.
    const [, basis] = await Promise.all([this.writeFlags(held), this.results.findBasis(windows, this.log)]);
    const done = held.filter(({ queue }) => !queue.isContested);
    const due = done.flatMap((turn) => turn.due);
    const { written, refused } = await this.results.write(due, basis, this.log);
    for (const { arrival, window } of due) {
      if (refused.has(window)) this.refuse(arrival);
      else if (written.has(window)) this.counts.written++;
      else this.counts.ignored++;
    }
    for (const turn of done) this.finish(turn);
  }

  private turnOf(queue: Queue<Source>): Turn<Source> {
    const isFresh = this.memory.isNew && !queue.isContested;
    if (queue.isContested) this.memory.patients.delete(queue.patient);
    const arrivals = queue.left.slice(0, togetherCount(queue.left));
    const nothing = { changes: [], corrections: [], asksForPast: false };
    const flags = this.memory.patients.get(queue.patient) ?? new PatientFlags();
    return { queue, arrivals, isFresh, open: [], due: [], ignored: 0, flags, followed: nothing };
  }

  /** Before Flags are read: what is done by then is in these. */
  private async readResults(turns: readonly Turn<Source>[]): Promise<void> {
    const asked = turns.flatMap(({ arrivals, isFresh }) =>
      arrivals.filter(({ window: { revision } }) => revision > 1 || !isFresh),
    );
    const answers = await this.results.read(
      asked.map(({ window }) => window),
      this.log,
    );
    const byArrival = new Map(asked.map((arrival, index) => [arrival, answers[index]]));
    for (const turn of turns) {
      turn.queue.isContested = false;
      const known = turn.arrivals.map((arrival) => ({
        arrival,
        window: arrival.window,
        stored: byArrival.get(arrival),
      }));
      for (const { arrival, stored } of known) {
        if (byArrival.has(arrival) && stored === undefined) this.refuse(arrival);
      }
      const told = known.filter(({ arrival, stored }) => stored !== undefined || !byArrival.has(arrival));
      turn.due = told.filter(
        ({ window: { revision }, stored }) =>
          stored === undefined || stored.assessment.revision < revision || stored.score.revision < revision,
      );
      turn.ignored = told.length - turn.due.length;
      turn.open = turn.due
        .filter(({ window, stored }) => this.isHot(window) && (stored?.assessment.revision ?? 0) < window.revision)
        .map(({ arrival }) => arrival);
    }
  }

  private async readFlags(turns: readonly Turn<Source>[]): Promise<void> {
    const standing = new Map<string, PatientFlags>();
    const named = new Map<string, PatientFlags>();
    for (const { queue, open, flags } of turns) {
      if (open.length === 0) continue;
      const isRemembered = this.memory.patients.has(queue.patient);
      if (!isRemembered) standing.set(queue.patient, flags);
      for (const { window } of open) {
        for (const { id, since } of namedIn(window)) {
          // One that begins with this very window is there only when the window comes again, which its PUT tells.
          const isNew = isRemembered && since === window.start && window.revision === 1;
          if (!isNew && !flags.has(id)) named.set(id, flags);
        }
      }
    }
    const refused = await this.store.load(standing, named, this.log);
    for (const turn of turns) {
      if (refused.has(turn.flags)) this.giveUp(turn, turn.open);
      else if (turn.open.length > 0) this.memory.patients.set(turn.queue.patient, turn.flags);
    }
  }

  private async follow(turns: readonly Turn<Source>[]): Promise<void> {
    for (const turn of turns) turn.followed = followAll(turn.flags, turn.open, turn.isFresh, undefined);
    const asking = turns.filter(({ followed }) => followed.asksForPast);
    const pasts = asking.map(({ queue: { patient }, open, flags }) => ({
      ...{ patient, flags, from: Math.min(...open.map(({ window }) => window.start)) },
    }));
    const ends = await this.store.loadPast(pasts, this.log);
    for (const [index, turn] of asking.entries()) {
      turn.followed = followAll(turn.flags, turn.open, turn.isFresh, ends[index] ?? []);
    }
  }

  /** A correction must not be followed where somebody else has followed it, and what came after it, before Flags were read. */
  private async confirm(turns: readonly Turn<Source>[]): Promise<void> {
    const asked = turns.flatMap((turn) => turn.followed.corrections.map(({ window }) => ({ turn, window })));
    const answers = await this.results.read(
      asked.map(({ window }) => window),
      this.log,
    );
    for (const [index, { turn, window }] of asked.entries()) {
      const stored = answers[index];
      if (stored === undefined || stored.assessment.revision >= window.revision) turn.queue.isContested = true;
    }
  }

  private async writeFlags(turns: readonly Turn<Source>[]): Promise<void> {
    const changes = turns.flatMap((turn) =>
      turn.followed.changes.map(({ episode, by }) => ({
        ...{ turn, by, episode, flags: turn.flags },
        horizon: by[0]?.window.horizon ?? '',
      })),
    );
    const answers = await this.store.write(changes satisfies readonly FlagChange[], this.log);
    for (const [index, { turn, by }] of changes.entries()) {
      const answer = answers[index];
      if (answer === 'written') this.counts.flags++;
      else if (answer === 'conflict') turn.queue.isContested = true;
      else if (answer === 'refused') this.giveUp(turn, by);
    }
  }

  private finish({ queue, arrivals, ignored }: Turn<Source>): void {
    this.counts.ignored += ignored;
    queue.left.splice(0, arrivals.length);
    // Whoever has gone is asked for again should they come back.
    if (arrivals.some(({ window }) => window.monitoringEnd !== null)) this.memory.patients.delete(queue.patient);
  }

  private giveUp(turn: Turn<Source>, arrivals: readonly Arrival<Source>[]): void {
    this.memory.patients.delete(turn.queue.patient);
    for (const arrival of arrivals) {
      if (!turn.due.some((one) => one.arrival === arrival)) continue;
      this.refuse(arrival);
      turn.due = turn.due.filter((one) => one.arrival !== arrival);
    }
    turn.open = turn.open.filter((one) => !arrivals.includes(one));
  }

  private refuse(arrival: Arrival<Source>): void {
    this.refused.set(arrival, { source: arrival.source, reason: refusal });
  }

  private isHot({ start, end }: ScoredWindow): boolean {
    return end - start === this.windowMs;
  }
}

function queuesOf<Source>(arrivals: readonly Arrival<Source>[]): Queue<Source>[] {
  const queues = new Map<string, Queue<Source>>();
  for (const arrival of arrivals) {
    const { patient } = arrival.window;
    const queue = queues.get(patient) ?? { patient, left: [], isContested: false };
    queue.left.push(arrival);
    queues.set(patient, queue);
  }
  return [...queues.values()];
}

function namedIn({ patient, flag, dataGap }: ScoredWindow) {
  return [
    ...(flag.since === null ? [] : [{ kind: 'deterioration' as const, since: flag.since }]),
    ...(dataGap.since === null ? [] : [{ kind: 'data-gap' as const, since: dataGap.since }]),
  ].map(({ kind, since }) => ({ id: flagId({ patient, kind, since }), since }));
}
