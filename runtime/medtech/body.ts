import { type ParseError, parseTree, stripComments } from 'jsonc-parser';
import { MedTechError } from './errors';
import { mayBeDate } from './instant';
import { type JsonObject, PropertyText, type Token } from './tokens';

/** Newtonsoft.Json's MaxDepth: a body that is nested deeper is not read. */
const maxDepth = 64;

/** From here on an integer and a float of the same value have different texts, or the integer loses digits. */
const kindMatters = 1e15;

/**
 * The body of a device message. An empty body is null.
 *
 * @param numberKinds whether a mapping can tell 1 from 1.0.
 * @throws MedTechError InvalidDataFormatException for what is no JSON or is nested deeper than 64 levels.
 */
export function parseBody(text: string, numberKinds: boolean): Token {
  if (!text.startsWith('{') && text.trim() === '') return null;
  try {
    const fast = JSON.parse(text) as Token;
    const ambiguous = checkNumbers(fast, 0);
    if (!ambiguous && !numberKinds) return fast;
    return ambiguous || integralFloat.test(text) ? parseWithNumberKinds(text) : withIntegers(fast);
  } catch (error) {
    if (error instanceof MedTechError) throw error;
    throw new MedTechError('InvalidDataFormatException', 'The body of the message is not valid JSON.');
  }
}

function checkNumbers(token: Token, depth: number): boolean {
  if (typeof token === 'number') {
    return (
      Object.is(token, -0) || (Math.abs(token) >= kindMatters && (Number.isInteger(token) || !Number.isFinite(token)))
    );
  }
  if (typeof token !== 'object' || token === null) return false;
  if (depth >= maxDepth) {
    throw new MedTechError('InvalidDataFormatException', `The body is nested deeper than ${maxDepth} levels.`);
  }
  let found = false;
  if (Array.isArray(token)) {
    for (const item of token) found = checkNumbers(item, depth + 1) || found;
    return found;
  }
  const object = token as JsonObject;
  for (const name in object) found = checkNumbers(object[name] as Token, depth + 1) || found;
  return found;
}

/** What may be a float with the value of an integer (`78.0`, `1e3`); a text that looks like one only costs time. */
const integralFloat = /\d(?:\.0+(?!\d)|[eE])/;

/** Makes every integral number of a tree that was just parsed a bigint: without such floats they all are integers. */
function withIntegers(token: Token): Token {
  if (typeof token === 'number') return Number.isInteger(token) ? BigInt(token) : token;
  if (typeof token !== 'object' || token === null) return token;
  const members = token as Record<string, Token>;
  for (const name in members) {
    const member = members[name] as Token;
    if (typeof member === 'number' || typeof member === 'object') members[name] = withIntegers(member);
  }
  return token;
}

type ReviverWithSource = (this: unknown, key: string, value: Token, context?: { source?: string }) => Token;

/** Newtonsoft.Json reads no longer integer. */
const longestInteger = 380;

const keepIntegers: ReviverWithSource = (_key, value, context) => {
  const source = typeof value === 'number' ? context?.source : undefined;
  if (source === undefined || /[.eE]/.test(source)) return value;
  if (source.length <= longestInteger) return BigInt(source);
  throw new MedTechError('InvalidDataFormatException', `The body has an integer of over ${longestInteger} digits.`);
};

function parseWithNumberKinds(text: string): Token {
  return JSON.parse(text, keepIntegers as Parameters<typeof JSON.parse>[1]) as Token;
}

/** A message's own or the broker's properties as the expressions see them: their strings are never dates. */
export function propertyTokens(properties: Readonly<Record<string, unknown>>): JsonObject {
  // A copy keeps the shape of the messages before, which makes reading it fast.
  const tokens = { ...properties } as Record<string, Token>;
  for (const name in tokens) {
    const value = properties[name];
    if (typeof value === 'string' && !mayBeDate(value)) continue;
    // Assigning to this name would set the prototype.
    if (name === '__proto__') Object.defineProperty(tokens, name, { value: propertyToken(value), enumerable: true });
    else tokens[name] = propertyToken(value);
  }
  return tokens;
}

function propertyToken(value: unknown): Token {
  if (typeof value === 'string') return mayBeDate(value) ? new PropertyText(value) : value;
  if (value instanceof Date) return new PropertyText(value.toISOString());
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return value;
  return null;
}

/**
 * The first JSON value in a text, for the `medtech` compatibility: the original ignores what follows it, and comments.
 * The text itself when there is none.
 */
export function firstJsonValue(text: string): string {
  try {
    const errors: ParseError[] = [];
    const tree = parseTree(text, errors);
    return tree === undefined ? text : stripComments(text.slice(tree.offset, tree.offset + tree.length));
  } catch {
    return text;
  }
}
