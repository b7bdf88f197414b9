import type { Compatibility } from '../compatibility';

/** .NET takes thousands commas wherever they stand before the point, and one sign: before the number, or blanks after it. */
const plainDecimal = /^(?:[+-](?=[\d,.]*\d)[\d,]*(?:\.\d*)?|(?=[\d,.]*\d)[\d,]*(?:\.\d*)?(?:\s*[+-])?)$/;
const withExponent = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+\s*$/;
/** .NET's decimal has 96 bits. */
const tooLarge = 2n ** 96n;

/**
 * The number in a measurement's text: sign, thousands commas and blanks around it are allowed. The original takes no
 * exponent, although it writes small and large floats with one; `r4` does. undefined for every other text.
 */
export function decimalOf(text: string, compatibility: Compatibility): number | undefined {
  if (compatibility === 'r4' && withExponent.test(text)) {
    const value = Number(text);
    return Math.abs(value) < Number(tooLarge) ? value : undefined;
  }
  const trimmed = text.trim();
  if (!plainDecimal.test(trimmed)) return undefined;
  const plain = trimmed.replaceAll(',', '');
  const digits = plain.replace(/\s*[+-]/, '');
  const whole = digits.split('.')[0]?.replace(/^0+/, '') ?? '';
  if (whole.length > 29 || BigInt(whole) >= tooLarge) return undefined;
  const size = Number(digits);
  return plain.includes('-') && size !== 0 ? -size : size;
}

/** A number as FHIR's SampledData allows it: digits and a point, no exponent. */
export function sampleText(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/\.?0+$/, '') : text;
}
