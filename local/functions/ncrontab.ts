/**
 * NCRONTAB expressions of six fields (second, minute, hour, day, month, day of week), in UTC, as timers of Azure Functions
 * have them (Learn: "Timer trigger for Azure Functions", NCRONTAB expressions). No package that is kept reads seconds and
 * works on a given time instead of the machine's.
 */

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values, from `min` on. */
  readonly names?: readonly string[];
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const fields: readonly Field[] = [
  { name: 'second', min: 0, max: 59 },
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: months },
  { name: 'day of week', min: 0, max: 6, names: weekdays },
];

const secondMs = 1000;
const dayMs = 24 * 60 * 60 * secondMs;
/** 29 February may be eight years away. */
const longestSearchDays = 366 * 9;

/** When a timer is due. */
export class Schedule {
  private constructor(private readonly allowed: readonly ReadonlySet<number>[]) {}

  /** @throws Error naming the field that is wrong */
  static parse(expression: string): Schedule {
    const parts = expression.trim().split(/\s+/);
    if (parts.length !== fields.length) {
      throw new Error(`The schedule '${expression}' has ${parts.length} fields; an NCRONTAB expression has six.`);
    }
    return new Schedule(fields.map((field, index) => valuesOf(parts[index] ?? '', field, expression)));
  }

  /** The first time after `time`, both in milliseconds since 1970. @throws Error when there is none */
  after(time: number): number {
    const from = Math.floor(time / secondMs) * secondMs + secondMs;
    for (let day = 0; day < longestSearchDays; day += 1) {
      const midnight = Math.floor(from / dayMs) * dayMs + day * dayMs;
      if (!this.allowsDay(new Date(midnight))) continue;
      const found = this.withinDay(midnight, Math.max(from, midnight));
      if (found !== undefined) return found;
    }
    throw new Error('The schedule names a day that never comes.');
  }

  /** Milliseconds between two times at which it is due, from `time` on. */
  intervalAt(time: number): number {
    const first = this.after(time);
    return this.after(first) - first;
  }

  private allowsDay(day: Date): boolean {
    return this.allows(3, day.getUTCDate()) && this.allows(4, day.getUTCMonth() + 1) && this.allows(5, day.getUTCDay());
  }

  private withinDay(midnight: number, from: number): number | undefined {
    const start = new Date(from);
    for (let hour = start.getUTCHours(); hour < 24; hour += 1) {
      if (!this.allows(2, hour)) continue;
      const isFirstHour = hour === start.getUTCHours();
      for (let minute = isFirstHour ? start.getUTCMinutes() : 0; minute < 60; minute += 1) {
        if (!this.allows(1, minute)) continue;
        const isFirstMinute = isFirstHour && minute === start.getUTCMinutes();
        for (let second = isFirstMinute ? start.getUTCSeconds() : 0; second < 60; second += 1) {
          if (this.allows(0, second)) return midnight + ((hour * 60 + minute) * 60 + second) * secondMs;
        }
      }
    }
    return undefined;
  }

  private allows(field: number, value: number): boolean {
    return this.allowed[field]?.has(value) ?? false;
  }
}

function valuesOf(text: string, field: Field, expression: string): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [, range = '', step = '1'] = /^([^/]+)(?:\/(\d+))?$/.exec(part) ?? [];
    const [first, last] = boundsOf(range, field, part !== range);
    if (!(first >= field.min && last <= field.max && first <= last) || Number(step) < 1) {
      throw new Error(
        `'${part}' is no ${field.name} from ${field.min} to ${field.max}, in the schedule '${expression}'.`,
      );
    }
    for (let value = first; value <= last; value += Number(step)) values.add(value);
  }
  return values;
}

/** `5/10` runs from 5 to the end, `5` alone is 5. */
function boundsOf(range: string, field: Field, hasStep: boolean): [number, number] {
  if (range === '*') return [field.min, field.max];
  const [from = '', to] = range.split('-');
  const first = numberOf(from, field);
  return [first, to === undefined ? (hasStep ? field.max : first) : numberOf(to, field)];
}

function numberOf(text: string, { min, names }: Field): number {
  const index = names?.indexOf(text.slice(0, 3).toUpperCase()) ?? -1;
  if (index >= 0) return min + index;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
