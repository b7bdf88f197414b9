import type { Compatibility } from '../compatibility';

const plainDecimal = /^\s*(?:[+-]?(?:\d[\d,]*\.?\d*|\.\d+)|(?:\d[\d,]*\.?\d*|\.\d+)[+-])\s*$/;
const withExponent = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+\s*$/;
/** The greatest number of .NET's decimal. */
const maxDecimal = 2 ** 96;

/**
 * The number in a measurement's text: sign, thousands commas and blanks around it are allowed. The original takes no
 * exponent, although it writes small and large floats with one; `r4` does. undefined for every other text.
 */
export function decimalOf(text: string, compatibility: Compatibility): number | undefined {
  if (compatibility === 'r4' && withExponent.test(text)) return inRange(Number(text));
  if (!plainDecimal.test(text)) return undefined;
  const plain = text.trim().replaceAll(',', '');
  const size = Number(plain.replace(/[+-]/, ''));
  return inRange(plain.includes('-') && size !== 0 ? -size : size);
}

function inRange(value: number): number | undefined {
  return Math.abs(value) < maxDecimal ? value : undefined;
}

/** A number as FHIR's SampledData allows it: digits and a point, no exponent. */
export function sampleText(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/\.?0+$/, '') : text;
}
