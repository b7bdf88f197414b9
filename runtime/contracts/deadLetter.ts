/** Where a message can fail for good. The replay of a dead letter enters there again. */
export const failedSteps = [
  'normalize',
  'write-observations',
  'ml-input',
  'charted-values',
  'ml-output-fhir',
  'ml-output-repository',
] as const;
export type FailedStep = (typeof failedSteps)[number];

/**
 * A message that a step gave up, with all that is needed to send it again as it was. It lies as a JSON blob at
 * `<step>/<yyyy>/<MM>/<dd>/<event hub>-<partition>-<sequence number>.json` (the day of its arrival), so that the same
 * message given up twice is one dead letter. It holds PHI; its container is the only place outside of the path that does.
 */
export interface DeadLetter {
  readonly step: FailedStep;
  /** Name as people know it from a MedTech service's log (`DeviceNotFoundException`), and a sentence without values. */
  readonly reason: { readonly name: string; readonly message: string };
  readonly eventHub: string;
  readonly partitionId: string;
  readonly sequenceNumber: number;
  /** When the event hub took the message, ISO 8601 in UTC. */
  readonly enqueuedTime: string;
  readonly partitionKey: string | null;
  readonly contentType: string | null;
  /** The original bytes. */
  readonly bodyBase64: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly systemProperties: Readonly<Record<string, unknown>>;
  /** The natural key of the measurement, where the message was understood that far. */
  readonly measurement: {
    readonly deviceId: string;
    readonly type: string;
    readonly occurrenceTime: string;
    readonly correlationId: string | null;
  } | null;
}

export function deadLetterName({ step, enqueuedTime, eventHub, partitionId, sequenceNumber }: DeadLetter): string {
  const day = enqueuedTime.slice(0, 10).replaceAll('-', '/');
  return `${step}/${day}/${eventHub}-${partitionId}-${sequenceNumber}.json`;
}

/** Metadata of a dead letter's blob once its message was sent again: when. It is never part of the letter. */
export const replayedMetadata = 'replayed';

/**
 * Application property of a message that was sent again: JSON of `ReplayedFrom`. It is believed only where IoT Hub's
 * device id is missing among the system properties, which no device can bring about.
 */
export const replayedProperty = 'iomt-replayed-from';

export interface ReplayedFrom {
  /** Name of the dead letter's blob. */
  readonly deadLetter: string;
  /** When the original arrived; lateness and ingestion time are judged by it. */
  readonly enqueuedTime: string;
  readonly systemProperties: Readonly<Record<string, unknown>>;
}
