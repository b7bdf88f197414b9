import { isArray, isObject, type Token } from '../tokens';
import type { Evaluation } from './evaluation';
import { plainText, sameToken } from './jmesPathValues';

/** null, false, and an empty string, array or object are false; 0 is true. */
export function isTrue(token: Token): boolean {
  if (token === null || token === false || token === '') return false;
  if (isArray(token)) return token.length > 0;
  return !isObject(token) || Object.keys(token).length > 0;
}

export function compare(comparator: string, left: Token, right: Token, evaluation: Evaluation): Token {
  if (comparator === '==') return sameToken(left, right, evaluation);
  if (comparator === '!=') return !sameToken(left, right, evaluation);
  const a = orderable(left, evaluation);
  const b = orderable(right, evaluation);
  if (a === undefined || b === undefined || (typeof a === 'string') !== (typeof b === 'string')) return null;
  if (comparator === '<') return a < b;
  if (comparator === '<=') return a <= b;
  return comparator === '>' ? a > b : a >= b;
}

function orderable(token: Token, evaluation: Evaluation): string | number | bigint | undefined {
  return typeof token === 'number' || typeof token === 'bigint' ? token : plainText(token, evaluation);
}

export function slice(
  list: readonly Token[],
  [from, to, by]: readonly (number | undefined)[],
  evaluation: Evaluation,
): Token[] {
  evaluation.spend(list.length);
  const step = by ?? 1;
  const limit = (bound: number) => {
    const low = step < 0 ? -1 : 0;
    const high = step < 0 ? list.length - 1 : list.length;
    return Math.min(Math.max(bound < 0 ? bound + list.length : bound, low), high);
  };
  const start = from === undefined ? (step < 0 ? list.length - 1 : 0) : limit(from);
  const end = to === undefined ? (step < 0 ? -1 : list.length) : limit(to);
  const found: Token[] = [];
  for (let index = start; step < 0 ? index > end : index < end; index += step) found.push(list[index] as Token);
  return found;
}
