import { type DeadLetter, deadLetterName, type FailedStep } from '../contracts/deadLetter';
import type { Measurement } from '../contracts/measurement';
import type { EventBatch, ReceivedEvent } from './eventBatch';
import { holdForAll } from './hold';
import type { StepLog } from './stepLog';

/** Where dead letters are kept. Writing the same name again replaces what was there. */
export interface DeadLetterStore {
  /** @param metadata what `azure-iomt-dead-letters` lists by; names in lower case, values without PHI */
  put(name: string, content: string, metadata: Readonly<Record<string, string>>): Promise<void>;
}

/** Letters that are written at a time. */
const parallelWrites = 8;

/** Writes dead letters, and counts them in the log: one line a batch for each reason. */
export class DeadLetters {
  constructor(
    private readonly store: DeadLetterStore,
    private readonly log: StepLog,
  ) {}

  /** Keeps the letters of one step; as long as the container refuses, the partition is held. */
  async write(letters: readonly DeadLetter[]): Promise<void> {
    const [first] = letters;
    if (first === undefined) return;
    await holdForAll(first.step, this.log, parallelWrites, letters, (letter) =>
      this.store.put(deadLetterName(letter), JSON.stringify(letter), metadataOf(letter)),
    );
    for (const [reason, count] of countReasons(letters)) this.log.error(`iomt.deadLetters ${reason} count=${count}`);
  }
}

/** A message that a step gives up, with all that is needed to send it again. */
export function deadLetterOf(
  step: FailedStep,
  reason: DeadLetter['reason'],
  { eventHub, partitionId }: Pick<EventBatch, 'eventHub' | 'partitionId'>,
  event: ReceivedEvent,
  measurement: DeadLetter['measurement'] = null,
): DeadLetter {
  const { sequenceNumber, enqueuedTime, partitionKey, contentType, body, properties, systemProperties } = event;
  return {
    step,
    reason,
    eventHub,
    partitionId,
    sequenceNumber,
    enqueuedTime,
    partitionKey,
    contentType,
    bodyBase64: body.toString('base64'),
    properties,
    systemProperties,
    measurement,
  };
}

/** What a dead letter says of the measurement, where the message was understood that far. */
export function naturalKeyOf(measurement: Measurement | undefined): DeadLetter['measurement'] {
  if (measurement === undefined) return null;
  const { DeviceId, Type, OccurrenceTimeUtc, CorrelationId } = measurement;
  return { deviceId: DeviceId, type: Type, occurrenceTime: OccurrenceTimeUtc, correlationId: CorrelationId ?? null };
}

function metadataOf({ step, reason, enqueuedTime }: DeadLetter): Record<string, string> {
  return { step, reason: reason.name, enqueuedtime: enqueuedTime };
}

function countReasons(letters: readonly DeadLetter[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { step, reason } of letters) {
    const key = `step=${step} reason=${reason.name}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
