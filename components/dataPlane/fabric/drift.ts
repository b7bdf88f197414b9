/**
 * Whether a text that a service gives back still says what was declared: the same text, or JSON that holds all of what was
 * declared. Members of objects that were not declared are the service's own (ids, time stamps); things in a list are told
 * apart by their name, and one that was not declared is a difference, except for annotations.
 */
export function keepsWhatIsDeclared(declared: string, actual: string): boolean {
  if (declared.trimEnd() === actual.trimEnd()) return true;
  const [wanted, given] = [parsed(declared), parsed(actual)];
  return wanted !== undefined && given !== undefined && keeps(wanted, given, '');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function keeps(wanted: unknown, given: unknown, key: string): boolean {
  // Texts of several lines are one text or a list of them (TMSL).
  if (isText(wanted) && isText(given)) return [wanted].flat().join('\n') === [given].flat().join('\n');
  if (Array.isArray(wanted)) return Array.isArray(given) && keepsList(wanted, given, key);
  if (!isObject(wanted)) return wanted === given;
  return isObject(given) && Object.entries(wanted).every(([member, value]) => keeps(value, given[member], member));
}

function keepsList(wanted: readonly unknown[], given: readonly unknown[], key: string): boolean {
  const isNamed = [...wanted, ...given].every((one) => isObject(one) && typeof one.name === 'string');
  if (!isNamed) return wanted.length === given.length && wanted.every((one, n) => keeps(one, given[n], key));
  const byName = new Map((given as { name: string }[]).map((one) => [one.name, one]));
  const hasAll = (wanted as { name: string }[]).every((one) => keeps(one, byName.get(one.name), key));
  return hasAll && (key === 'annotations' || byName.size === wanted.length);
}

function isText(value: unknown): value is string | readonly string[] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((line) => typeof line === 'string'));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
