import type { Problems } from './validation';

/** NCRONTAB with seconds; Flex Consumption takes no time spans as schedules. */
export function everySeconds(seconds: number): string {
  return seconds === 60 ? '0 * * * * *' : `*/${seconds} * * * * *`;
}

export function everyMinutes(minutes: number): string {
  return minutes === 60 ? '0 0 * * * *' : `0 */${minutes} * * * *`;
}

/** Numbers of seconds of a minute, or minutes of an hour, after which a timer can come again and again. */
const divisorsOfSixty: readonly number[] = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60];

export function timerProblems(problems: Problems, path: string, seconds: number): void {
  if (!divisorsOfSixty.includes(seconds)) problems.add(path, refusal('a minute', seconds));
}

export function minutesTimerProblems(problems: Problems, path: string, minutes: number): void {
  if (!divisorsOfSixty.includes(minutes)) problems.add(path, refusal('an hour', minutes));
}

function refusal(whole: string, given: number): string {
  return `must divide ${whole}, as ${divisorsOfSixty.join(', ')} do; given is ${JSON.stringify(given)}.`;
}
