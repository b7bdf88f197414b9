import type { Measure, StepSnapshot } from '../snapshot';

/** No-break space between a number and its unit. */
const unbroken = '\u00a0';
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export function formatCount(count: number): string {
  return count < 1_000_000 ? whole.format(count) : compact.format(count);
}

/** For narrow places: `19.2K`. */
export function formatShortCount(count: number): string {
  return count < 10_000 ? whole.format(count) : compact.format(count);
}

export function formatRate(perSecond: number): string {
  return `${perSecond > 0 && perSecond < 9.95 ? perSecond.toFixed(1) : formatCount(perSecond)}/s`;
}

/** A delay, from `0.4 ms` to `3 min`. */
export function formatDelay(milliseconds: number): string {
  if (milliseconds < 9.95) return `${milliseconds.toFixed(1)}${unbroken}ms`;
  if (milliseconds < 999.5) return `${milliseconds.toFixed(0)}${unbroken}ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)}${unbroken}s`;
  return formatSpan(milliseconds);
}

/** A span of time for people: `12 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${hours / 24} d`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `p50 8.0 ms`, `p95 31 ms`; empty where delays are not known. */
export function delayTexts(measure: Measure): string[] {
  if (measure.delayP50Ms === undefined || measure.delayP95Ms === undefined) return [];
  return [`p50${unbroken}${formatDelay(measure.delayP50Ms)}`, `p95${unbroken}${formatDelay(measure.delayP95Ms)}`];
}

/** What a step does at the moment, in words. */
export function stepStatus(step: StepSnapshot): string {
  if (step.state === 'planned') return 'comes with a later release';
  if (step.state === 'absent') return 'not used by this program';
  if (step.state === 'waiting') return 'ready, nothing has passed yet';
  const flow = [plural(step.count, 'message'), formatRate(step.ratePerSecond), ...delayTexts(step)].join(' · ');
  return step.state === 'held' ? `held: ${step.reason ?? 'messages wait'} (${flow})` : flow;
}

/** Shows instants in the ward's zone. */
export class WardTime {
  private readonly date: Intl.DateTimeFormat;
  private readonly short: Intl.DateTimeFormat;
  private readonly time: Intl.DateTimeFormat;

  constructor(readonly timeZone: string) {
    const day = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' } as const;
    this.date = new Intl.DateTimeFormat('en-GB', { timeZone, ...day });
    const minutes = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } as const;
    this.short = new Intl.DateTimeFormat('en-GB', { timeZone, ...minutes });
    this.time = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium' });
  }

  day(iso: string): string {
    return this.date.format(new Date(iso));
  }

  clock(iso: string): string {
    return this.time.format(new Date(iso));
  }

  dayAndClock(iso: string): string {
    return this.short.format(new Date(iso));
  }
}
