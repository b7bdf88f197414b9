import type { FlagRules } from './flagRules';
import type { KernelSettings } from './kernelTypes';

/**
 * What is scored with when a site says nothing. Ours, for the site's clinical safety owner to approve: windows of 5 minutes,
 * closed 2 minutes later; one value a second; charted values carried forward for 4 hours, for 1 hour after a band of
 * low-medium or above; a flag raised by a medium score in 2 of 3 windows, lowered after 3 windows and 30 minutes below.
 */
export const defaultKernelSettings: KernelSettings = {
  windowSeconds: 300,
  latenessSeconds: 120,
  sampleSeconds: 1,
  carrySeconds: 14_400,
  carrySecondsAtRisk: 3_600,
  spinalCordInjury: 'caution',
  flagRules: { mediumTimes: 2, mediumWindows: 3, lowerWindows: 3, lowerSeconds: 1_800 },
  baselines: true,
};

type Check = (value: unknown) => string | null;

const daySeconds = 86_400;

const checks: { readonly [Name in keyof KernelSettings]: Check } = {
  windowSeconds: both(whole(10, 7 * daySeconds), (value) =>
    daySeconds % (value as number) === 0 || (value as number) % daySeconds === 0
      ? null
      : 'a part of a day without remainder, or whole days',
  ),
  latenessSeconds: whole(0, daySeconds),
  sampleSeconds: whole(1, 3_600),
  carrySeconds: whole(0, 7 * daySeconds),
  carrySecondsAtRisk: whole(0, 7 * daySeconds),
  spinalCordInjury: (value) => (value === 'caution' || value === 'optOut' ? null : '"caution" or "optOut"'),
  flagRules: (value) => (isRecord(value) ? null : 'an object'),
  baselines: (value) => (typeof value === 'boolean' ? null : 'true or false'),
};

const flagChecks: { readonly [Name in keyof FlagRules]: Check } = {
  mediumTimes: whole(1, 12),
  mediumWindows: whole(1, 12),
  lowerWindows: whole(1, 288),
  lowerSeconds: whole(0, daySeconds),
};

/**
 * Reads settings from the JSON text of an app setting or a job's parameter. What is left out has its default.
 *
 * @throws Error with all problems at once, a sentence each.
 */
export function readKernelSettings(text: string): KernelSettings {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new Error('The kernel settings are not valid JSON.');
  }
  if (!isRecord(given)) throw new Error('The kernel settings are not a JSON object.');
  const problems = problemsOf(given, checks, '');
  const flagRules = isRecord(given.flagRules) ? given.flagRules : {};
  problems.push(...problemsOf(flagRules, flagChecks, 'flagRules.'));
  const settings = {
    ...defaultKernelSettings,
    ...given,
    flagRules: { ...defaultKernelSettings.flagRules, ...flagRules },
  } as KernelSettings;
  if (problems.length === 0) problems.push(...contradictions(settings));
  if (problems.length > 0) throw new Error(problems.join(' '));
  return settings;
}

/** Start of the window that a time, in milliseconds since 1970, is in. */
export function windowStartOf(time: number, { windowSeconds }: Pick<KernelSettings, 'windowSeconds'>): number {
  const length = windowSeconds * 1000;
  return Math.floor(time / length) * length;
}

function problemsOf(given: Record<string, unknown>, known: Record<string, Check>, prefix: string): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const check = known[name];
    if (check === undefined)
      return [`The kernel settings have no ${prefix}${name}; there are ${Object.keys(known).join(', ')}.`];
    const allowed = check(value);
    return allowed === null
      ? []
      : [`The kernel setting ${prefix}${name} is ${JSON.stringify(value)}; it must be ${allowed}.`];
  });
}

function contradictions({ windowSeconds, sampleSeconds, carrySeconds, carrySecondsAtRisk, flagRules }: KernelSettings) {
  const problems: string[] = [];
  if (windowSeconds % sampleSeconds !== 0)
    problems.push(
      `The kernel setting windowSeconds (${windowSeconds}) must be a multiple of sampleSeconds (${sampleSeconds}).`,
    );
  if (carrySecondsAtRisk > carrySeconds)
    problems.push(
      `The kernel setting carrySecondsAtRisk (${carrySecondsAtRisk}) must be at most carrySeconds (${carrySeconds}).`,
    );
  if (flagRules.mediumTimes > flagRules.mediumWindows)
    problems.push(
      `The kernel setting flagRules.mediumTimes (${flagRules.mediumTimes}) must be at most flagRules.mediumWindows (${flagRules.mediumWindows}).`,
    );
  return problems;
}

function whole(least: number, most: number): Check {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? null
      : `a whole number from ${least} to ${most}`;
}

function both(first: Check, second: Check): Check {
  return (value) => first(value) ?? second(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
