import type { DeadLetter } from '../contracts/deadLetter';
import { parseScored } from '../contracts/parseScored';
import type { ScoredClockMark } from '../contracts/scored';
import type { FeedProgress } from '../hotPath/feedProgress';
import type { RefusedResult } from '../hotPath/hotPathBatch';
import type { Arrival } from '../hotPath/hotPathRound';
import type { HotPathWriter } from '../hotPath/hotPathWriter';
import { type DeadLetterStore, DeadLetters, deadLetterOf } from '../stream/deadLetters';
import type { EventBatch, ReceivedEvent } from '../stream/eventBatch';
import type { StepLog } from '../stream/stepLog';

/** What the function `mlOutputFhir` works with. */
export interface MlOutputFhirTools {
  readonly writer: HotPathWriter;
  readonly deadLetters: DeadLetterStore;
  readonly progress: FeedProgress;
}

/**
 * Steps 13a and 13b: writes a batch of `scored` into FHIR. Ends when all of it is there or a dead letter; these come last, so
 * that a container that refuses keeps nothing healthy back.
 */
export async function mlOutputFhir(
  batch: EventBatch,
  { writer, deadLetters, progress }: MlOutputFhirTools,
  log: StepLog,
): Promise<void> {
  const { arrivals, marks, failures } = readResults(batch.events);
  const [first, last] = [batch.events[0]?.sequenceNumber ?? 0, batch.events.at(-1)?.sequenceNumber ?? 0];
  const range = { id: batch.partitionId, first, last };
  const { refused, written, ignored, flags } = await writer.write(arrivals, range, log);
  const letters = [...failures, ...refused].map(({ source, reason }) =>
    deadLetterOf('ml-output-fhir', reason, batch, source),
  );
  await new DeadLetters(deadLetters, log).write(letters);
  progress.note(batch.partitionId, marks, log);
  if (arrivals.length + letters.length > 0) {
    log.info(`iomt.results written=${written} ignored=${ignored} flags=${flags} deadLetters=${letters.length}`);
  }
}

interface ReadResults {
  readonly arrivals: readonly Arrival<ReceivedEvent>[];
  readonly marks: readonly ScoredClockMark[];
  readonly failures: readonly RefusedResult<ReceivedEvent>[];
}

function readResults(events: readonly ReceivedEvent[]): ReadResults {
  const arrivals: Arrival<ReceivedEvent>[] = [];
  const marks: ScoredClockMark[] = [];
  const failures: RefusedResult<ReceivedEvent>[] = [];
  for (const event of events) {
    try {
      const message = parseScored(event.body.toString('utf8'));
      if (message.kind === 'clockMark') marks.push(message);
      else arrivals.push({ window: message, source: event });
    } catch (error) {
      failures.push({ source: event, reason: unreadable(error) });
    }
  }
  return { arrivals, marks, failures };
}

function unreadable(error: unknown): DeadLetter['reason'] {
  return { name: 'InvalidDataFormatException', message: (error as Error).message };
}
