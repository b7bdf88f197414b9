import type { Ticks } from '../medtech/instant';
import { ticksPerMillisecond } from '../medtech/instant';

/** Milliseconds since 1970. Undefined where there is no time. */
export const millisecondsOf = (ticks: Ticks | undefined): number | undefined =>
  ticks === undefined ? undefined : Number(ticks / ticksPerMillisecond);

export const isoOf = (time: number): string => new Date(time).toISOString();

export const dayMs = 86_400_000;
