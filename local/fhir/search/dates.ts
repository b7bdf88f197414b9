/** Times as FHIR writes them, as ranges: `2026-01` is the whole month, `10:00:00Z` the whole second. */

/** Both ends belong to it; milliseconds since 1970. */
export interface TimeRange {
  readonly low: number;
  readonly high: number;
}

export const earliest = -8.64e15;
export const latest = 8.64e15;

const pattern = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

/** The range that a date, dateTime or instant covers; undefined for what is none. Without an offset it is UTC. */
export function timeRange(text: string): TimeRange | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const low = Date.UTC(
    Number(year),
    Number(month ?? 1) - 1,
    ...([Number(day ?? 1), Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0)] as const),
    Math.floor(Number(fraction ?? 0) * 1000),
  );
  const start = low - offsetMs(zone);
  return Number.isNaN(start) ? undefined : { low: start, high: endOf(start, match) };
}

function offsetMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number);
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function endOf(start: number, [, , month, day, hour, , second, fraction]: RegExpExecArray): number {
  const date = new Date(start);
  if (fraction !== undefined && fraction.length > 3) return start;
  if (fraction !== undefined) return start + 10 ** (4 - fraction.length) - 1;
  if (second !== undefined) return start + 999;
  if (hour !== undefined) return start + 59_999;
  if (day !== undefined) return start + 86_399_999;
  if (month !== undefined) return date.setUTCMonth(date.getUTCMonth() + 1) - 1;
  return date.setUTCFullYear(date.getUTCFullYear() + 1) - 1;
}
