import type { Properties } from '../../contracts';
import { armTypeOf } from '../armIds';
import { isObject, isUnknownAt, textAt, valueAt, valuesAt } from '../values';
import type { Failure, Rule, Surroundings } from './kind';

/** A whole number within bounds. `source` names where Azure says so. */
export function range(path: string, min: number, max: number, source: string): Rule {
  return (inputs) => outside(inputs, path, min, max, `(${source})`);
}

export function outside(inputs: Properties, path: string, min: number, max: number, when: string): Failure[] {
  return valuesAt(inputs, path)
    .filter(({ value }) => typeof value === 'number' && !(Number.isInteger(value) && value >= min && value <= max))
    .map(({ path: property, value }) => ({
      property,
      reason: `${last(property)} is ${String(value)}; allowed are whole numbers from ${min} to ${max} ${when}.`,
    }));
}

/** One of a few values that the SDK types as any string or number. */
export function oneOf(path: string, allowed: readonly (string | number)[], source: string): Rule {
  return (inputs) =>
    valuesAt(inputs, path)
      .filter(({ value }) => !allowed.some((a) => String(a).toLowerCase() === String(value).toLowerCase()))
      .map(({ path: property, value }) => ({
        property,
        reason: `${last(property)} is '${String(value)}'; allowed are ${allowed.join(', ')} (${source}).`,
      }));
}

export function matches(path: string, pattern: RegExp, allowed: string, source: string): Rule {
  return (inputs) =>
    valuesAt(inputs, path)
      .filter(({ value }) => typeof value === 'string' && !pattern.test(value))
      .map(({ path: property, value }) => ({
        property,
        reason: `${last(property)} is '${String(value)}'; allowed: ${allowed} (${source}).`,
      }));
}

/** How many entries a list may have. */
export function atMost(path: string, max: number, source: string): Rule {
  return (inputs) =>
    valuesAt(inputs, path)
      .filter(({ value }) => Array.isArray(value) && value.length > max)
      .map(({ path: property, value }) => ({
        property,
        reason: `${last(property)} has ${(value as unknown[]).length} entries; allowed are at most ${max} (${source}).`,
      }));
}

export function atLeastOne(path: string, source: string): Rule {
  return (inputs) =>
    valuesAt(inputs, path)
      .filter(({ value }) => Array.isArray(value) && value.length === 0)
      .map(({ path: property }) => ({
        property,
        reason: `${last(property)} is empty; needed is at least one (${source}).`,
      }));
}

export function unique(path: string, source: string): Rule {
  return (inputs) => {
    const seen = new Set<string>();
    return valuesAt(inputs, path).flatMap(({ path: property, value }) => {
      const key = String(value).toLowerCase();
      if (!seen.has(key)) {
        seen.add(key);
        return [];
      }
      return [{ property, reason: `'${String(value)}' is given twice; each must be unique (${source}).` }];
    });
  };
}

/** A property that Azure needs although the SDK types it optional. */
export function needs(path: string, source: string): Rule {
  return (inputs) =>
    valueAt(inputs, path) === undefined && !isUnknownAt(inputs, path)
      ? [{ property: path, reason: `${last(path)} is missing (${source}).` }]
      : [];
}

/** ARM ids that must lead to an existing resource of one of the given types (any type when none is given). */
export function refersTo(path: string, ...armTypes: readonly string[]): Rule {
  return (inputs, around) =>
    valuesAt(inputs, path).flatMap(({ path: property, value }) => {
      const reason = typeof value === 'string' ? referenceProblem(value, armTypes, around) : undefined;
      return reason ? [{ property, reason }] : [];
    });
}

function referenceProblem(id: string, armTypes: readonly string[], around: Surroundings): string | undefined {
  const type = armTypeOf(id);
  if (!type) return `'${id}' is not an ARM id.`;
  if (armTypes.length > 0 && !armTypes.some((t) => t.toLowerCase() === type.toLowerCase())) {
    return `'${id}' is a ${type}; needed is a ${armTypes.join(' or ')}.`;
  }
  if (around.exists(id)) return undefined;
  return `${type} '${id}' does not exist; name one that exists, or depend on the resource that creates it.`;
}

/** ARM ids of user-assigned identities: a list for most kinds, the keys of a map where they have properties of their own. */
export function identityIds(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.keys(value) : [];
}

/** User-assigned identities must exist and be listed when `type` says so, and only then. */
export function identity(property = 'identity'): readonly Rule[] {
  const armType = 'Microsoft.ManagedIdentity/userAssignedIdentities';
  return [refersTo(`${property}.userAssignedIdentities[]`, armType), keysExist, listed];

  function keysExist(inputs: Properties, around: Surroundings): Failure[] {
    const ids = valueAt(inputs, `${property}.userAssignedIdentities`);
    return (isObject(ids) ? Object.keys(ids) : []).flatMap((id) => {
      const reason = referenceProblem(id, [armType], around);
      return reason ? [{ property: `${property}.userAssignedIdentities`, reason }] : [];
    });
  }

  function listed(inputs: Properties): Failure[] {
    const type = textAt(inputs, `${property}.type`);
    const ids = valueAt(inputs, `${property}.userAssignedIdentities`);
    if (!type || isUnknownAt(inputs, `${property}.userAssignedIdentities`)) return [];
    const has = identityIds(ids).length > 0;
    if (has === type.includes('UserAssigned')) return [];
    const reason = has
      ? `userAssignedIdentities are given, but type is '${type}'; set a type with UserAssigned.`
      : `type is '${type}', but userAssignedIdentities is empty; list at least one id.`;
    return [{ property: `${property}.${has ? 'type' : 'userAssignedIdentities'}`, reason }];
  }
}

/** An identity that a resource acts as must be attached to that resource. */
export function attachedIdentity(path: string): Rule {
  return (inputs) => {
    if (isUnknownAt(inputs, 'identity.userAssignedIdentities') || isUnknownAt(inputs, 'identity')) return [];
    const list = valueAt(inputs, 'identity.userAssignedIdentities');
    const attached = Array.isArray(list) ? list : [];
    if (attached.some((id) => typeof id !== 'string')) return [];
    return valuesAt(inputs, path)
      .filter(({ value }) => !attached.some((id) => String(id).toLowerCase() === String(value).toLowerCase()))
      .map(({ path: property, value }) => ({
        property,
        reason: `identity '${String(value)}' is not attached to this resource; list it in identity.userAssignedIdentities.`,
      }));
  };
}

/** The last step of a path, as people say it. */
export function last(path: string): string {
  return path.split('.').at(-1) ?? path;
}
