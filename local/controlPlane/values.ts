import type { Properties } from '../contracts';

/** Stands for a value that the engine does not know yet (an output of something that a preview will create). */
export class Unknown {
  readonly unknown = true;
}

export const UNKNOWN = new Unknown();

export function isObject(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unknown);
}

/** True when the value, or anything in it, is not known yet. */
export function hasUnknown(value: unknown): boolean {
  if (value instanceof Unknown) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}

/** A value and where it stands, in Pulumi's path syntax (`properties.routing.routes[0].name`). */
export interface Placed {
  readonly path: string;
  readonly value: unknown;
}

/** The path of a member of the object at `path`. */
export function memberPath(path: string, name: string): string {
  if (/^[A-Za-z_$][\w$]*$/.test(name)) return path === '' ? name : `${path}.${name}`;
  return `${path}["${name.replaceAll('"', '\\"')}"]`;
}

/**
 * The known values at `pattern`, a dotted path in which `name[]` means every member of a list and `*` every member of a
 * map. Absent and unknown values are left out.
 */
export function valuesAt(root: unknown, pattern: string): Placed[] {
  let found: Placed[] = [{ path: '', value: root }];
  for (const step of pattern.split('.')) {
    found = found.flatMap((at) => descend(at, step)).filter((at) => at.value !== undefined && at.value !== null);
  }
  return found.filter((at) => !(at.value instanceof Unknown));
}

function descend({ path, value }: Placed, step: string): Placed[] {
  if (!isObject(value)) return [];
  if (step === '*') return Object.entries(value).map(([key, v]) => ({ path: memberPath(path, key), value: v }));
  const name = step.replace(/\[\]$/, '');
  const member = { path: memberPath(path, name), value: value[name] };
  if (name === step) return [member];
  return Array.isArray(member.value)
    ? member.value.map((v: unknown, i) => ({ path: `${member.path}[${i}]`, value: v }))
    : [];
}

/** The one known value at a path without `[]` and `*`, or undefined. */
export function valueAt(root: unknown, path: string): unknown {
  return valuesAt(root, path)[0]?.value;
}

export function textAt(root: unknown, path: string): string | undefined {
  const value = valueAt(root, path);
  return typeof value === 'string' ? value : undefined;
}

/** True when something at or above `path` is not known yet, so that nothing can be said about its absence. */
export function isUnknownAt(root: unknown, path: string): boolean {
  let at: unknown = root;
  for (const step of path.split('.')) {
    if (at instanceof Unknown) return true;
    at = isObject(at) ? at[step] : undefined;
  }
  return at instanceof Unknown;
}

/** Deep equality of what travels as JSON. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((v, i) => equal(v, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => equal(a[key], b[key]));
}
