import type { RejectionReason } from '../contracts/enriched';
import type { Vital } from '../contracts/scoringSource';

/** Both ends are allowed. */
export interface Limits {
  readonly least: number;
  readonly most: number;
}
export type VitalLimits = Readonly<Record<Vital, Limits>>;

/**
 * What a number in the vital's unit can be at all: nothing negative, no saturation above 100 %, no Fahrenheit. Ours. The
 * table of NEWS2 is entered with no other numbers; 0 is a reading where somebody does not breathe or has no pulse.
 */
export const possibleReadings: VitalLimits = {
  heartRate: { least: 0, most: 350 },
  respirationRate: { least: 0, most: 150 },
  oxygenSaturation: { least: 0, most: 100 },
  systolicBloodPressure: { least: 0, most: 400 },
  diastolicBloodPressure: { least: 0, most: 300 },
  temperature: { least: 20, most: 45 },
  consciousness: { least: 0, most: 5 },
  supplementalOxygen: { least: 0, most: 1 },
};

/**
 * What a sample must lie between to be scored, unless a site chooses other limits within `possibleReadings`. Ours: wider than
 * what adults live through, narrow enough for what sensors send when they are off (0, 255, -32768) or not on a person
 * (room temperature). A respiration rate of 0 stays: it may be apnoea, and is not for a filter to decide.
 */
export const defaultLimits: VitalLimits = {
  heartRate: { least: 20, most: 300 },
  respirationRate: { least: 0, most: 100 },
  oxygenSaturation: { least: 30, most: 100 },
  systolicBloodPressure: { least: 30, most: 300 },
  diastolicBloodPressure: { least: 10, most: 220 },
  temperature: { least: 25, most: 45 },
  consciousness: { least: 0, most: 5 },
  supplementalOxygen: { least: 0, most: 1 },
};

const coded: ReadonlySet<Vital> = new Set(['consciousness', 'supplementalOxygen']);

/** How good a device says its signal is, and the least that is scored. */
export interface SignalQuality {
  readonly value: number;
  readonly least: number;
}

/**
 * Why a sample is counted and not scored; undefined when it is good. The first that applies: `unreadable` (no finite number,
 * or no code), `implausible` (outside the limits), `signalQuality`.
 *
 * @param value in the vital's unit, as `VitalSample.value`; null for what could not be read
 * @param quality left out: the device says nothing about it; one that is not a number is a poor one
 */
export function rejectionOf(
  vital: Vital,
  value: number | null,
  quality?: SignalQuality,
  limits: VitalLimits = defaultLimits,
): RejectionReason | undefined {
  if (value === null || !Number.isFinite(value)) return 'unreadable';
  const { least, most } = limits[vital];
  if (coded.has(vital) && !Number.isInteger(value)) return 'unreadable';
  if (value < least || value > most) return coded.has(vital) ? 'unreadable' : 'implausible';
  if (quality !== undefined && !(quality.value >= quality.least)) return 'signalQuality';
  return undefined;
}
