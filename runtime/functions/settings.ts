import type { SettingsOf } from '../contracts/appSettings';
import type { Compatibility } from '../medtech/compatibility';

/**
 * Reads an app's settings.
 * @throws Error naming all that are missing in one sentence
 */
export function readSettings<const Names extends readonly string[]>(
  names: Names,
  environment: NodeJS.ProcessEnv,
): SettingsOf<Names> {
  const missing = names.filter((name) => environment[name] === undefined);
  if (missing.length > 0) throw new Error(`The app settings ${missing.join(', ')} are missing.`);
  return Object.fromEntries(names.map((name) => [name, environment[name]])) as SettingsOf<Names>;
}

/** @throws Error when the setting is neither of the two. */
export function readCompatibility(text: string): Compatibility {
  if (text === 'r4' || text === 'medtech') return text;
  throw new Error(`The app setting COMPATIBILITY is '${text}'; allowed are r4 and medtech.`);
}
