import { vitals } from '../../runtime/contracts/scoringSource';
import { readContextCodes } from '../../runtime/enrich/contextCodes';
import { possibleReadings } from '../../runtime/scoring/plausibility';
import type { Problems } from '../azure/validation';
import { SpinalCordInjuryPolicy } from './choices';
import type { CompleteScoring } from './defaults';

/** What is wrong with the rules that a site's clinical safety owner answers for. */
export function clinicalRuleProblems(problems: Problems, settings: CompleteScoring): void {
  windowProblems(problems, settings);
  sampleProblems(problems, settings);
  ruleProblems(problems, settings);
  clinicalProblems(problems, settings);
}

/** What is wrong with the windows, which several components are told of. */
export function windowProblems(
  problems: Problems,
  { windowMinutes, latenessMinutes }: Pick<CompleteScoring, 'windowMinutes' | 'latenessMinutes'>,
): void {
  if (!divisorsOfAnHour.includes(windowMinutes)) {
    const given = JSON.stringify(windowMinutes);
    problems.add('windowMinutes', `must divide an hour, as ${divisorsOfAnHour.join(', ')} do; given is ${given}.`);
  }
  problems.wholeNumber('latenessMinutes', latenessMinutes, 0, 60, 'the minutes that a window waits');
}

const divisorsOfAnHour: readonly number[] = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60];

function sampleProblems(problems: Problems, settings: CompleteScoring): void {
  const { windowMinutes, sampleSeconds, carryForwardMinutes, carryForwardMinutesAtRisk } = settings;
  if (divisorsOfAnHour.includes(windowMinutes)) {
    problems.wholeNumber('sampleSeconds', sampleSeconds, 1, 60 * windowMinutes, 'the seconds of a sample');
    if (Number.isInteger(sampleSeconds) && (windowMinutes * 60) % sampleSeconds !== 0) {
      problems.add(
        'sampleSeconds',
        `must divide a window of ${windowMinutes * 60} seconds; given is ${sampleSeconds}.`,
      );
    }
  }
  const carried = 'the minutes for which a value is carried forward';
  problems.wholeNumber('carryForwardMinutes', carryForwardMinutes, 0, 10_080, carried);
  problems.wholeNumber('carryForwardMinutesAtRisk', carryForwardMinutesAtRisk, 0, 10_080, carried);
  if (carryForwardMinutesAtRisk > carryForwardMinutes) {
    problems.add(
      'carryForwardMinutesAtRisk',
      `must be at most carryForwardMinutes, ${carryForwardMinutes}; given is ${carryForwardMinutesAtRisk}.`,
    );
  }
  settings.longWindows.forEach((length, i) => {
    const rule = 'a longer window is whole hours that divide a day, or whole days, up to 30: as in PT12H or P1D';
    const hours = hoursOf(length);
    const wrong = hours === undefined || hours < 1 || hours > 720 || (24 % hours !== 0 && hours % 24 !== 0);
    if (wrong) problems.add(`longWindows[${i}]`, `${rule}; given is ${JSON.stringify(length)}.`);
  });
}

function hoursOf(duration: string): number | undefined {
  const [, days, hours] = /^P(?:(\d{1,3})D|T(\d{1,3})H)$/.exec(String(duration)) ?? [];
  if (days !== undefined) return Number(days) * 24;
  return hours === undefined ? undefined : Number(hours);
}

function ruleProblems(problems: Problems, { flagRules }: CompleteScoring): void {
  const { mediumTimes, mediumWindows, lowerWindows, lowerMinutes } = flagRules;
  problems.wholeNumber('flagRules.mediumWindows', mediumWindows, 1, 12, 'the windows that are looked at');
  problems.wholeNumber('flagRules.mediumTimes', mediumTimes, 1, 12, 'the windows with a medium score');
  if (mediumTimes > mediumWindows) {
    problems.add('flagRules.mediumTimes', `must be at most mediumWindows, ${mediumWindows}; given is ${mediumTimes}.`);
  }
  problems.wholeNumber('flagRules.lowerWindows', lowerWindows, 1, 288, 'the windows below the level');
  problems.wholeNumber('flagRules.lowerMinutes', lowerMinutes, 0, 1440, 'the minutes below the level');
}

function clinicalProblems(problems: Problems, settings: CompleteScoring): void {
  const { spinalCordInjury, plausibilityLimits, contextCodes } = settings;
  const policies = Object.values(SpinalCordInjuryPolicy);
  problems.oneOf('spinalCordInjury', spinalCordInjury, policies, 'what is done with a spinal cord injury');
  contextCodeProblems(problems, contextCodes);
  for (const [vital, limits] of Object.entries(plausibilityLimits)) {
    const path = `plausibilityLimits.${vital}`;
    const possible = possibleReadings[vital as keyof typeof possibleReadings];
    if (!possible) {
      problems.add(path, `there is no such vital; there are ${vitals.join(', ')}.`);
      continue;
    }
    const { least, most } = limits ?? {};
    const within = (value: unknown) => typeof value === 'number' && value >= possible.least && value <= possible.most;
    if (within(least) && within(most) && least < most) continue;
    problems.add(
      path,
      `least and most must be numbers from ${possible.least} to ${possible.most}, the former below the latter; given is ${JSON.stringify(limits)}.`,
    );
  }
}

/** What is wrong with the codes by which facts about a patient are recognised. */
export function contextCodeProblems(problems: Problems, contextCodes: CompleteScoring['contextCodes']): void {
  try {
    readContextCodes(JSON.stringify(contextCodes));
  } catch (error) {
    problems.add('contextCodes', String(error).replace(/^Error: The app setting CONTEXT_CODES /, ''));
  }
}
