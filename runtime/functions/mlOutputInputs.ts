import type { ScoreCodes } from '../hotPath/codes';

/**
 * Reads a number of minutes from an app setting.
 * @throws Error naming the setting
 */
export function readMinutes(name: string, text: string): number {
  const minutes = text.trim() === '' ? Number.NaN : Number(text);
  if (minutes > 0 && minutes <= 1_440) return minutes;
  throw new Error(`The app setting ${name} is '${text}'; allowed are minutes, more than 0 and up to 1440.`);
}

/**
 * Reads the app setting SCORE_CODES: `local` are our codes; `snomedUk` puts those of SNOMED CT's UK edition before them,
 * which needs its licence.
 * @throws Error when it is neither
 */
export function readScoreCodes(text: string): ScoreCodes {
  if (text === 'local' || text === 'snomedUk') return text;
  throw new Error(`The app setting SCORE_CODES is '${text}'; allowed are local and snomedUk.`);
}
