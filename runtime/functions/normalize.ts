import type { DeviceMapping } from '../medtech/mapping/deviceMapping';
import { type DeadLetterStore, DeadLetters, deadLetterOf } from '../stream/deadLetters';
import type { EventBatch } from '../stream/eventBatch';
import type { StepLog } from '../stream/stepLog';
import { normalizeBatch, type OutgoingMeasurement, type ScoringSources } from './normalizeBatch';
import type { NormalizedData } from './normalizedData';

/** What the function `normalize` works with. */
export interface NormalizeTools {
  readonly mapping: DeviceMapping;
  readonly scoring: ScoringSources;
  readonly normalizedData: NormalizedData;
  readonly deadLetters: DeadLetterStore;
}

const tooLarge = {
  name: 'MeasurementProcessingException',
  message: 'A measurement of the message is larger than the event hub takes.',
};

/**
 * Step 6: hands a batch of `devicedata` on to `normalizeddata`. Ends when all of it has been acknowledged, dead letters
 * too, which come last so that a container that refuses keeps nothing healthy back.
 */
export async function normalizeEvents(batch: EventBatch, tools: NormalizeTools, log: StepLog): Promise<void> {
  const { outgoing, deadLetters, unmatched } = normalizeBatch(batch, tools.mapping, tools.scoring);
  const refused = await tools.normalizedData.send(outgoing, batch.partitionId, log);
  const given = new Set(deadLetters.map(({ sequenceNumber }) => sequenceNumber));
  const further = sourcesOf(refused).filter(({ sequenceNumber }) => !given.has(sequenceNumber));
  await new DeadLetters(tools.deadLetters, log).write([
    ...deadLetters,
    ...further.map((event) => deadLetterOf('normalize', tooLarge, batch, event)),
  ]);
  if (unmatched > 0) log.info(`iomt.unmatched step=normalize count=${unmatched}`);
}

function sourcesOf(measurements: readonly OutgoingMeasurement[]): OutgoingMeasurement['source'][] {
  return [...new Set(measurements.map(({ source }) => source))];
}
