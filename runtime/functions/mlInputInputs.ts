import { vitals } from '../contracts/scoringSource';
import type { Windows } from '../enrich/windows';
import { defaultLimits, type Limits, possibleReadings, type VitalLimits } from '../scoring/plausibility';

/**
 * Reads the app setting PLAUSIBILITY_LIMITS: JSON, vital to `{ least, most }`, over the defaults; empty is the defaults.
 * @throws Error naming all vitals that are unknown or whose limits are wrong
 */
export function readPlausibilityLimits(text: string): VitalLimits {
  const given = text.trim() === '' ? {} : parseObject(text);
  const wrong = Object.keys(given).filter((name) => !isLimits(name, given[name]));
  if (wrong.length === 0) return { ...defaultLimits, ...(given as Partial<VitalLimits>) };
  throw new Error(
    `The app setting PLAUSIBILITY_LIMITS has unknown vitals or limits that cannot be: ${wrong.join(', ')}. Allowed are ${vitals.join(', ')} with least and most within what a reading can be.`,
  );
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {}
  throw new Error('The app setting PLAUSIBILITY_LIMITS is not a JSON object.');
}

function isLimits(name: string, value: unknown): boolean {
  const vital = vitals.find((one) => one === name);
  const { least, most } = (value ?? {}) as Partial<Limits>;
  if (vital === undefined || typeof least !== 'number' || typeof most !== 'number') return false;
  const possible = possibleReadings[vital];
  return possible.least <= least && least <= most && most <= possible.most;
}

/**
 * Reads the app settings WINDOW_SECONDS and LATENESS_SECONDS.
 * @throws Error naming those that are wrong
 */
export function readWindows(windowSeconds: string, latenessSeconds: string): Windows {
  const [window, lateness] = [wholeSeconds(windowSeconds), wholeSeconds(latenessSeconds)];
  const wrong = [
    ...(window === undefined || window === 0 || 86_400 % window !== 0
      ? [`WINDOW_SECONDS is '${windowSeconds}'; it must be a whole number of seconds that divides a day.`]
      : []),
    ...(lateness === undefined
      ? [`LATENESS_SECONDS is '${latenessSeconds}'; it must be a whole number of seconds, 0 or more.`]
      : []),
  ];
  if (window === undefined || lateness === undefined || wrong.length > 0) throw new Error(wrong.join('\n'));
  return { windowMs: window * 1000, latenessMs: lateness * 1000 };
}

const wholeSeconds = (text: string) => (/^\d{1,6}$/.test(text) ? Number(text) : undefined);
