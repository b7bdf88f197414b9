import type { ScoredClockMark } from '../contracts/scored';
import { SourceMarks } from '../enrich/sourceMarks';
import type { Repository } from '../repository/port';
import type { StepLog } from '../stream/stepLog';
import { causeOf } from '../stream/transient';

/** A repository that has not answered by then is not waited for. */
const timeOutMs = 5_000;

/**
 * Tells the repository how far FHIR is, by partition of `scored`, so that the dashboard can say that FHIR is behind. Best effort and
 * beside the path: nothing waits for it, what could not be told is told with the next mark, and of several the newest goes.
 */
export class FeedProgress {
  private readonly marks = new Map<string, SourceMarks>();
  private readonly waiting = new Map<string, number>();
  private telling: Promise<void> | undefined;

  constructor(
    private readonly repository: Pick<Repository, 'reportFeed'>,
    private readonly timeOut = timeOutMs,
  ) {}

  /** All that came before these marks in the partition is written. */
  note(partition: string, marks: readonly ScoredClockMark[], log: StepLog): void {
    if (marks.length === 0) return;
    const own = this.marks.get(partition) ?? new SourceMarks();
    this.marks.set(partition, own);
    for (const mark of marks) own.note(mark);
    const until = own.next();
    if (until === undefined) return;
    this.waiting.set(partition, until);
    this.telling ??= this.tell(log).finally(() => {
      this.telling = undefined;
    });
  }

  /** When nothing is under way. */
  async settled(): Promise<void> {
    await this.telling;
  }

  private async tell(log: StepLog): Promise<void> {
    for (let next = this.take(); next !== undefined; next = this.take()) {
      const [partition, until] = next;
      try {
        await withinTime(this.repository.reportFeed('fhir', partition, until), this.timeOut);
      } catch (error) {
        log.warn(`iomt.feed feed=fhir cause=${causeOf(error)}`);
      }
    }
  }

  private take(): readonly [string, number] | undefined {
    const [next] = this.waiting;
    if (next !== undefined) this.waiting.delete(next[0]);
    return next;
  }
}

async function withinTime(work: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeOut = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error('No answer in time.'), { code: 'ETIMEDOUT' })),
      milliseconds,
    );
  });
  try {
    await Promise.race([work, timeOut]);
  } finally {
    clearTimeout(timer);
  }
}
