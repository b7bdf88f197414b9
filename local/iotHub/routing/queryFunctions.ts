/** A value in a query; `undefined` is what is not there, and what an operation on wrong types yields. */
export type QueryValue = unknown;

interface QueryFunction {
  readonly parameters: readonly [least: number, most: number];
  readonly apply: (...values: QueryValue[]) => QueryValue;
}

function onText(apply: (text: string, other: string) => QueryValue): QueryFunction['apply'] {
  return (text, other) => (typeof text === 'string' && typeof other === 'string' ? apply(text, other) : undefined);
}

function onNumber(apply: (value: number) => number): QueryFunction {
  return { parameters: [1, 1], apply: (value) => (typeof value === 'number' ? apply(value) : undefined) };
}

function isObject(value: QueryValue): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPrimitive(value: QueryValue): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function test(holds: (value: QueryValue) => boolean): QueryFunction {
  return { parameters: [1, 1], apply: holds };
}

function asNumber(value: QueryValue): QueryValue {
  if (typeof value === 'number') return value;
  const parsed = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}

function concat(...parts: QueryValue[]): QueryValue {
  return parts.every((part) => typeof part === 'string') ? parts.join('') : undefined;
}

function substring(text: QueryValue, start: QueryValue, length: QueryValue): QueryValue {
  if (typeof text !== 'string' || typeof start !== 'number') return undefined;
  if (length === undefined) return text.slice(start);
  return typeof length === 'number' ? text.slice(start, start + length) : undefined;
}

/** Functions of the IoT Hub query language that a routing condition may use (IoT Hub query language reference). */
export const queryFunctions: Readonly<Record<string, QueryFunction>> = {
  ABS: onNumber(Math.abs),
  EXP: onNumber(Math.exp),
  SQUARE: onNumber((value) => value * value),
  CEILING: onNumber(Math.ceil),
  FLOOR: onNumber(Math.floor),
  SIGN: onNumber(Math.sign),
  SQRT: onNumber(Math.sqrt),
  POWER: {
    parameters: [2, 2],
    apply: (base, exponent) =>
      typeof base === 'number' && typeof exponent === 'number' ? base ** exponent : undefined,
  },
  AS_NUMBER: { parameters: [1, 1], apply: asNumber },
  IS_ARRAY: test(Array.isArray),
  IS_BOOL: test((value) => typeof value === 'boolean'),
  IS_DEFINED: test((value) => value !== undefined),
  IS_NULL: test((value) => value === null),
  IS_NUMBER: test((value) => typeof value === 'number'),
  IS_OBJECT: test(isObject),
  IS_PRIMITIVE: test(isPrimitive),
  IS_STRING: test((value) => typeof value === 'string'),
  CONCAT: { parameters: [2, 100], apply: concat },
  LENGTH: { parameters: [1, 1], apply: (text) => (typeof text === 'string' ? text.length : undefined) },
  LOWER: { parameters: [1, 1], apply: (text) => (typeof text === 'string' ? text.toLowerCase() : undefined) },
  UPPER: { parameters: [1, 1], apply: (text) => (typeof text === 'string' ? text.toUpperCase() : undefined) },
  SUBSTRING: { parameters: [2, 3], apply: substring },
  INDEX_OF: { parameters: [2, 2], apply: onText((text, other) => text.indexOf(other)) },
  STARTS_WITH: { parameters: [2, 2], apply: onText((text, other) => text.startsWith(other)) },
  ENDS_WITH: { parameters: [2, 2], apply: onText((text, other) => text.endsWith(other)) },
  CONTAINS: { parameters: [2, 2], apply: onText((text, other) => text.includes(other)) },
};
