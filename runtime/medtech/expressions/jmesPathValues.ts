import { MedTechError } from '../errors';
import { isoText } from '../instant';
import { DateToken, floatText, isArray, isObject, type JsonObject, PropertyText, type Token } from '../tokens';
import type { Evaluation } from './evaluation';

/** An argument of a function: a value, or an expression that is given with `&`. */
export type Argument = Token | ((value: Token) => Token);

export interface FunctionDefinition {
  readonly min: number;
  readonly max: number;
  readonly call: (args: readonly Argument[], name: string, evaluation: Evaluation) => Token;
}

export function invalidType(name: string, wanted: string): MedTechError {
  return new MedTechError('Exception', `invalid-type: the function ${name} needs ${wanted}.`);
}

export function kindOf(token: Token): 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' {
  if (token === null) return 'null';
  if (typeof token === 'boolean') return 'boolean';
  if (typeof token === 'number' || typeof token === 'bigint') return 'number';
  if (isArray(token)) return 'array';
  return isObject(token) ? 'object' : 'string';
}

/** The text of a string; undefined for every other value. */
export function plainText(value: Argument): string | undefined {
  if (typeof value === 'string') return value;
  if (value instanceof PropertyText) return value.text;
  return value instanceof DateToken ? isoText(value.ticks) : undefined;
}

export function textOfArgument(value: Argument, name: string): string {
  const text = plainText(value);
  if (text === undefined) throw invalidType(name, 'a string');
  return text;
}

export function numberOf(value: Argument, name: string): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  throw invalidType(name, 'a number');
}

export function arrayOf(value: Argument, name: string): readonly Token[] {
  if (typeof value !== 'function' && isArray(value)) return value;
  throw invalidType(name, 'an array');
}

export function objectOf(value: Argument, name: string): JsonObject {
  if (typeof value !== 'function' && isObject(value)) return value;
  throw invalidType(name, 'an object');
}

export function referenceOf(value: Argument, name: string): (value: Token) => Token {
  if (typeof value === 'function') return value;
  throw invalidType(name, 'an expression (&...)');
}

/** What a list is sorted by: numbers or strings, all of the kind of the first. */
export function keyOf(value: Token, name: string, first: Token | undefined): string | number | bigint {
  const text = plainText(value);
  const key = text ?? numberOf(value, name);
  if ((typeof key === 'string') !== (plainText(first ?? null) !== undefined))
    throw invalidType(name, 'one kind of value');
  return key;
}

export function ascending(a: string | number | bigint, b: string | number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sameToken(a: Token, b: Token, evaluation: Evaluation): boolean {
  const text = plainText(a);
  if (text !== undefined) return text === plainText(b);
  if (isArray(a)) {
    if (!isArray(b) || a.length !== b.length) return false;
    evaluation.spend(1 + a.length);
    return a.every((item, i) => sameToken(item, b[i] as Token, evaluation));
  }
  if (!isObject(a)) return a === b;
  if (!isObject(b)) return false;
  const names = Object.keys(a);
  evaluation.spend(1 + names.length);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && sameToken(a[name] as Token, b[name] as Token, evaluation))
  );
}

/** Compact JSON; a float keeps its point (`78.0`), as in the original. */
export function jsonText(token: Token, evaluation: Evaluation): string {
  evaluation.spend(3);
  const text = plainText(token);
  if (text !== undefined) {
    evaluation.spendText(text.length);
    return JSON.stringify(text);
  }
  if (typeof token === 'bigint') return token.toString();
  if (typeof token === 'number')
    return Number.isInteger(token) && Math.abs(token) < 1e15 ? `${token}.0` : floatText(token);
  if (isArray(token)) return `[${token.map((item) => jsonText(item, evaluation)).join(',')}]`;
  if (!isObject(token)) return String(token);
  const members = Object.entries(token).map(([name, value]) => {
    evaluation.spendText(name.length);
    return `${JSON.stringify(name)}:${jsonText(value, evaluation)}`;
  });
  return `{${members.join(',')}}`;
}
