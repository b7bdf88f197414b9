import type { Quantity } from '../medtech/fhir/resources';
import { type Conversion, quantised } from './quantise';

const ucum = 'http://unitsofmeasure.org';

export type UnitTable = Readonly<Record<string, Conversion>>;

const asIs: Conversion = {};

/** Units by UCUM code, and by the words that people write where there is no code. */
export const perMinute: UnitTable = {
  ...{ '/min': asIs, '{beats}/min': asIs, '{breaths}/min': asIs, '1/min': asIs },
  ...{ 'beats/minute': asIs, 'breaths/minute': asIs, 'beats/min': asIs, 'breaths/min': asIs, bpm: asIs },
};
/** A fraction is converted where its unit, the number one, says that it is one. */
export const percent: UnitTable = { '%': asIs, '1': { multiply: 100n } };
export const pressure: UnitTable = {
  ...{ 'mm[Hg]': asIs, mmHg: asIs, 'mm Hg': asIs },
  // 1 mm[Hg] is 133.322387415 Pa.
  kPa: { multiply: 1_000_000_000_000n, divide: 133_322_387_415n },
};
const fahrenheit: Conversion = { addThousandths: -32_000n, multiply: 5n, divide: 9n };
export const temperature: UnitTable = {
  ...{ Cel: asIs, '°C': asIs, C: asIs, degC: asIs },
  ...{ '[degF]': fahrenheit, '°F': fahrenheit, degF: fahrenheit, K: { addThousandths: -273_150n } },
};
export const flow: UnitTable = { 'L/min': asIs, 'l/min': asIs, 'mL/min': { divide: 1000n } };

/**
 * A charted number in the chart's unit, to three decimals. Undefined: the unit cannot be used. Null: there is no exact number.
 */
export function chartedNumber(quantity: Quantity, units: UnitTable): number | null | undefined {
  const { value, unit, system, code } = quantity;
  const name = system === ucum ? code : (code ?? unit);
  const conversion = name !== undefined && Object.hasOwn(units, name) ? units[name] : undefined;
  if (conversion === undefined) return undefined;
  if (value === undefined || 'comparator' in quantity) return null;
  return quantised(String(value), 'r4', conversion) ?? null;
}
