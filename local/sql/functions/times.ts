import { SqlError } from '../sqlError';

const dayMs = 86_400_000;
const units: Readonly<Record<string, number>> = { hour: 3_600_000, minute: 60_000, second: 1000, millisecond: 1 };

/** datetime knows thirds of hundredths: its milliseconds end in 0, 3 or 7. */
export function roundedToDatetime(ms: number): number {
  const day = Math.floor(ms / dayMs) * dayMs;
  return day + Math.round((Math.round(((ms - day) * 3) / 10) * 10) / 3);
}

/** How often the boundary of a part lies between two times, as DATEDIFF counts. */
export function difference(part: string, from: number, to: number): number {
  const unit = units[part];
  if (unit !== undefined) return Math.floor(to / unit) - Math.floor(from / unit);
  if (part === 'day' || part === 'dayofyear' || part === 'weekday')
    return Math.floor(to / dayMs) - Math.floor(from / dayMs);
  // Weeks begin on Sunday, whatever DATEFIRST is; 1970-01-04 was one.
  if (part === 'week') return Math.floor((to / dayMs + 4) / 7) - Math.floor((from / dayMs + 4) / 7);
  const [a, b] = [new Date(from), new Date(to)];
  const months = (b.getUTCFullYear() - a.getUTCFullYear()) * 12 + b.getUTCMonth() - a.getUTCMonth();
  if (part === 'month') return months;
  if (part === 'year') return b.getUTCFullYear() - a.getUTCFullYear();
  return (
    Math.floor((b.getUTCFullYear() * 12 + b.getUTCMonth()) / 3) -
    Math.floor((a.getUTCFullYear() * 12 + a.getUTCMonth()) / 3)
  );
}

export function added(part: string, count: number, to: number): number {
  const whole = Math.trunc(count);
  const unit = units[part] ?? { day: dayMs, dayofyear: dayMs, weekday: dayMs, week: 7 * dayMs }[part];
  const sum = unit === undefined ? addedMonths(part, whole, to) : to + whole * unit;
  if (sum < -62_135_596_800_000 || sum > 253_402_300_799_999) {
    throw new SqlError(517, "Adding a value to a 'datetime2' column caused an overflow.");
  }
  return sum;
}

/** The day stays within the month. */
function addedMonths(part: string, count: number, to: number): number {
  const months = count * ({ year: 12, quarter: 3 }[part] ?? 1);
  const date = new Date(to);
  const first = new Date(Date.UTC(2000, 0, 1));
  first.setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
  const last = new Date(first);
  last.setUTCMonth(last.getUTCMonth() + 1, 0);
  const day = Math.min(date.getUTCDate(), last.getUTCDate());
  return first.getTime() + (day - 1) * dayMs + (((to % dayMs) + dayMs) % dayMs);
}

export function partOf(part: string, ms: number): number {
  const date = new Date(ms);
  const january = Date.UTC(date.getUTCFullYear(), 0, 1);
  switch (part) {
    case 'year':
      return date.getUTCFullYear();
    case 'quarter':
      return Math.floor(date.getUTCMonth() / 3) + 1;
    case 'month':
      return date.getUTCMonth() + 1;
    case 'day':
      return date.getUTCDate();
    case 'dayofyear':
      return Math.floor((ms - january) / dayMs) + 1;
    case 'week':
      return difference('week', january, ms) + 1;
    case 'weekday':
      return date.getUTCDay() + 1;
    case 'hour':
      return date.getUTCHours();
    case 'minute':
      return date.getUTCMinutes();
    case 'second':
      return date.getUTCSeconds();
    default:
      return date.getUTCMilliseconds();
  }
}

export function truncated(part: string, ms: number): number {
  const unit = { ...units, day: dayMs, dayofyear: dayMs }[part];
  if (unit !== undefined) return Math.floor(ms / unit) * unit;
  if (part === 'week' || part === 'weekday') return (Math.floor((ms / dayMs + 4) / 7) * 7 - 4) * dayMs;
  const date = new Date(ms);
  const month = { year: 0, quarter: Math.floor(date.getUTCMonth() / 3) * 3 }[part] ?? date.getUTCMonth();
  return Date.UTC(date.getUTCFullYear(), month, 1);
}

export function endOfMonth(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0);
}

const pattern = /^\s*(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(Z)?)?\s*$/;

/** ISO 8601 in UTC, with or without time; undefined: it is none. Rounded to milliseconds, which must lose nothing. */
export function readTime(text: string): number | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = ''] = match;
  const seconds = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const isReal =
    new Date(seconds).getUTCDate() === Number(day) && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  if (!isReal) return undefined;
  const ticks = Number(fraction.padEnd(7, '0'));
  if (ticks % 10_000 !== 0) {
    throw new SqlError(50_999, "The local cloud's SQL keeps times to the millisecond: a text has more digits.");
  }
  return seconds + ticks / 10_000;
}

/** `2026-01-05 08:00:00.000` with the digits of the type's scale, or as a style of CONVERT has it. */
export function writeTime(ms: number, type: string, style: number | null): string {
  const iso = new Date(ms).toISOString();
  const [date = '', time = ''] = [iso.slice(0, 10), iso.slice(11, 23)];
  if (style === 23 || (type === 'date' && style === null)) return date;
  if (style === 112) return date.replaceAll('-', '');
  const scale = type === 'datetime' ? 3 : Number(/\((\d)\)/.exec(type)?.[1] ?? 7);
  const digits = `${time.slice(9)}0000`.slice(0, scale);
  const clock = time.slice(0, 8);
  if (style === 120) return `${date} ${clock}`;
  if (style === null || style === 121) return `${date} ${clock}${digits ? `.${digits}` : ''}`;
  if (style === 126 || style === 127) return `${date}T${clock}${digits ? `.${digits}` : ''}${style === 127 ? 'Z' : ''}`;
  throw new SqlError(
    50_999,
    `The local cloud's SQL does not do the style ${style} of CONVERT. Use 23, 112, 120, 121, 126 or 127.`,
  );
}
