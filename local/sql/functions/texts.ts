import { createHash } from 'node:crypto';
import { refused, SqlError } from '../sqlError';

const patterns = new Map<string, RegExp>();

/** LIKE with `%`, `_` and `[...]`. */
export function isLike(text: string, pattern: string, except: string | null, isCaseSensitive: boolean): boolean {
  const key = `${isCaseSensitive ? 's' : 'i'}${except ?? ''}\n${pattern}`;
  let expression = patterns.get(key);
  if (!expression) {
    expression = new RegExp(`^${likeSource(pattern, except)}$`, isCaseSensitive ? 'su' : 'sui');
    if (patterns.size > 500) patterns.clear();
    patterns.set(key, expression);
  }
  return expression.test(text);
}

function likeSource(pattern: string, except: string | null): string {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i] ?? '';
    if (c === except) source += literal(pattern[++i] ?? '');
    else if (c === '%') source += '.*';
    else if (c === '_') source += '.';
    else if (c === '[') {
      const end = pattern.indexOf(']', i + 1);
      if (end < 0) return '(?!)';
      const inner = pattern.slice(i + 1, end).replaceAll(/[\\[\]]/g, '\\$&');
      source += `[${inner}]`;
      i = end;
    } else source += literal(c);
  }
  return source;
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** SUBSTRING counts from 1; what lies before counts as length. */
export function substring(text: string, from: number, count: number): string {
  if (count < 0) throw new SqlError(537, 'Invalid length parameter passed to the LEFT or SUBSTRING function.');
  const end = from - 1 + count;
  return end <= 0 ? '' : text.slice(Math.max(0, from - 1), end);
}

/** Without regard to case, as the default collation compares. */
export function replaced(text: string, what: string, by: string): string {
  return what === '' ? text : text.replaceAll(new RegExp(literal(what), 'giu'), () => by);
}

export function indexOf(what: string, text: string, from: number): number {
  return what === '' ? 0 : text.toLowerCase().indexOf(what.toLowerCase(), Math.max(0, from - 1)) + 1;
}

export function hash(algorithm: string, value: string | Uint8Array, width: number): Uint8Array {
  const name = { SHA2_256: 'sha256', SHA2_512: 'sha512', SHA1: 'sha1', MD5: 'md5' }[algorithm.toUpperCase()];
  if (!name) throw refused(`HASHBYTES('${algorithm}')`, 'SHA2_256 or SHA2_512');
  const bytes = typeof value === 'string' ? Buffer.from(value, width === 2 ? 'utf16le' : 'latin1') : value;
  return createHash(name).update(bytes).digest();
}

/** A scalar at a path of a JSON text; null for objects, arrays and what is not there. */
export function jsonValue(json: string, path: string): string | null {
  const found = atPath(json, path);
  if (found === undefined || found === null || typeof found === 'object') return null;
  return typeof found === 'string' ? found : String(found);
}

/** The rows of OPENJSON as a JSON array: the entries of an array, or the object itself. */
export function jsonRows(json: string, path: string): string {
  const found = atPath(json, path);
  if (found === undefined || found === null) return '[]';
  return JSON.stringify(Array.isArray(found) ? found : [found]);
}

function atPath(json: string, path: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new SqlError(13_609, 'JSON text is not properly formatted.');
  }
  const steps = path.replace(/^lax\s+/i, '');
  if (!/^\$(\.([A-Za-z_$][\w$]*|"[^"]*")|\[\d+\])*$/.test(steps)) throw refused(`the JSON path '${path}'`);
  for (const [step] of steps.matchAll(/\.([A-Za-z_$][\w$]*|"[^"]*")|\[\d+\]/g)) {
    const key = step.startsWith('[') ? Number(step.slice(1, -1)) : step.slice(1).replace(/^"(.*)"$/, '$1');
    value = typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[key] : undefined;
  }
  return value;
}
