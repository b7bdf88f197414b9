import { MedTechError } from '../errors';
import { isoText } from '../instant';
import { DateToken, isArray, isObject, PropertyText, type Token, ticksOfToken } from '../tokens';
import type { Evaluation } from './evaluation';
import type { QueryOperator } from './jsonPathSyntax';
import type { BoundedPattern } from './regexLiteral';

type Scalar = null | boolean | number | bigint | string;

/** One comparison of a filter, with Newtonsoft.Json's rules of which kinds may be compared. */
export function compareTokens(operator: QueryOperator, left: Token, right: Token): boolean {
  if (isContainer(left) || isContainer(right)) return operator === '!=';
  if (operator === '==' || operator === '!=') return equal(left, right) === (operator === '==');
  if (operator === '===' || operator === '!==') return strictlyEqual(left, right) === (operator === '===');
  const order = orderOf(left, right);
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}

export function matchesRegex(
  token: Token,
  { pattern, longest, steps }: BoundedPattern,
  evaluation: Evaluation,
): boolean {
  const text = token instanceof PropertyText ? token.text : token;
  if (typeof text !== 'string' || ticksOfToken(token) !== undefined) return false;
  evaluation.spend(1 + steps(text.length));
  if (text.length <= longest) return pattern.test(text);
  throw new MedTechError(
    'TemplateExpressionException',
    `A regular expression is tried on ${text.length} characters where at most ${longest} can be matched in bounded time.`,
  );
}

function isContainer(token: Token): boolean {
  return isArray(token) || isObject(token);
}

/** `==`: 1 equals 1.0, a date equals its text, a number never equals a string. */
function equal(left: Token, right: Token): boolean {
  if (strictlyEqual(left, right)) return true;
  const ticks = ticksOfToken(left);
  return ticks !== undefined && typeof right === 'string' && isoText(ticks) === right;
}

function strictlyEqual(left: Token, right: Token): boolean {
  const a = scalar(left);
  const b = scalar(right);
  if (isNumber(a) && isNumber(b)) return Number(a) === Number(b) && (typeof a !== typeof b || a === b);
  return a === b;
}

function isNumber(value: Scalar): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function scalar(token: Token): Scalar {
  if (token instanceof PropertyText) return token.text;
  if (token instanceof DateToken) return isoText(token.ticks);
  return token as Scalar;
}

/** Strings are compared by code unit; a string beside a number or boolean is converted; null is least. */
function orderOf(left: Token, right: Token): number {
  const a = scalar(left);
  const b = scalar(right);
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  const leftTicks = ticksOfToken(left);
  const rightTicks = ticksOfToken(right);
  if (leftTicks !== undefined && rightTicks !== undefined) return sign(leftTicks, rightTicks);
  if (typeof a === 'string' && typeof b === 'string') return sign(a, b);
  if (typeof a === 'boolean' || (typeof a === 'string' && typeof b === 'boolean')) {
    return Number(toBoolean(a)) - Number(toBoolean(b));
  }
  return sign(toNumber(a), toNumber(b));
}

function sign<T extends string | number | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function toNumber(value: string | number | bigint | boolean): number {
  if (typeof value !== 'string') return Number(value);
  if (/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(value)) return Number(value);
  throw new MedTechError('FormatException', 'A filter compares a number with a text that is not a number.');
}

function toBoolean(value: string | number | bigint | boolean): boolean {
  if (typeof value !== 'string') return Boolean(value);
  const text = value.trim().toLowerCase();
  if (text === 'true' || text === 'false') return text === 'true';
  throw new MedTechError('FormatException', 'A filter compares a boolean with a text that is neither true nor false.');
}
