import type { EventHubConsumerClient } from '@azure/event-hubs';
import { readEvents } from '../../local/judge/deviceData';
import { kindProperty } from '../../runtime/contracts/clockMark';
import { parseMeasurement } from '../../runtime/contracts/measurement';
import type { Arrivals } from '../ingest/consumer';
import type { Commit } from './commits';
import { readingKey } from './readingKey';

/** When one message was where, in milliseconds since 1970. */
export interface Hops {
  readonly sent: number;
  readonly inDeviceData: number;
  /** In the hands of the reader that does nothing else. */
  readonly read: number;
  /** The last of its measurements. */
  readonly inNormalizedData: number;
  /** The last of its Observations. */
  readonly inFhir: number;
}

/** What was seen on the way. */
export interface Seen {
  /** By message id, `<device>:<number>`. */
  readonly sentAt: Readonly<Record<string, number>>;
  readonly arrivals: Arrivals;
  readonly deviceData: EventHubConsumerClient;
  readonly normalizedData: EventHubConsumerClient;
  readonly commits: readonly Commit[];
  /** What has to be added to the times of the hubs. */
  readonly clockOffset: number;
}

/** Of each message, in the order of their sending. @throws Error when it did not become that many Observations */
export async function hopsOf(seen: Seen, observationsPerMessage: number): Promise<Hops[]> {
  const inFhir = latest(seen.commits.map(({ reading, at }) => [reading, at]));
  const observations = countOf(seen.commits.map(({ reading }) => reading));
  const inDeviceData = await timesInDeviceData(seen);
  const inNormalizedData = await timesInNormalizedData(seen);
  const messages = Object.entries(seen.sentAt).sort(([, a], [, b]) => a - b);
  return messages.map(([messageId, sent]) => {
    const reading = readingKey(messageId.split(':')[0] ?? '', sent);
    const found = observations.get(reading) ?? 0;
    if (found !== observationsPerMessage) throw new Error(`The message ${messageId} became ${found} Observations.`);
    return {
      sent,
      inDeviceData: inDeviceData.get(messageId) ?? Number.NaN,
      read: seen.arrivals.get(messageId) ?? Number.NaN,
      inNormalizedData: inNormalizedData.get(reading) ?? Number.NaN,
      inFhir: inFhir.get(reading) ?? Number.NaN,
    };
  });
}

type Moment = readonly [name: string, at: number];

async function timesInDeviceData({ deviceData, clockOffset }: Seen): Promise<Map<string, number>> {
  return latest(
    await readEvents(deviceData, ({ messageId, enqueuedTimeUtc }): Moment | undefined =>
      messageId === undefined ? undefined : [String(messageId), enqueuedTimeUtc.getTime() + clockOffset],
    ),
  );
}

async function timesInNormalizedData({ normalizedData, clockOffset }: Seen): Promise<Map<string, number>> {
  return latest(
    await readEvents(normalizedData, ({ body, properties, enqueuedTimeUtc }): Moment | undefined => {
      if (properties?.[kindProperty] !== undefined) return undefined;
      const { DeviceId, OccurrenceTimeUtc } = parseMeasurement(String(body));
      return [readingKey(DeviceId, OccurrenceTimeUtc), enqueuedTimeUtc.getTime() + clockOffset];
    }),
  );
}

function latest(moments: readonly Moment[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const [name, at] of moments) found.set(name, Math.max(at, found.get(name) ?? 0));
  return found;
}

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
