import type { Properties } from '../../contracts';
import type { Failure } from '../kinds/kind';
import type { ObjectSpec, Schema, TypeSpec } from '../schema/schema';
import { isObject, memberPath, Unknown } from '../values';

/** Nested types and enums of an SDK. */
type Types = Pick<Schema, 'types' | 'enums'>;

/** What the SDK's types would not take: unknown and missing properties, wrong types, values outside an enum. */
export function checkSchema(schema: Types, spec: ObjectSpec, inputs: Properties): Failure[] {
  const failures: Failure[] = [];
  new SchemaCheck(schema, failures).object(spec, inputs, '');
  return failures;
}

class SchemaCheck {
  constructor(
    private readonly schema: Types,
    private readonly failures: Failure[],
  ) {}

  object(spec: ObjectSpec, value: Properties, path: string): void {
    const names = Object.keys(spec.properties);
    for (const [name, member] of Object.entries(value)) {
      const type = spec.properties[name];
      if (type) this.value(type, member, memberPath(path, name));
      else this.fail(memberPath(path, name), `there is no property '${name}'${didYouMean(name, names)}`);
    }
    for (const name of spec.required ?? []) {
      if (value[name] === undefined) this.fail(memberPath(path, name), `${name} is missing; it is required.`);
    }
  }

  private value(type: TypeSpec, value: unknown, path: string): void {
    if (value instanceof Unknown || type === 'any') return;
    if (typeof type === 'string') {
      if (typeof value !== type) this.wrongType(path, value, `a ${type}`);
    } else if ('enum' in type) this.oneOf(this.schema.enums[type.enum] ?? [], value, path);
    else if ('items' in type) this.list(type.items, value, path);
    else if (!isObject(value)) this.wrongType(path, value, 'an object');
    else if ('values' in type)
      for (const [k, v] of Object.entries(value)) this.value(type.values, v, memberPath(path, k));
    else this.object(this.schema.types[type.ref] ?? { properties: {} }, value, path);
  }

  private list(items: TypeSpec, value: unknown, path: string): void {
    if (!Array.isArray(value)) this.wrongType(path, value, 'a list');
    else for (const [i, v] of value.entries()) this.value(items, v, `${path}[${i}]`);
  }

  private oneOf(allowed: readonly string[], value: unknown, path: string): void {
    if (typeof value === 'string' && allowed.includes(value)) return;
    const name = path.split('.').at(-1);
    this.fail(path, `${name} is ${described(value)}; allowed are ${allowed.join(', ')}.`);
  }

  private wrongType(path: string, value: unknown, needed: string): void {
    this.fail(path, `${path.split('.').at(-1)} is ${described(value)}; needed is ${needed}.`);
  }

  private fail(property: string, reason: string): void {
    this.failures.push({ property, reason });
  }
}

function described(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  return typeof value === 'string' ? `'${value}'` : String(value);
}

function didYouMean(name: string, names: readonly string[]): string {
  const nearest = names
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (nearest && nearest.distance <= Math.max(2, name.length / 3)) return `; did you mean '${nearest.candidate}'?`;
  return `; allowed are ${names.join(', ')}.`;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
