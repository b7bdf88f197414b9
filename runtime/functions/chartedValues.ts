import { isComputedId } from '../enrich/chartedReading';
import { readFhirEvents } from '../enrich/fhirEvents';
import { type DeadLetterStore, DeadLetters, deadLetterOf } from '../stream/deadLetters';
import { type EventBatch, newestTime, type ReceivedEvent } from '../stream/eventBatch';
import { isClockMark } from '../stream/marks';
import type { StepLog } from '../stream/stepLog';
import { type ArrivedChange, type ChartedTools, chartedRecords } from './chartedRecords';
import type { EnrichedData } from './enrichedData';
import { type Refusal, refusals } from './enrichRefusals';

/** What the function `chartedValues` works with. */
export interface ChartedValuesTools extends ChartedTools {
  readonly enriched: EnrichedData;
  readonly deadLetters: DeadLetterStore;
}

interface Failure {
  readonly source: ReceivedEvent;
  readonly reason: Refusal;
}

/**
 * Hands a batch of `fhirevents` on to `enriched`: what was charted or taken back, and who came under observation or left it. An
 * event says only which resource was written; what is read is the resource as it is now and as it was before. Ends when
 * all of it has been acknowledged. What the connector wrote is left unread.
 */
export async function chartedValues(batch: EventBatch, tools: ChartedValuesTools, log: StepLog): Promise<void> {
  const failures: Failure[] = [];
  const arrived = arrivedIn(batch.events, failures);
  const { enriched, deadLetters } = tools;
  const { records, failures: unusable } = await chartedRecords(arrived, tools, newestTime(batch.events), log);
  failures.push(...unusable);
  const tooLarge = await enriched.send(records, log);
  failures.push(...tooLarge.map((source) => ({ source, reason: refusals.tooLarge })));
  const mark = batch.events.filter(isClockMark).at(-1);
  if (mark !== undefined) {
    await enriched.sendMark(`fhirevents/${batch.partitionId}`, Date.parse(mark.enqueuedTime), log);
  }
  // One letter an event, which has one place in the container.
  const firsts = new Map([...failures].reverse().map(({ source, reason }) => [source, reason]));
  const letters = [...firsts].map(([source, reason]) => deadLetterOf('charted-values', reason, batch, source));
  await new DeadLetters(deadLetters, log).write(letters);
  if (arrived.length > 0) {
    log.info(`iomt.charted changes=${arrived.length} sent=${records.length} deadLetters=${letters.length}`);
  }
}

function arrivedIn(events: readonly ReceivedEvent[], failures: Failure[]): readonly ArrivedChange<ReceivedEvent>[] {
  return events.flatMap((event) => {
    if (isClockMark(event)) return [];
    try {
      const notices = readFhirEvents(event.body.toString('utf8'));
      const arrival = Date.parse(event.enqueuedTime);
      return notices
        .filter(({ type, id }) => type !== 'Observation' || !isComputedId(id))
        .map((noticed) => ({ noticed, source: event, arrival }));
    } catch (error) {
      const reason = { name: 'InvalidDataFormatException', message: (error as Error).message };
      failures.push({ source: event, reason });
      return [];
    }
  });
}
