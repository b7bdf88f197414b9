import type { PatientPresence, RejectionReason } from '../contracts/enriched';
import type { PatientContext } from '../contracts/patientContext';
import type { Baseline, WindowResult } from '../contracts/scored';
import type { Vital } from '../contracts/scoringSource';
import type { FlagRules } from './flagRules';
import type { PatientState } from './patientState';

/** What a site may choose; JSON, the same for every compute. Defaults and sources: `defaultKernelSettings`. */
export interface KernelSettings {
  readonly windowSeconds: number;
  readonly latenessSeconds: number;
  /** Length of a slot. */
  readonly sampleSeconds: number;
  /** For how long a charted value may be carried forward, and where the last band was low-medium or above. */
  readonly carrySeconds: number;
  readonly carrySecondsAtRisk: number;
  /** Whether patients with a spinal cord injury are scored with a caution, or not at all. */
  readonly spinalCordInjury: 'caution' | 'optOut';
  readonly flagRules: FlagRules;
  /** Whether windows are compared with the patient's baseline. */
  readonly baselines: boolean;
}

/** Slots of one window of many patients, unsorted, one row a slot: what comes out of `max_by` in Spark, or of `Slots`. */
export interface SlotColumns {
  /** Index into the request's patients. */
  readonly patient: Int32Array;
  /** Index into `vitals`. */
  readonly vital: Uint8Array;
  /** Milliseconds since 1970. */
  readonly time: Float64Array;
  readonly value: Float64Array;
  /** 0 continuous signal of a device, 1 taken by a device now and then, 2 charted. */
  readonly source: Uint8Array;
  /** Samples whose place it took; `mostSuperseded` means so many or more. */
  readonly superseded: Uint8Array;
}

/** Distinct samples that a slot can tell apart, its own one included. */
export const mostSamples = 16;
export const mostSuperseded = mostSamples - 1;

/** One patient in a window, beside the slots. */
export interface PatientWindow {
  readonly patient: string;
  /** After the window before; null for a patient who is new or forgotten. */
  readonly state: PatientState | null;
  /** What became known since then, in any order; those of later windows are left for these. */
  readonly presence: readonly PatientPresence[];
  /** Of the newest measurement in the window by (time, key), rejected ones too; null without one: the state's counts. */
  readonly context: PatientContext | null;
  readonly rejected: readonly { readonly vital: Vital; readonly reason: RejectionReason; readonly count: number }[];
  readonly baseline: Baseline | null;
}

export interface WindowRequest {
  readonly start: number;
  readonly settings: KernelSettings;
  /** Version that the patients' baselines are of; null: there is none, for the reason given. */
  readonly baselineVersion: string | null;
  readonly baselineReason?: string;
  readonly patients: readonly PatientWindow[];
}

export interface PatientStep {
  /** Null where no window is due: neither present nor measured. */
  readonly result: WindowResult | null;
  /** Null when the patient may be forgotten. */
  readonly state: PatientState | null;
}

/** `step` for all patients of a window, in the order of the request. */
export type StepWindow = (request: WindowRequest, slots: SlotColumns) => readonly PatientStep[];
