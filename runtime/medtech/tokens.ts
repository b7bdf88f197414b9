import { americanText, dateTokenOf, isoText, type Ticks } from './instant';

/** Scalars that JSON has no kind for. */
abstract class Scalar {}

/** A date that an expression made (fromUnixTimestamp). Dates in a message's body stay strings and are looked at when used. */
export class DateToken extends Scalar {
  constructor(readonly ticks: Ticks) {
    super();
  }
}

/** A string in a message's properties that looks like a date and is none: only the body's strings are dates. */
export class PropertyText extends Scalar {
  constructor(readonly text: string) {
    super();
  }
}

export type JsonObject = { readonly [name: string]: Token };

/**
 * A value an expression sees. Where a mapping can tell integers from floats, integers are bigint and floats number;
 * else all numbers are number (three times as fast to parse).
 */
export type Token =
  | null
  | boolean
  | number
  | bigint
  | string
  | DateToken
  | PropertyText
  | readonly Token[]
  | JsonObject;

export function isArray(token: Token): token is readonly Token[] {
  return Array.isArray(token);
}

export function isObject(token: Token): token is JsonObject {
  return typeof token === 'object' && token !== null && !Array.isArray(token) && !(token instanceof Scalar);
}

/** What every object has without holding it. */
const inherited: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** The property's own value: a name such as `__proto__` or `constructor` finds only what the message holds. */
export function memberOf(object: JsonObject, name: string): Token | undefined {
  const value = object[name];
  if (value === undefined || !inherited.has(name)) return value;
  return Object.hasOwn(object, name) ? value : undefined;
}

/** Names that arrays and scalars know too, or that every object has. */
function isAmbiguous(name: string): boolean {
  return name in Array.prototype || name === 'ticks' || name === 'text' || /^\d+$/.test(name);
}

/** Reads one member of whatever token it is given: as memberOf, undefined for what is no object. */
export function memberReader(name: string): (token: Token | undefined) => Token | undefined {
  if (isAmbiguous(name)) {
    return (token) => (token !== undefined && isObject(token) ? memberOf(token, name) : undefined);
  }
  return (token) => (typeof token === 'object' && token !== null ? (token as JsonObject)[name] : undefined);
}

/** What lies at `a.b` below a token. */
export function pathReader(names: readonly string[]): (token: Token) => Token | undefined {
  const readers = names.map(memberReader);
  const [first, second] = readers;
  if (first === undefined) return (token) => token;
  if (second === undefined) return first;
  if (readers.length === 2) return (token) => second(first(token));
  return (token) => readers.reduce<Token | undefined>((found, read) => read(found), token);
}

export function ticksOfToken(token: Token): Ticks | undefined {
  if (token instanceof DateToken) return token.ticks;
  return typeof token === 'string' ? dateTokenOf(token) : undefined;
}

/** How a date that is given as a value becomes text: as it was sent, or as the original writes it. */
export type DateText = 'asSent' | 'american';

/**
 * The text of a scalar as the original writes it: `True`/`False`, shortest floats (`78.0` is `78`, `1E+16`).
 * null for a JSON null; undefined for what has no text (objects, arrays, integers beyond 64 bits).
 */
export function textOf(token: Token, dates: DateText): string | null | undefined {
  switch (typeof token) {
    case 'string': {
      if (dates === 'asSent') return token;
      const ticks = dateTokenOf(token);
      return ticks === undefined ? token : americanText(ticks);
    }
    case 'number':
      return floatText(token);
    case 'bigint':
      return BigInt.asIntN(64, token) === token ? token.toString() : undefined;
    case 'boolean':
      return token ? 'True' : 'False';
    default:
      break;
  }
  if (token === null) return null;
  if (token instanceof PropertyText) return token.text;
  if (token instanceof DateToken) return dates === 'asSent' ? isoText(token.ticks) : americanText(token.ticks);
  return undefined;
}

/** .NET's shortest round-trip text of a double: exponent form from 1E+15 on and from 1E-05 down. */
export function floatText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-4 && size < 1e15)) return String(value);
  if (!Number.isFinite(value)) return String(value);
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${digits}E${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}
