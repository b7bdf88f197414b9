import type { KernelSettings } from '../scoring/kernelTypes';

/** A horizon of the long view is scored from one value a minute and vital: see `longSettings`. */
export const longSampleSeconds = 60;

const mostSeconds = 7 * 86_400;

/**
 * Reads the app setting LONG_WINDOWS: a JSON array of ISO 8601 durations in days, hours and minutes, as `["PT24H", "P7D"]`.
 *
 * @returns lengths in seconds, each once
 * @throws Error naming all durations that are wrong
 */
export function readLongWindows(text: string, settings: KernelSettings): readonly number[] {
  const durations = parseList(text);
  const lengths = durations.map((duration) => secondsOf(duration));
  const wrong = durations.filter((_, at) => !isLongWindow(lengths[at] ?? 0, settings));
  if (wrong.length > 0) {
    throw new Error(
      `The app setting LONG_WINDOWS has ${wrong.map((duration) => JSON.stringify(duration)).join(', ')}; allowed are ISO 8601 durations in days, hours and minutes, of whole windows (${settings.windowSeconds} s), longer than one and at most 7 days.`,
    );
  }
  return [...new Set(lengths)];
}

/** Reads a number of partitions. @returns their ids @throws Error when it is none */
export function readPartitions(name: string, text: string): readonly string[] {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) {
    throw new Error(`The app setting ${name} is '${text}'; it must be a whole number of 1 or more.`);
  }
  return Array.from({ length: count }, (_, id) => String(id));
}

function parseList(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return value;
  } catch {}
  throw new Error('The app setting LONG_WINDOWS is not a JSON array.');
}

function secondsOf(duration: unknown): number {
  const match = /^P(?=.)(?:(\d{1,3})D)?(?:T(?=.)(?:(\d{1,4})H)?(?:(\d{1,5})M)?)?$/.exec(String(duration));
  if (match === null) return 0;
  const [, days = 0, hours = 0, minutes = 0] = match;
  return Number(days) * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60;
}

function isLongWindow(seconds: number, { windowSeconds }: KernelSettings): boolean {
  return seconds > windowSeconds && seconds <= mostSeconds && seconds % windowSeconds === 0;
}

/**
 * What the kernel scores a long window with. A slot is a minute instead of `sampleSeconds`, or as long as that where it is longer:
 * a day of one patient is 1,440 slots a vital and not 86,400. Medians are exact over these; least and greatest are of the values
 * that took a slot, and may miss one of seconds in between, which the windows of minutes have.
 */
export function longSettings(settings: KernelSettings, seconds: number): KernelSettings {
  return { ...settings, windowSeconds: seconds, sampleSeconds: Math.max(longSampleSeconds, settings.sampleSeconds) };
}
