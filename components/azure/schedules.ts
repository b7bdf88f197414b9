import type { Problems } from './validation';

/** NCRONTAB with seconds; Flex Consumption takes no time spans as schedules. */
export function everySeconds(seconds: number): string {
  return seconds === 60 ? '0 * * * * *' : `*/${seconds} * * * * *`;
}

/** Numbers of seconds after which a timer can come again and again. */
const divisorsOfAMinute: readonly number[] = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60];

export function timerProblems(problems: Problems, path: string, seconds: number): void {
  if (divisorsOfAMinute.includes(seconds)) return;
  const given = JSON.stringify(seconds);
  problems.add(path, `must divide a minute, as ${divisorsOfAMinute.join(', ')} do; given is ${given}.`);
}
