import type { Properties } from '../contracts';
import { templateInputs } from './armIds';
import { type Declared, declaredNameInput, nameInput } from './declared';
import { equal, isObject, memberPath, valuesAt } from './values';

export type Change = 'add' | 'update' | 'delete';

export interface Difference {
  /** Pulumi's property path to the deepest thing that differs. */
  readonly path: string;
  readonly change: Change;
  /** The resource must be made anew for it. */
  readonly replace: boolean;
}

/** Differences between what a program asked for before and asks for now. */
export function differences(declared: Declared, before: Properties, now: Properties): Difference[] {
  return differencesOf(before, now, immutablePaths(declared));
}

/** Differences of inputs, where a change at one of the paths of `immutable` makes a new resource. */
export function differencesOf(before: Properties, now: Properties, immutable: readonly string[]): Difference[] {
  const found: Omit<Difference, 'replace'>[] = [];
  compare(before, now, '', found);
  const changed = immutable.filter((path) => !equal(knownAt(before, path), knownAt(now, path)));
  return found.map((difference) => ({ ...difference, replace: changed.some((i) => concerns(i, difference.path)) }));
}

/** What cannot change on an existing resource: all that makes up its id, its region, and what its kind says. */
function immutablePaths(declared: Declared): string[] {
  const names = templateInputs(declared.kind.id).map((n) =>
    n === nameInput(declared.kind) ? declaredNameInput(declared) : n,
  );
  const generic =
    declared.token === declared.kind.kind ? [] : ['resourceProviderNamespace', 'resourceType', 'parentResourcePath'];
  return [...names, ...generic, 'location', ...(declared.kind.immutable ?? [])];
}

function knownAt(inputs: Properties, path: string): unknown[] {
  return valuesAt(inputs, path).map(({ value }) => value);
}

/** True when the changed path lies at, below or above the immutable one. */
function concerns(immutable: string, path: string): boolean {
  const changed = path.replaceAll(/\[\d+\]/g, '[]');
  const covers = (a: string, b: string) => a === b || a.startsWith(`${b}.`) || a.startsWith(`${b}[`);
  return covers(changed, immutable) || covers(immutable, changed);
}

function compare(before: unknown, now: unknown, path: string, found: Omit<Difference, 'replace'>[]): void {
  if (equal(before, now)) return;
  if (isObject(before) && isObject(now)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
      compare(before[name], now[name], memberPath(path, name), found);
    }
  } else if (Array.isArray(before) && Array.isArray(now)) {
    const length = Math.max(before.length, now.length);
    for (let i = 0; i < length; i++) compare(before[i], now[i], `${path}[${i}]`, found);
  } else {
    found.push({ path, change: before === undefined ? 'add' : now === undefined ? 'delete' : 'update' });
  }
}
