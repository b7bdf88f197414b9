import { MedTechError } from '../errors';
import { americanText, isoText } from '../instant';
import {
  DateToken,
  floatText,
  isArray,
  isObject,
  type JsonObject,
  PropertyText,
  type Token,
  ticksOfToken,
} from '../tokens';
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

/** The text of a string; undefined for every other value. In `medtech` the original's text for a date. */
export function plainText(value: Argument, { compatibility }: Evaluation): string | undefined {
  if (typeof value === 'function') return undefined;
  if (compatibility === 'medtech') {
    const ticks = ticksOfToken(value);
    if (ticks !== undefined) return americanText(ticks);
  }
  if (typeof value === 'string') return value;
  if (value instanceof PropertyText) return value.text;
  return value instanceof DateToken ? isoText(value.ticks) : undefined;
}

export function textOfArgument(value: Argument, name: string, evaluation: Evaluation): string {
  const text = plainText(value, evaluation);
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
export function keyOf(
  value: Token,
  name: string,
  first: Token | undefined,
  evaluation: Evaluation,
): string | number | bigint {
  const text = plainText(value, evaluation);
  const key = text ?? numberOf(value, name);
  if ((typeof key === 'string') !== (plainText(first ?? null, evaluation) !== undefined))
    throw invalidType(name, 'one kind of value');
  return key;
}

export function ascending(a: string | number | bigint, b: string | number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sameToken(a: Token, b: Token, evaluation: Evaluation): boolean {
  if (kindOf(a) === 'string') return sameText(a, b, evaluation);
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

/** In `medtech` a date equals no text. */
function sameText(a: Token, b: Token, evaluation: Evaluation): boolean {
  if (kindOf(b) !== 'string') return false;
  const [left, right] = evaluation.compatibility === 'medtech' ? [ticksOfToken(a), ticksOfToken(b)] : [];
  if (left !== undefined || right !== undefined) return left === right;
  return plainText(a, evaluation) === plainText(b, evaluation);
}

/** Compact JSON; a float keeps its point (`78.0`), as in the original. */
export function jsonText(token: Token, evaluation: Evaluation): string {
  evaluation.spend(3);
  if (kindOf(token) === 'string') {
    const ticks = evaluation.compatibility === 'medtech' ? ticksOfToken(token) : undefined;
    const text = ticks === undefined ? (plainText(token, evaluation) ?? '') : isoText(ticks);
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
