import { MedTechError } from '../errors';
import { isArray, type Token, textOf } from '../tokens';
import { connectorFunctions } from './connectorFunctions';
import type { Evaluation } from './evaluation';
import {
  type Argument,
  arrayOf,
  ascending,
  type FunctionDefinition,
  invalidType,
  jsonText,
  keyOf,
  kindOf,
  numberOf,
  objectOf,
  plainText,
  referenceOf,
  sameToken,
  textOfArgument,
} from './jmesPathValues';

/** How many arguments a function takes; undefined for an unknown function (names are case-sensitive). */
export function functionArity(name: string): { readonly min: number; readonly max: number } | undefined {
  return functions.get(name);
}

/** @throws MedTechError for an unknown function, which no parsed expression holds. */
export function functionNamed(name: string): FunctionDefinition {
  const definition = functions.get(name);
  if (definition === undefined) throw new MedTechError('TemplateExpressionException', `Unknown function ${name}.`);
  return definition;
}

/** Newtonsoft.Json reads no longer integer. */
const longestNumber = 380;

const builtIn: Record<string, FunctionDefinition> = {
  abs: one((value, name) => {
    const number = numberOf(value, name);
    return typeof number === 'bigint' ? (number < 0n ? -number : number) : Math.abs(number);
  }),
  avg: one((value, name) => {
    const numbers = arrayOf(value, name).map((item) => Number(numberOf(item, name)));
    return numbers.length === 0 ? null : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  }),
  ceil: one((value, name) => rounded(Math.ceil, value, name)),
  contains: two((subject, searched, name, evaluation) => {
    if (isArrayArgument(subject)) {
      const token = plainToken(searched, name);
      return subject.some((item) => sameToken(item, token, evaluation));
    }
    const text = textOfArgument(subject, name, evaluation);
    const part = evaluation.compatibility === 'medtech' ? textOf(plainToken(searched, name), 'american') : undefined;
    const wanted = part ?? plainText(searched, evaluation);
    return wanted !== undefined && text.includes(wanted);
  }),
  ends_with: two((text, end, name, evaluation) =>
    textOfArgument(text, name, evaluation).endsWith(textOfArgument(end, name, evaluation)),
  ),
  floor: one((value, name) => rounded(Math.floor, value, name)),
  join: two((glue, list, name, evaluation) => {
    const separator = textOfArgument(glue, name, evaluation);
    const texts = arrayOf(list, name).map((item) => textOfArgument(item, name, evaluation));
    for (const text of texts) evaluation.spendText(text.length + separator.length);
    return texts.join(separator);
  }),
  keys: one((value, name) => Object.keys(objectOf(value, name))),
  length: one((value, name, evaluation) => {
    const text = plainText(value, evaluation);
    if (text !== undefined) return BigInt(text.length);
    if (isArrayArgument(value)) return BigInt(value.length);
    return BigInt(Object.keys(objectOf(value, name)).length);
  }),
  map: two((expression, list, name) => arrayOf(list, name).map((item) => referenceOf(expression, name)(item))),
  max: one((value, name, evaluation) => extreme(arrayOf(value, name), name, evaluation, 1)),
  max_by: two((list, by, name, evaluation) => extremeBy(list, by, name, evaluation, 1)),
  merge: {
    min: 1,
    max: Number.POSITIVE_INFINITY,
    call: (args, name) => {
      const merged = new Map<string, Token>();
      for (const arg of args) for (const entry of Object.entries(objectOf(arg, name))) merged.set(...entry);
      return Object.fromEntries(merged);
    },
  },
  min: one((value, name, evaluation) => extreme(arrayOf(value, name), name, evaluation, -1)),
  min_by: two((list, by, name, evaluation) => extremeBy(list, by, name, evaluation, -1)),
  not_null: {
    min: 1,
    max: Number.POSITIVE_INFINITY,
    call: (args, name) => args.map((arg) => plainToken(arg, name)).find((arg) => arg !== null) ?? null,
  },
  reverse: one((value, name, evaluation) => {
    const text = plainText(value, evaluation);
    return text === undefined ? arrayOf(value, name).toReversed() : [...text].reverse().join('');
  }),
  sort: one((value, name, evaluation) => {
    const list = arrayOf(value, name);
    const keys = list.map((item) => keyOf(item, name, list[0], evaluation));
    return order(list, keys);
  }),
  sort_by: two((value, expression, name, evaluation) => {
    const list = arrayOf(value, name);
    return order(list, keysBy(list, expression, name, evaluation));
  }),
  starts_with: two((text, start, name, evaluation) =>
    textOfArgument(text, name, evaluation).startsWith(textOfArgument(start, name, evaluation)),
  ),
  sum: one((value, name) => {
    const numbers = arrayOf(value, name).map((item) => numberOf(item, name));
    if (numbers.every((number) => typeof number === 'bigint')) return numbers.reduce((sum, item) => sum + item, 0n);
    return numbers.reduce<number>((sum, number) => sum + Number(number), 0);
  }),
  to_array: one((value, name) => (isArrayArgument(value) ? value : [plainToken(value, name)])),
  to_number: one((value, _name, evaluation) => toNumber(value, evaluation)),
  to_string: one((value, name, evaluation) => {
    const token = plainToken(value, name);
    return kindOf(token) === 'string' ? token : jsonText(token, evaluation);
  }),
  type: one((value, name) => kindOf(plainToken(value, name))),
  values: one((value, name) => Object.values(objectOf(value, name))),
};

const functions: ReadonlyMap<string, FunctionDefinition> = new Map(
  Object.entries({ ...builtIn, ...connectorFunctions }),
);

function one(call: (value: Argument, name: string, evaluation: Evaluation) => Token): FunctionDefinition {
  return { min: 1, max: 1, call: ([value], name, evaluation) => call(value as Argument, name, evaluation) };
}

function two(
  call: (first: Argument, second: Argument, name: string, evaluation: Evaluation) => Token,
): FunctionDefinition {
  return {
    min: 2,
    max: 2,
    call: ([first, second], name, evaluation) => call(first as Argument, second as Argument, name, evaluation),
  };
}

function isArrayArgument(value: Argument): value is readonly Token[] {
  return typeof value !== 'function' && isArray(value);
}

function plainToken(value: Argument, name: string): Token {
  if (typeof value === 'function') throw invalidType(name, 'a value');
  return value;
}

function rounded(round: (value: number) => number, value: Argument, name: string): Token {
  const number = numberOf(value, name);
  if (typeof number === 'bigint') return number;
  const whole = round(number);
  return Number.isFinite(whole) ? BigInt(whole) : whole;
}

/** The original takes no exponent, and no sign before a fraction; `r4` takes every number that JSON has. */
function toNumber(value: Argument, evaluation: Evaluation): Token {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  const text = plainText(value, evaluation);
  if (text === undefined || text.length > longestNumber) return null;
  if (evaluation.compatibility === 'medtech') {
    const integer = /^\s*[+-]?\d+\s*$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
    if (integer !== undefined && BigInt.asIntN(64, integer) === integer) return integer;
    return /^(?:\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : null;
  }
  if (/^-?(?:0|[1-9]\d*)$/.test(text)) return BigInt(text);
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : null;
}

type Key = string | number | bigint;

function keysBy(list: Argument, expression: Argument, name: string, evaluation: Evaluation): readonly Key[] {
  const selected = arrayOf(list, name).map(referenceOf(expression, name));
  return selected.map((key) => keyOf(key, name, selected[0], evaluation));
}

function order(list: readonly Token[], keys: readonly Key[]): Token[] {
  return list
    .map((item, index) => ({ item, key: keys[index] as string }))
    .sort((a, b) => ascending(a.key, b.key))
    .map(({ item }) => item);
}

function extreme(list: readonly Token[], name: string, evaluation: Evaluation, direction: 1 | -1): Token {
  const keys = list.map((item) => keyOf(item, name, list[0], evaluation));
  return list[best(keys, (a, b) => ascending(a, b) * direction > 0)] ?? null;
}

/** In `medtech` texts are compared as the numbers that they must be, and the last of equal ones is taken. */
function extremeBy(value: Argument, by: Argument, name: string, evaluation: Evaluation, direction: 1 | -1): Token {
  const list = arrayOf(value, name);
  const keys = keysBy(list, by, name, evaluation);
  if (evaluation.compatibility === 'r4') return list[best(keys, (a, b) => ascending(a, b) * direction > 0)] ?? null;
  const numbers = keys.length < 2 ? keys : keys.map((key) => numberIn(key, name));
  return list[best(numbers, (a, b) => ascending(a, b) * direction >= 0)] ?? null;
}

function numberIn(key: Key, name: string): number {
  const number = typeof key === 'string' && key.trim() === '' ? Number.NaN : Number(key);
  if (Number.isNaN(number)) throw invalidType(name, 'numbers, or texts of numbers');
  return number;
}

/** The index of the key that no other replaces. */
function best(keys: readonly Key[], replaces: (next: Key, found: Key) => boolean): number {
  let found = 0;
  for (let index = 1; index < keys.length; index++) if (replaces(keys[index] as Key, keys[found] as Key)) found = index;
  return found;
}
