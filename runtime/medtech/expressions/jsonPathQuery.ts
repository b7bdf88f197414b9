import { MedTechError } from '../errors';
import { isoText, parseTimestamp } from '../instant';
import { DateToken, isArray, isObject, PropertyText, type Token, ticksOfToken } from '../tokens';
import type { Evaluation } from './evaluation';
import type { QueryOperator } from './jsonPathSyntax';
import type { BoundedPattern } from './regexLiteral';

type Scalar = null | boolean | number | bigint | string;
type NumberLike = number | bigint;

/**
 * One comparison of a filter, with Newtonsoft.Json's rules of which kinds may be compared. A text is a date where it
 * is read as one: in a message's body, never as a literal of a filter or as a property.
 */
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
  const text = scalar(right);
  if (ticks === undefined || typeof text !== 'string') return false;
  return text === scalar(left) || text === dateText(left, isoText(ticks));
}

/** How the original writes a date on a host in UTC: a time that was sent without a zone has none, one with an offset has one. */
function dateText(token: Token, utc: string): string {
  if (typeof token !== 'string' || /[Zz]$/.test(token)) return utc;
  return `${utc.slice(0, -1)}${/[+-]/.test(token.slice(19)) ? '+00:00' : ''}`;
}

/** `===`: of one kind, integers and floats counting as one. */
function strictlyEqual(left: Token, right: Token): boolean {
  const leftTicks = ticksOfToken(left);
  const rightTicks = ticksOfToken(right);
  if (leftTicks !== undefined || rightTicks !== undefined) return leftTicks === rightTicks;
  const a = scalar(left);
  const b = scalar(right);
  return isNumber(a) && isNumber(b) ? orderOfNumbers(a, b) === 0 : a === b;
}

function isNumber(value: Scalar): value is NumberLike {
  return typeof value === 'number' || typeof value === 'bigint';
}

function scalar(token: Token): Scalar {
  if (token instanceof PropertyText) return token.text;
  if (token instanceof DateToken) return isoText(token.ticks);
  return token as Scalar;
}

/**
 * Strings are compared by code unit; a string beside a number, boolean or date is converted, a number beside a boolean
 * too; null is least.
 */
function orderOf(left: Token, right: Token): number {
  const a = scalar(left);
  const b = scalar(right);
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  const ticks = ticksOfToken(left);
  if (ticks !== undefined) return sign(ticks, ticksFrom(right));
  if (ticksOfToken(right) !== undefined) throw notComparable('a date');
  if (typeof a === 'string' && typeof b === 'string') return sign(a, b);
  if (typeof a === 'boolean' || (typeof a === 'string' && typeof b === 'boolean')) {
    return Number(toBoolean(a)) - Number(toBoolean(b));
  }
  if (typeof a === 'string') return orderOfNumbers(toNumber(a, b), Number(b));
  if (typeof b === 'string') return orderOfNumbers(a as NumberLike, toNumber(b, a));
  return orderOfNumbers(isNumber(a) ? a : Number(a), isNumber(b) ? b : Number(b));
}

function sign<T extends string | number | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const epsilon = 2 ** -52;

/** Whether two numbers are equal, but for a rounding error. */
export function sameNumber(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) < (Math.abs(a) + Math.abs(b) + 10) * epsilon;
}

/** Integers exactly; where a float takes part, what differs by a rounding error is the same, as in the original. */
function orderOfNumbers(a: NumberLike, b: NumberLike): number {
  if (typeof a === 'bigint' && typeof b === 'bigint') return sign(a, b);
  const [x, y] = [Number(a), Number(b)];
  return sameNumber(x, y) ? 0 : sign(x, y);
}

/** The number in a text that is compared with another: beside an integer it must be one. */
function toNumber(text: string, other: Scalar): number {
  const wanted = typeof other === 'bigint' ? /^\s*[+-]?\d+\s*$/ : /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
  if (wanted.test(text)) return Number(text);
  throw notComparable(typeof other === 'bigint' ? 'an integer' : 'a number');
}

function toBoolean(value: string | number | bigint | boolean): boolean {
  if (typeof value !== 'string') return Boolean(value);
  const text = value.trim().toLowerCase();
  if (text === 'true' || text === 'false') return text === 'true';
  throw notComparable('a boolean');
}

function ticksFrom(token: Token): bigint {
  const text = scalar(token);
  const ticks = ticksOfToken(token) ?? (typeof text === 'string' ? parseTimestamp(text) : undefined);
  if (ticks !== undefined) return ticks;
  throw notComparable('a date');
}

function notComparable(kind: string): MedTechError {
  return new MedTechError('FormatException', `A filter compares ${kind} with what is none.`);
}
