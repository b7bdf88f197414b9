import type { PatientPresence } from '../contracts/enriched';
import type { PatientContext } from '../contracts/patientContext';
import type { Band, DataGapDecision, FlagDecision } from '../contracts/scored';
import type { Vital } from '../contracts/scoringSource';

/** What the kernel remembers of a patient between two windows: JSON, bounded, opaque to every compute. */
export interface PatientState {
  /** Of this shape; one that is not known is refused. */
  readonly version: 1;
  /** Start of the last window that was due. */
  readonly lastDue: number | null;
  /** The newest value of each vital that may be carried forward. */
  readonly carried: Readonly<Partial<Record<Vital, CarriedValue>>>;
  /** Of the last window that had one. */
  readonly context: PatientContext | null;
  readonly presence: PresenceState;
  /** By start, ascending: those of the last hour, and so many as the rules for lowering look at. */
  readonly windows: readonly RememberedWindow[];
  /** Of the latest window that had a NEWS2. */
  readonly band: Band | null;
  /** What stands. */
  readonly flag: Standing<NonNullable<FlagDecision['level']>> | null;
  readonly gap: { readonly vitals: DataGapDecision['vitals']; readonly since: number } | null;
}

export interface Standing<Level> {
  readonly level: Level;
  readonly since: number;
}

export interface CarriedValue {
  readonly used: number;
  readonly time: number;
  readonly source: 'device' | 'charted';
}

export interface PresenceState {
  /** By resource: what counts so far. */
  readonly resources: Readonly<Record<string, { readonly start?: KeyedTime; readonly end?: KeyedTime }>>;
  readonly deaths: Readonly<Record<string, KeyedTime>>;
  /** Events of windows to come. */
  readonly waiting: readonly PatientPresence[];
}

export interface KeyedTime {
  readonly time: number;
  readonly key: string;
}

/** What later windows ask about one that was due. */
export interface RememberedWindow {
  readonly start: number;
  /** Of the vitals that a sensor should send, those without a sample. */
  readonly without: readonly Vital[];
  /** Null where there was no NEWS2. */
  readonly score: RememberedScore | null;
}

export interface RememberedScore {
  /** The total, or the floor. */
  readonly value: number;
  readonly band: Band;
  /** Band of the worst that the unknown parts could make of it. */
  readonly worstBand: Band;
  /** By the order of `news2Parts`; null: unknown. */
  readonly parts: readonly (number | null)[];
}

export const newPatientState: PatientState = {
  version: 1,
  lastDue: null,
  carried: {},
  context: null,
  presence: { resources: {}, deaths: {}, waiting: [] },
  windows: [],
  band: null,
  flag: null,
  gap: null,
};

/** @throws Error when a state was written by a kernel that this one does not know. */
export function knownState(state: PatientState | null): PatientState {
  if (state === null) return newPatientState;
  if (state.version !== newPatientState.version)
    throw new Error(
      `A patient's state has version ${JSON.stringify(state.version)}; this kernel knows version ${newPatientState.version}.`,
    );
  return state;
}
