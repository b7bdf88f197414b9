import { type ScoringSource, vitals } from '../contracts/scoringSource';
import { type DeviceMapping, loadDeviceMapping } from '../medtech/mapping/deviceMapping';
import { problemText } from '../medtech/mapping/source';
import type { ScoringSources } from './normalizeBatch';
import { readCompatibility } from './settings';

/**
 * A device mapping that is ready for use.
 * @throws Error with all problems of the file
 */
export function readDeviceMapping(text: string, file: string, compatibility: string): DeviceMapping {
  const { mapping, problems } = loadDeviceMapping(text, readCompatibility(compatibility));
  if (mapping !== undefined) return mapping;
  const errors = problems.filter(({ level }) => level === 'error');
  throw new Error(`The device mapping ${file} cannot be used:\n${errors.map(problemText).join('\n')}`);
}

/**
 * Reads the app setting SCORING_SOURCES.
 * @throws Error naming the types whose sources are wrong
 */
export function readScoringSources(text: string): ScoringSources {
  const sources = parseObject(text);
  const wrong = Object.keys(sources).filter((type) => !isSources(sources[type]));
  if (wrong.length > 0) {
    throw new Error(`The app setting SCORING_SOURCES has wrong sources for the measurement types ${wrong.join(', ')}.`);
  }
  return new Map(Object.entries(sources)) as ScoringSources;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {}
  throw new Error('The app setting SCORING_SOURCES is not a JSON object.');
}

function isSources(value: unknown): value is ScoringSource[] {
  return (
    Array.isArray(value) &&
    value.every(
      (source: Partial<ScoringSource> | null) =>
        vitals.some((vital) => vital === source?.vital) &&
        typeof source?.valueName === 'string' &&
        Number.isInteger(source?.priority) &&
        [undefined, true].includes(source?.spot) &&
        isQuality(source?.quality),
    )
  );
}

function isQuality(quality: ScoringSource['quality'] | null): boolean {
  if (quality === undefined) return true;
  return typeof quality?.valueName === 'string' && typeof quality.least === 'number';
}
