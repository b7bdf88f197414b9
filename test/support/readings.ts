import { naturalKey, type TelemetryMessage } from '../../local/replay/message';

export const second = 1_000;
export const minute = 60_000;
export const hour = 3_600_000;

/** Ids of the devices of some beds. */
export const ward = (name: string, beds: number) => Array.from({ length: beds }, (_, i) => `${name}-${i + 1}`);

/** As a device of the replay sends it. */
export function message(deviceId: string, time: number, values: object): TelemetryMessage {
  return textMessage(deviceId, time, JSON.stringify({ time: new Date(time).toISOString(), ...values }));
}

export function textMessage(deviceId: string, time: number, text: string): TelemetryMessage {
  return { deviceId, messageId: naturalKey(deviceId, time), creationTime: time, body: Buffer.from(text) };
}

/** Of each device so many messages with two readings, one a second from then on. */
export function readings(deviceIds: readonly string[], from: number, count: number): TelemetryMessage[] {
  return Array.from({ length: count }, (_, i) =>
    deviceIds.map((id, bed) => message(id, from + i * second, { hr: 60 + (i % 40) + bed, spo2: 90 + (i % 9) })),
  ).flat();
}

/** What is wrong with a message, and the step and reason with which it is given up. */
export const malformed: readonly (readonly [string, (time: string) => string])[] = [
  ['normalize InvalidDataFormatException', (time) => `{"time":"${time}","hr":7`],
  ['normalize InvalidDataFormatException', () => 'hr=72'],
  ['normalize IncompatibleDataException', () => '{"hr":72}'],
  ['normalize IncompatibleDataException', (time) => `{"time":"${time} o'clock","hr":72}`],
  ['write-observations InvalidQuantityFhirValueException', (time) => `{"time":"${time}","hr":"many"}`],
  ['normalize IncompatibleDataException', (time) => `{"time":"${time}","hr":[72]}`],
];

/** The others among the first ones, evenly, in an order that is the same in each run. */
export function spread<T>(first: readonly T[], others: readonly T[]): T[] {
  const shuffled = others
    .map((one, i) => ({ one, rank: (i * 31) % others.length }))
    .toSorted((a, b) => a.rank - b.rank);
  const every = first.length / others.length;
  return first.flatMap((one, i) => {
    const from = Math.floor(i / every);
    const until = Math.floor((i + 1) / every);
    return [one, ...shuffled.slice(from, until).map((other) => other.one)];
  });
}

/** How often there is each. */
export function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
