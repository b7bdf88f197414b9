import { MedTechError } from '../errors';
import { inRange, ticksPerMillisecond } from '../instant';
import { DateToken, type Token, ticksOfToken } from '../tokens';
import type { Evaluation } from './evaluation';
import { type Argument, type FunctionDefinition, invalidType, numberOf, textOfArgument } from './jmesPathValues';

const maxLong = 2n ** 63n - 1n;
const minLong = -(2n ** 63n);

/**
 * The functions that the MedTech service adds to JMESPath (MS Learn, "How to use custom functions"). Integers are 64
 * bits wide and wrap; divide of two integers drops the fraction.
 */
export const connectorFunctions: Record<string, FunctionDefinition> = {
  add: arithmetic(
    (a, b) => BigInt.asIntN(64, a + b),
    (a, b) => a + b,
  ),
  subtract: arithmetic(
    (a, b) => BigInt.asIntN(64, a - b),
    (a, b) => a - b,
  ),
  multiply: arithmetic(
    (a, b) => BigInt.asIntN(64, a * b),
    (a, b) => a * b,
  ),
  divide: arithmetic(divideIntegers, (a, b) => a / b),
  pow: arithmetic(powerOfIntegers, (a, b) => a ** b),
  insertString: {
    min: 3,
    max: 3,
    call: ([original, inserted, position], name, evaluation) =>
      insertString(original as Argument, inserted as Argument, position as Argument, { name, evaluation }),
  },
  fromUnixTimestamp: unixTime(1000n * ticksPerMillisecond),
  fromUnixTimestampMs: unixTime(ticksPerMillisecond),
};

function arithmetic(
  integers: (a: bigint, b: bigint) => bigint,
  floats: (a: number, b: number) => number,
): FunctionDefinition {
  return {
    min: 2,
    max: 2,
    call: ([left, right], name) => {
      const a = numberOf(left as Argument, name);
      const b = numberOf(right as Argument, name);
      return typeof a === 'bigint' && typeof b === 'bigint' ? integers(a, b) : floats(Number(a), Number(b));
    },
  };
}

function divideIntegers(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new MedTechError('DivideByZeroException', 'divide: an integer cannot be divided by zero.');
  if (a === minLong && b === -1n) throw new MedTechError('OverflowException', 'divide: the result exceeds 64 bits.');
  return a / b;
}

function powerOfIntegers(a: bigint, b: bigint): bigint {
  const power = Number(a) ** Number(b);
  const whole = Number.isFinite(power) ? BigInt(roundHalfEven(power)) : undefined;
  if (whole === undefined || whole > maxLong || whole < minLong) {
    throw new MedTechError('OverflowException', 'pow: the result exceeds 64 bits.');
  }
  return whole;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function insertString(
  original: Argument,
  inserted: Argument,
  position: Argument,
  { name, evaluation }: { readonly name: string; readonly evaluation: Evaluation },
): Token {
  for (const text of [original, inserted]) {
    if (typeof text !== 'function' && ticksOfToken(text) !== undefined) throw invalidType(name, 'strings, not dates');
  }
  const text = textOfArgument(original, name, evaluation);
  const addition = textOfArgument(inserted, name, evaluation);
  if (typeof position !== 'bigint') throw invalidType(name, 'an integer position');
  if (position < 0n || position > BigInt(text.length)) {
    throw new MedTechError('ArgumentOutOfRangeException', `${name}: the position lies outside of the text.`);
  }
  return text.slice(0, Number(position)) + addition + text.slice(Number(position));
}

function unixTime(ticksPerUnit: bigint): FunctionDefinition {
  return {
    min: 1,
    max: 1,
    call: ([value], name) => {
      if (typeof value !== 'bigint') throw invalidType(name, 'an integer');
      const ticks = inRange(value * ticksPerUnit);
      if (ticks !== undefined) return new DateToken(ticks);
      throw new MedTechError('ArgumentOutOfRangeException', `${name}: the time lies outside of the years 1 to 9999.`);
    },
  };
}
