import { parseScored } from '../contracts/parseScored';
import type { ScoredClockMark } from '../contracts/scored';
import { SourceMarks } from '../enrich/sourceMarks';
import type { ArrivedWindow, Repository } from '../repository/port';
import { type ResultOutcome, ResultWriter } from '../repository/resultWriter';
import { type DeadLetterStore, DeadLetters, deadLetterOf } from '../stream/deadLetters';
import type { EventBatch, ReceivedEvent } from '../stream/eventBatch';
import { hold } from '../stream/hold';
import type { StepLog } from '../stream/stepLog';
import { type LatencyRules, latencyOf } from './latency';

/** Length and lateness of the windows that flags go by, and when their age in the repository is too high. */
export type MlOutputRepositorySettings = LatencyRules & { readonly windowSeconds: number };

interface Arrival extends ArrivedWindow {
  readonly event: ReceivedEvent;
}

interface Failure {
  readonly event: ReceivedEvent;
  readonly reason: { readonly name: string; readonly message: string };
}

const step = 'ml-output-repository';

/**
 * Step 14: writes batches of `scored` into the repository. A batch ends when all of it is there or a dead letter, and it is told how
 * far the feed is by the clock marks that came with it. One for a process: marks are remembered by partition.
 */
export class MlOutputRepository {
  private readonly writer: ResultWriter;
  private readonly marks = new Map<string, SourceMarks>();

  constructor(
    private readonly repository: Repository,
    private readonly deadLetters: DeadLetterStore,
    private readonly settings: MlOutputRepositorySettings,
  ) {
    this.writer = new ResultWriter(repository);
  }

  async handle(batch: EventBatch, log: StepLog): Promise<void> {
    const { arrivals, marks, failures } = this.read(batch.events);
    const outcome = await this.writer.write(arrivals, log);
    await this.report(batch.partitionId, marks, log);
    const refused = outcome.refused.map(({ arrival: { event }, reason }) => ({
      event,
      reason: { name: 'RepositoryRefusalException', message: reason },
    }));
    const letters = [...failures, ...refused].map(({ event, reason }) => deadLetterOf(step, reason, batch, event));
    await new DeadLetters(this.deadLetters, log).write(letters);
    if (arrivals.length + letters.length > 0) this.say(outcome, letters.length, log);
  }

  private read(events: readonly ReceivedEvent[]) {
    const arrivals: Arrival[] = [];
    const marks: ScoredClockMark[] = [];
    const failures: Failure[] = [];
    for (const event of events) {
      try {
        const message = parseScored(event.body.toString('utf8'));
        if (message.kind === 'clockMark') marks.push(message);
        else
          arrivals.push({ event, window: message, scoredAt: Date.parse(event.enqueuedTime), hot: this.isHot(message) });
      } catch (error) {
        failures.push({ event, reason: { name: 'InvalidDataFormatException', message: (error as Error).message } });
      }
    }
    return { arrivals, marks, failures };
  }

  private isHot({ start, end }: { readonly start: number; readonly end: number }): boolean {
    return end - start === this.settings.windowSeconds * 1000;
  }

  /** All that came before these marks in the partition is written. */
  private async report(partition: string, marks: readonly ScoredClockMark[], log: StepLog): Promise<void> {
    if (marks.length === 0) return;
    const own = this.marks.get(partition) ?? new SourceMarks();
    this.marks.set(partition, own);
    for (const mark of marks) own.note(mark);
    const until = own.next();
    if (until !== undefined) await hold(step, log, () => this.repository.reportFeed('repository', partition, until));
  }

  private say({ written, ignored, episodes, writtenAt }: ResultOutcome<Arrival>, letters: number, log: StepLog): void {
    log.info(
      `iomt.repository written=${written.length} ignored=${ignored} episodes=${episodes} deadLetters=${letters}`,
    );
    if (writtenAt === null) return;
    const latency = latencyOf(written, writtenAt, this.settings);
    if (latency !== undefined) log[latency.level](latency.line);
  }
}
