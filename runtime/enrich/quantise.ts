import type { Compatibility } from '../medtech/compatibility';
import { decimalOf } from '../medtech/fhir/decimal';
import { type Ticks, ticksPerMillisecond } from '../medtech/instant';

/** An exact decimal number: `digits` / 10^`scale`. */
interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

/** How a unit becomes another one: (value + `add`) x `multiply` / `divide`, with whole numbers of thousandths. */
export interface Conversion {
  readonly addThousandths?: bigint;
  readonly multiply?: bigint;
  readonly divide?: bigint;
}

/** Smaller than that is 0 to three decimals, and larger than a `decimal` of the original is no reading. */
const mostPlaces = 60;

/**
 * The number in a text to three decimals, half up (towards greater values, -0.0005 too), by exact arithmetic on its digits: what
 * a binary fraction makes of 1.0005 does not matter. Undefined for what is no number, by the rules by which the same text
 * becomes an Observation's value.
 */
export function quantised(
  text: string,
  compatibility: Compatibility,
  { addThousandths = 0n, multiply = 1n, divide = 1n }: Conversion = {},
): number | undefined {
  if (decimalOf(text, compatibility) === undefined) return undefined;
  const { digits, scale } = exact(text);
  const one = 10n ** BigInt(scale);
  const numerator = (1000n * digits + addThousandths * one) * multiply;
  return Number(halfUp(numerator, one * divide)) / 1000;
}

/** A point in time in whole milliseconds since 1970, half up. */
export function quantisedTime(ticks: Ticks): number {
  return Number(halfUp(ticks, ticksPerMillisecond));
}

/** When something arrived, in whole milliseconds that have passed: hubs tell no more. */
export function arrivalTime(ticks: Ticks): number {
  return Number(floorDivide(ticks, ticksPerMillisecond));
}

function exact(text: string): Decimal {
  const plain = text.replaceAll(/[\s,]/g, '');
  const [mantissa = '', exponent = '0'] = plain.toLowerCase().split('e');
  const unsigned = mantissa.replaceAll(/[+-]/g, '');
  const [whole = '', fraction = ''] = unsigned.split('.');
  const size = BigInt(`${whole}${fraction}` || '0');
  const digits = mantissa.includes('-') ? -size : size;
  const scale = fraction.length - Number(exponent);
  if (digits === 0n) return { digits, scale: 0 };
  if (scale - String(size).length > mostPlaces) return { digits: digits < 0n ? -1n : 1n, scale: mostPlaces };
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

function halfUp(numerator: bigint, denominator: bigint): bigint {
  return floorDivide(2n * numerator + denominator, 2n * denominator);
}

/** Of a positive denominator. */
function floorDivide(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  return numerator < 0n && quotient * denominator !== numerator ? quotient - 1n : quotient;
}
