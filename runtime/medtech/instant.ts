/** A point in time: ticks of 100 ns since 1970-01-01T00:00:00Z, the precision of the original (JavaScript's Date has 1 ms). */
export type Ticks = bigint;

export const ticksPerMillisecond = 10_000n;

const isoDateTime = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)?$/;

/**
 * The ticks of a JSON string which the original's JSON reader turns into a date (Newtonsoft.Json's date detection:
 * 19 to 40 characters, `yyyy-MM-ddTHH:mm:ss`, up to 7 fraction digits, `Z` or an offset; hour 24 only as 24:00:00);
 * undefined for every other string. Without a zone the time is UTC.
 */
export function dateTokenOf(text: string): Ticks | undefined {
  if (!mayBeDate(text)) return undefined;
  const parts = isoDateTime.exec(text);
  if (parts === null) return undefined;
  const hour = Number(parts[4]);
  const endOfDay = hour === 24 && parts[5] === '00' && parts[6] === '00' && Number(parts[7] ?? 0) === 0;
  return ticksOf({
    year: Number(parts[1]),
    month: Number(parts[2]),
    day: Number(parts[3]),
    hour: endOfDay ? 0 : hour,
    minute: Number(parts[5]),
    second: Number(parts[6]),
    fraction: parts[7] ?? '',
    offsetMinutes: offsetMinutes(parts[8], parts[9], parts[10]) - (endOfDay ? 1440 : 0),
  });
}

/** Whether a text has the length of a date token and its `T`: what nearly every other text has not. */
export function mayBeDate(text: string): boolean {
  return text.length >= 19 && text.length <= 40 && text.charCodeAt(10) === 84 /* T */;
}

interface CivilTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly fraction: string;
  readonly offsetMinutes: number;
}

function offsetMinutes(sign: string | undefined, hours: string | undefined, minutes: string | undefined): number {
  if (sign === undefined) return 0;
  const size = Number(hours) * 60 + Number(minutes ?? 0);
  return sign === '-' ? -size : size;
}

function ticksOf(time: CivilTime): Ticks | undefined {
  const { year, month, day, hour, minute, second } = time;
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute - time.offsetMinutes, second);
  const fraction = time.fraction === '' ? 0n : BigInt(Math.round(Number(`0.${time.fraction}`) * 1e7));
  return inRange(BigInt(date.getTime()) * ticksPerMillisecond + fraction);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

const earliest = -621_355_968_000_000_000n; // 0001-01-01
const latest = 2_534_023_007_999_999_999n; // 9999-12-31T23:59:59.9999999

/** The ticks when they lie in the years 1 to 9999, the original's range of dates. */
export function inRange(ticks: Ticks): Ticks | undefined {
  return ticks < earliest || ticks > latest ? undefined : ticks;
}

/** The first and the last of some points in time (Math.min and Math.max do not take them). */
export function spanOf(times: readonly Ticks[]): { readonly start: Ticks; readonly end: Ticks } {
  const [first = 0n] = times;
  let start = first;
  let end = first;
  for (const time of times) {
    if (time < start) start = time;
    if (time > end) end = time;
  }
  return { start, end };
}

const clock = String.raw`(?:[T ]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?: *([AaPp])[Mm])?)?`;
const zone = String.raw` *(?:Z|GMT|UTC|([+-])(\d\d):?(\d\d))?`;
const yearFirst = new RegExp(`^(\\d{4})[-/](\\d{1,2})[-/](\\d{1,2})${clock}${zone}$`);
const monthFirst = new RegExp(`^(\\d{1,2})[-/](\\d{1,2})[-/](\\d{4})${clock}${zone}$`);
const monthNamed = new RegExp(`^(?:[A-Za-z]{3,9}, *)?(\\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\\d{4})${clock}${zone}$`);
const nameFirst = new RegExp(`^(?:[A-Za-z]{3,9}, *)?([A-Za-z]{3})[a-z]* +(\\d{1,2}),? +(\\d{4})${clock}${zone}$`);
const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * A timestamp given as text, by .NET's invariant rules: ISO forms with `T` or blank, `yyyy-MM-dd`, `MM/dd/yyyy` (month
 * first), `dd MMM yyyy` and `MMM dd, yyyy`, each with an optional time and offset. No zone means UTC. Undefined when
 * it is none.
 */
export function parseTimestamp(text: string): Ticks | undefined {
  const token = dateTokenOf(text);
  if (token !== undefined) return token;
  if (text.length > 64) return undefined;
  const trimmed = text.trim();
  const iso = yearFirst.exec(trimmed);
  if (iso !== null) return fromParts(iso, iso[1], Number(iso[2]), iso[3]);
  const american = monthFirst.exec(trimmed);
  if (american !== null) return fromParts(american, american[3], Number(american[1]), american[2]);
  const named = monthNamed.exec(trimmed);
  if (named !== null) return fromParts(named, named[3], monthOf(named[2]), named[1]);
  const month = nameFirst.exec(trimmed);
  return month === null ? undefined : fromParts(month, month[3], monthOf(month[1]), month[2]);
}

/** 0, which is no month, for what is no name of one. */
function monthOf(name: string | undefined): number {
  return monthNames.indexOf((name ?? '').toLowerCase()) + 1;
}

function fromParts(parts: RegExpExecArray, year: string | undefined, month: number, day: string | undefined) {
  const half = parts[8]?.toLowerCase();
  const given = Number(parts[4] ?? 0);
  if (half !== undefined && (given < 1 || given > 12)) return undefined;
  const hour = half === undefined ? given : (given % 12) + (half === 'p' ? 12 : 0);
  return ticksOf({
    year: Number(year),
    month,
    day: Number(day),
    hour,
    minute: Number(parts[5] ?? 0),
    second: Number(parts[6] ?? 0),
    fraction: parts[7] ?? '',
    offsetMinutes: offsetMinutes(parts[9], parts[10], parts[11]),
  });
}

function split(ticks: Ticks): { seconds: string; fraction: string } {
  const second = 10_000_000n;
  const within = ((ticks % second) + second) % second;
  const milliseconds = Number((ticks - within) / ticksPerMillisecond);
  return {
    seconds: new Date(milliseconds).toISOString().slice(0, 19),
    fraction: within.toString().padStart(7, '0'),
  };
}

/** `2019-02-01T22:46:01.875Z`: no trailing zeros in the fraction. */
export function isoText(ticks: Ticks): string {
  const { seconds, fraction } = split(ticks);
  const digits = fraction.replace(/0+$/, '');
  return digits === '' ? `${seconds}Z` : `${seconds}.${digits}Z`;
}

/**
 * As isoText of parseTimestamp; undefined when the text is no timestamp. A time in UTC, as nearly all are, is checked and
 * keeps its digits.
 */
export function isoTextOf(text: string): string | undefined {
  if (text !== last.text) last = { text, iso: readIsoText(text) };
  return last.iso;
}

/** The measurements of one message have one time. */
let last: { readonly text: string; readonly iso: string | undefined } = { text: '', iso: undefined };

function readIsoText(text: string): string | undefined {
  if (isUtcTime(text)) return withoutZeros(text);
  const ticks = parseTimestamp(text);
  return ticks === undefined ? undefined : isoText(ticks);
}

/** `yyyy-MM-ddTHH:mm:ss[.f{1,7}]Z` with a day that there is; without a regular expression, as each message has one. */
function isUtcTime(text: string): boolean {
  const end = text.length - 1;
  if (end < 19 || end > 27 || end === 20 || text.charCodeAt(10) !== 84 /* T */ || text.charCodeAt(end) !== 90 /* Z */) {
    return false;
  }
  const separated =
    text.charCodeAt(4) === 45 /* - */ &&
    text.charCodeAt(7) === 45 &&
    text.charCodeAt(13) === 58 /* : */ &&
    text.charCodeAt(16) === 58 &&
    (end === 19 || text.charCodeAt(19) === 46) /* . */;
  if (!separated) return false;
  for (let index = 20; index < end; index++) if (!isDigit(text.charCodeAt(index))) return false;
  const year = 100 * twoDigits(text, 0) + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const inTime = twoDigits(text, 11) <= 23 && twoDigits(text, 14) <= 59 && twoDigits(text, 17) <= 59;
  return inTime && year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** NaN, which is in no range, for what are no digits. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at);
  const ones = text.charCodeAt(at + 1);
  return isDigit(tens) && isDigit(ones) ? 10 * (tens - 48) + ones - 48 : Number.NaN;
}

function withoutZeros(time: string): string {
  if (time.length <= '2019-02-01T22:46:01Z'.length) return time;
  let end = time.length - 1;
  while (time.charCodeAt(end - 1) === 48 /* 0 */) end--;
  if (end === time.length - 1) return time;
  return `${time.slice(0, time.charCodeAt(end - 1) === 46 /* . */ ? end - 1 : end)}Z`;
}

/** `2019-02-01T22:46:01.8750000Z`: always 7 fraction digits, the original's form in FHIR resources. */
export function isoTextFull(ticks: Ticks): string {
  const { seconds, fraction } = split(ticks);
  return `${seconds}.${fraction}Z`;
}

/** `02/01/2019 22:46:01`, how the original writes a date that is given as a value; fraction and zone are lost. */
export function americanText(ticks: Ticks): string {
  const { seconds } = split(ticks);
  return `${seconds.slice(5, 7)}/${seconds.slice(8, 10)}/${seconds.slice(0, 4)} ${seconds.slice(11)}`;
}

/** `20190201224601Z`, the form in an Observation's identifier. */
export function compactText(ticks: Ticks): string {
  return `${split(ticks).seconds.replace(/[-:T]/g, '')}Z`;
}

/** `201902012246018750000Z`: as compactText, with the fraction, so that two readings in one second stay two. */
export function compactTextFull(ticks: Ticks): string {
  const { seconds, fraction } = split(ticks);
  return `${seconds.replace(/[-:T]/g, '')}${fraction}Z`;
}
