import type { News2Part, News2Result } from '../../runtime/contracts/scored';
import type { Vital } from '../../runtime/contracts/scoringSource';
import { chartValue } from '../../runtime/scoring/chart';
import { news2 as score } from '../../runtime/scoring/news2';
import { possibleReadings, rejectionOf } from '../../runtime/scoring/plausibility';

type Input = News2Part | 'scale';
const quantities = {
  resp: 'respirationRate',
  spo2: 'oxygenSaturation',
  sbp: 'systolicBloodPressure',
  pulse: 'heartRate',
  temp: 'temperature',
} as const satisfies Partial<Record<News2Part, Vital>>;
const levels = ['A', 'C', 'V', 'P', 'U'];

/**
 * NEWS2 of inputs as somebody might hand them over: what cannot be a reading, or is of the wrong type, is missing and listed in
 * `invalid`. A scale that is neither 1 nor 2 leaves the saturation unscored; none given is scale 1.
 */
export function news2(inputs: Readonly<Partial<Record<Input, unknown>>>): News2Result & { readonly invalid?: Input[] } {
  const invalid: Input[] = [];
  const read = <T>(name: Input, parse: (value: unknown) => T | undefined): T | null => {
    const given = inputs[name];
    if (given === null || given === undefined) return null;
    const value = parse(given);
    if (value === undefined) invalid.push(name);
    return value ?? null;
  };
  const quantity = (name: keyof typeof quantities) => read(name, (value) => reading(quantities[name], value));
  const resp = quantity('resp');
  const spo2 = quantity('spo2');
  const scale = read('scale', (value) => (value === 1 || value === 2 ? (value as 1 | 2) : undefined));
  const given = {
    resp,
    spo2: invalid.includes('scale') ? null : spo2,
    scale: scale ?? 1,
    oxygen: read('oxygen', (value) => (typeof value === 'boolean' ? value : undefined)),
    sbp: quantity('sbp'),
    pulse: quantity('pulse'),
    consciousness: read('consciousness', (value) =>
      levels.includes(value as string) ? levels.indexOf(value as string) : undefined,
    ),
    temp: quantity('temp'),
  };
  return { ...score(given), ...(invalid.length > 0 && { invalid }) };
}

function reading(vital: Vital, value: unknown): number | undefined {
  if (typeof value !== 'number' || rejectionOf(vital, value, undefined, possibleReadings) !== undefined)
    return undefined;
  return chartValue(vital, value);
}
