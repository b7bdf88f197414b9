import type { PatientPresence } from '../contracts/enriched';
import type { Baseline } from '../contracts/scored';
import type { KernelSettings, StepWindow } from '../scoring/kernelTypes';
import type { PatientState } from '../scoring/patientState';
import type { Slots } from '../scoring/slots';
import type { BaselineVersion, ScoredEntry } from './windowFile';

/** A baseline version with the patients' baselines in it. */
export interface KnownBaseline extends BaselineVersion {
  readonly patients: Readonly<Record<string, Baseline>>;
}

/** Gives the version in effect for a window, or says why there is none. */
export type BaselineFor = (windowStart: number) => Promise<KnownBaseline>;

/** What the kernel is given of a patient besides measurements. */
export interface StepInput {
  readonly patient: string;
  readonly state: PatientState | null;
  readonly presence: readonly PatientPresence[];
}

export interface Stepper {
  readonly settings: KernelSettings;
  readonly step: StepWindow;
}

/** Steps one window of some patients. Entries that would say nothing at all are left out. */
export function stepPatients(
  { settings, step }: Stepper,
  slots: Slots,
  inputs: readonly StepInput[],
  baseline: KnownBaseline,
): readonly ScoredEntry[] {
  const patients = inputs.map(({ patient, state, presence }) => ({
    ...{ patient, state, presence, ...slots.measured(patient) },
    baseline: Object.hasOwn(baseline.patients, patient) ? (baseline.patients[patient] ?? null) : null,
  }));
  const request = {
    ...{ start: slots.start, settings, baselineVersion: baseline.version, patients },
    ...(baseline.reason === undefined ? {} : { baselineReason: baseline.reason }),
  };
  const steps = step(request, slots.columns(inputs.map(({ patient }) => patient)));
  return inputs.map(({ patient, presence }, index) => ({
    ...{ patient, presence, result: steps[index]?.result ?? null, stateAfter: steps[index]?.state ?? null },
  }));
}

/** Patients that a window may be about: known before, measured in it, or become known by then. In one order. */
export function patientsOf(
  states: Readonly<Record<string, PatientState>>,
  slots: Slots,
  presence: ReadonlyMap<string, readonly PatientPresence[]>,
): readonly StepInput[] {
  const ids = new Set([...Object.keys(states), ...slots.patients, ...presence.keys()]);
  return [...ids].sort().map((patient) => ({
    ...{ patient, presence: presence.get(patient) ?? [] },
    state: Object.hasOwn(states, patient) ? (states[patient] ?? null) : null,
  }));
}
