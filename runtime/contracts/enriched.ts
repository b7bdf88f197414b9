import type { ClockMark } from './clockMark';
import type { PatientContext } from './patientContext';
import type { Vital } from './scoringSource';

/**
 * The messages of the event hub `enriched` (step 8): JSON, keyed by patient, told apart by `kind` in the body, since readers
 * over Kafka and from captured files have no application properties to go by. Clock marks carry the application property
 * `iomt-kind` as well. All times are whole milliseconds since 1970 in UTC.
 */
export type EnrichedMessage = EnrichedMeasurement | PatientPresence | EnrichedClockMark;

/** Why a sample is counted and not scored. */
export type RejectionReason =
  /** Outside what a reading can be. */
  | 'implausible'
  /** No number, or no code that scoring knows. */
  | 'unreadable'
  /** The device says that its signal is too poor. */
  | 'signalQuality'
  /** A charted value that was taken back. */
  | 'enteredInError';

/** One value for the slot of one vital. */
export interface VitalSample {
  readonly vital: Vital;
  /**
   * To three decimals, half up. Units: /min, %, mm[Hg], Cel. Consciousness: 0 Alert, 1 Confusion, 2 Voice, 3 Pain,
   * 4 Unresponsive, 5 not alert, unspecified. Supplemental oxygen: 0 air, 1 oxygen. Null only for `unreadable` and
   * `enteredInError`.
   */
  readonly value: number | null;
  /** 0 is preferred to 1 where two sources measure one vital. */
  readonly priority: number;
  /** Taken now and then, so that it may be carried forward, as charted values may. */
  readonly spot?: true;
  /** Left out when the sample is good. */
  readonly rejected?: RejectionReason;
}

/** A measurement of a known patient, merged with what scoring must know of the patient (step 7). */
export interface EnrichedMeasurement {
  readonly kind: 'measurement';
  /** Id of the FHIR Patient. */
  readonly patient: string;
  /** When it was measured. */
  readonly time: number;
  /** When the first hub of the path took it. */
  readonly arrival: number;
  /** It arrived after its window was due to close: it is repaired, never part of a window's first scoring. */
  readonly late: boolean;
  /**
   * 28 lower-case hexadecimal digits: 12 of when the record last changed (milliseconds; 0 for devices, whose readings
   * never change), and 16 of a hash of the natural key. The same measurement has the same key, whatever happens to it.
   */
  readonly key: string;
  /** `charted` was written by the health record or by hand, and may be carried forward. */
  readonly source: 'device' | 'charted';
  /** The measurement's type, or the charted resource's. */
  readonly type: string;
  readonly samples: readonly VitalSample[];
  readonly context: PatientContext;
}

/**
 * That a patient is, or is not any more, under observation: an assignment of a device, an encounter, a death. A patient is
 * present while at least one of `resource` has started and not ended, and no death is known. Windows are due for those
 * present, with or without data.
 */
export interface PatientPresence {
  readonly kind: 'presence';
  readonly patient: string;
  readonly event: 'start' | 'end';
  readonly basis: 'assignment' | 'encounter' | 'death';
  /** The FHIR resource, as `Encounter/abc`; a death ends everything, whatever started it. */
  readonly resource: string;
  /** From when it counts; never in a window that was due to close when it arrived. */
  readonly time: number;
  /** As of a measurement; later ones about the same resource and event win. */
  readonly key: string;
}

/**
 * How far one source of `enriched` has been handed on, in every partition after the data. Sources are the partitions of
 * `normalizeddata` and of `fhirevents`, or the search for charted values in place of the latter.
 */
export interface EnrichedClockMark extends ClockMark {
  readonly kind: 'clockMark';
}

/** Longest time that a reading may be ahead of its arrival: a device's clock that is wrong, before it can move time. */
export const mostAheadMs = 120_000;
