/** Vital signs and observations that scoring has a slot for. */
export const vitals = [
  'heartRate',
  'respirationRate',
  'oxygenSaturation',
  'systolicBloodPressure',
  'diastolicBloodPressure',
  'temperature',
  'consciousness',
  'supplementalOxygen',
] as const;
export type Vital = (typeof vitals)[number];

/**
 * Which value of which measurement fills a vital's slot. Where two sources measure one vital (ECG rate and pulse, arterial
 * pressure and cuff) both are recorded as Observations; of those in one slot the one of the lower priority number is
 * scored. It travels with the measurement as the application property `iomt-scoring`: a JSON array of these.
 */
export interface ScoringSource {
  readonly vital: Vital;
  /** Name of the value among the measurement's Properties. */
  readonly valueName: string;
  /** 0 is preferred to 1. */
  readonly priority: number;
  /** Name of the value that says how good the signal is, and the least that is scored; left out: not looked at. */
  readonly quality?: { readonly valueName: string; readonly least: number };
  /** Taken now and then (cuff, thermometer, by hand), so that it may be carried forward; left out: a continuous signal. */
  readonly spot?: true;
}

export const scoringProperty = 'iomt-scoring';
