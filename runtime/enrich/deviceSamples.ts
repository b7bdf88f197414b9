import type { VitalSample } from '../contracts/enriched';
import type { Measurement } from '../contracts/measurement';
import type { ScoringSource, Vital } from '../contracts/scoringSource';
import type { Compatibility } from '../medtech/compatibility';
import { rejectionOf, type SignalQuality, type VitalLimits } from '../scoring/plausibility';
import { quantised } from './quantise';

/** What is scored how; the same for all measurements. */
export interface SampleRules {
  readonly limits: VitalLimits;
  readonly compatibility: Compatibility;
}

/** The samples that a measurement's scoring sources find in it; a value that it does not have is none. */
export function deviceSamples(
  { Properties }: Measurement,
  sources: readonly ScoringSource[],
  rules: SampleRules,
): readonly VitalSample[] {
  const values = new Map(Properties.map(({ Name, Value }) => [Name, Value]));
  return sources.flatMap(({ vital, valueName, priority, quality, spot }) => {
    const text = values.get(valueName);
    if (text === undefined) return [];
    const signal = quality && qualityOf(values.get(quality.valueName), quality.least, rules.compatibility);
    const sample = sampleOf(vital, numberOf(vital, text, rules.compatibility), priority, rules, signal);
    return [spot === true ? { ...sample, spot } : sample];
  });
}

/** A sample with the reason why it is not scored, if there is one. */
export function sampleOf(
  vital: Vital,
  value: number | null,
  priority: number,
  { limits }: Pick<SampleRules, 'limits'>,
  quality?: SignalQuality,
): VitalSample {
  const rejected = rejectionOf(vital, value, quality, limits);
  // A reader must not take a code that scoring does not know for one that it knows.
  if (rejected === 'unreadable') return { vital, value: null, priority, rejected };
  return rejected === undefined ? { vital, value, priority } : { vital, value, priority, rejected };
}

/** As the starter mapping has it: 0 and 1 (alert or not) where a device knows no more. */
const consciousness: ReadonlyMap<string, number> = new Map([
  ...(['0', 'A'] as const).map((text) => [text, 0] as const),
  ...(['C', 'V', 'P', 'U'] as const).map((text, index) => [text, index + 1] as const),
  ['1', 5],
]);

function numberOf(vital: Vital, text: string, compatibility: Compatibility): number | null {
  if (vital === 'consciousness') return consciousness.get(text.trim().toUpperCase()) ?? null;
  if (vital === 'supplementalOxygen') return oxygenOf(text, compatibility);
  return quantised(text, compatibility) ?? null;
}

/** A flow above 0 is oxygen, as in the starter mapping. */
function oxygenOf(text: string, compatibility: Compatibility): number | null {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true' ? 1 : 0;
  const flow = quantised(text, compatibility);
  return flow === undefined || flow < 0 ? null : Math.sign(flow);
}

/** Undefined: the device says nothing about its signal. */
function qualityOf(text: string | undefined, least: number, compatibility: Compatibility): SignalQuality | undefined {
  if (text === undefined) return undefined;
  return { value: quantised(text, compatibility) ?? Number.NaN, least };
}
