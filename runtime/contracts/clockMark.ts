/**
 * Clock marks are how time moves on the path: events among the data that say "nothing earlier comes after me". They are
 * told from data by the application property `iomt-kind`; an event that carries IoT Hub's device id is never one, so that
 * no device can move time.
 *
 * In `devicedata` a mark has an empty body: its time is when the hub took it. In every later hub its body is a `ClockMark`.
 */
export const kindProperty = 'iomt-kind';
export const clockMarkKind = 'clock-mark';

/** How far one source of a hub has been handed on, said in every partition of the hub after the data. */
export interface ClockMark {
  /**
   * What the mark is about. In `normalizeddata` a partition of `devicedata` (`0`). In `enriched` a partition of `normalizeddata`
   * (`0`), whose mark is the least of those that came to it from all partitions of `devicedata`, and beside these a partition of
   * `fhirevents` (`fhirevents/0`) or the search for charted values (`charted`). In `scored` who closes windows.
   */
  readonly source: string;
  /** How many sources there are: a reader has all marks when it has one of each. */
  readonly sources: number;
  /** Until when it has been handed on, ISO 8601 in UTC: the hub's time of arrival, not of measurement. */
  readonly time: string;
}

/** @throws Error naming the members that are missing or wrong. */
export function parseClockMark(text: string): ClockMark {
  const { source, sources, time } = JSON.parse(text) as Partial<ClockMark>;
  const wrong: string[] = [];
  if (typeof source !== 'string' || source === '') wrong.push('source');
  if (typeof sources !== 'number' || !Number.isInteger(sources) || sources < 1) wrong.push('sources');
  if (typeof time !== 'string' || Number.isNaN(Date.parse(time))) wrong.push('time');
  if (wrong.length > 0) throw new Error(`The clock mark has missing or wrong members: ${wrong.join(', ')}.`);
  return { source, sources, time } as ClockMark;
}
