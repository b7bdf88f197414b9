import type { ClockMark } from './clockMark';
import type { RejectionReason } from './enriched';
import type { PatientContext } from './patientContext';
import type { Vital } from './scoringSource';

/**
 * The messages of the event hub `scored` (step 12): JSON, keyed by patient, told apart by `kind` in the body. All times are
 * whole milliseconds since 1970 in UTC. The same window sent twice has the same revision and the same content; readers ignore
 * a revision that is not newer than theirs.
 */
export type ScoredMessage = ScoredWindow | ScoredClockMark;

/** Until when all windows of one source have been sent, in every partition after them. */
export interface ScoredClockMark extends ClockMark {
  readonly kind: 'clockMark';
}

export type Band = 'low' | 'low-medium' | 'medium' | 'high';

/** The seven parts of NEWS2, in the order of its chart. */
export const news2Parts = ['resp', 'spo2', 'oxygen', 'sbp', 'pulse', 'consciousness', 'temp'] as const;
export type News2Part = (typeof news2Parts)[number];

/** A window of a patient, scored. What `step` of the kernel gives, and which revision of it this is. */
export interface ScoredWindow extends WindowResult {
  readonly kind: 'window';
  /** 1 is the first; each later one has another content. */
  readonly revision: number;
  /** Scored again, since data came late: it may raise a standing flag and not lower it. */
  readonly corrected: boolean;
}

/** What the kernel makes of a window: a pure function of the patient's state and the window's slots. */
export interface WindowResult {
  readonly patient: string;
  /** Inclusive, and exclusive. */
  readonly start: number;
  readonly end: number;
  /** Length of the window, ISO 8601: `PT5M`, and longer for those of the long view. */
  readonly horizon: string;
  readonly rules: { readonly name: 'NEWS2'; readonly version: string };
  readonly kernel: string;
  /** By vital; one without a sample and without a carried value is left out. */
  readonly vitals: Readonly<Partial<Record<Vital, VitalSummary>>>;
  /** Null where the score does not hold for the patient, with the reason in `applicability`. */
  readonly news2: News2Result | null;
  readonly applicability: Applicability;
  readonly trend: Trend | null;
  readonly flag: FlagDecision;
  /** Vitals that a sensor should send and that were missing for two windows in a row, and what to do about it. */
  readonly dataGap: DataGapDecision;
  /** That the patient's observation ended within this window, and goes on by nothing else; null while it goes on. */
  readonly monitoringEnd: MonitoringEnd | null;
  readonly context: PatientContext;
  readonly baseline: BaselineUse;
  /** What a model beside NEWS2 says; null without one. */
  readonly prediction: Prediction | null;
}

/** What one vital was in a window. Numbers other than `used` are not rounded. */
export interface VitalSummary {
  /** Slots that hold a value; the statistics are about these. */
  readonly count: number;
  /** Samples that another one of the same slot took the place of; `supersededAtLeast` when more than can be told. */
  readonly superseded: number;
  readonly supersededAtLeast?: true;
  readonly rejected?: Readonly<Partial<Record<RejectionReason, number>>>;
  /** The rest is null without a sample in the window. */
  readonly median: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly last: number | null;
  readonly lastTime: number | null;
  /** Least squares, a minute; null with fewer than two samples. */
  readonly slope: number | null;
  /** Longest time without a sample, the window's ends included, in seconds. */
  readonly longestGapSeconds: number;
  /** What the score was looked up with, rounded to the chart's precision; null when there is nothing. */
  readonly used: number | null;
  readonly source: 'device' | 'charted' | null;
  /** Set where `used` is from an earlier window: how old it was at this window's end. */
  readonly carriedSeconds?: number;
}

/** NEWS2 as published (RCP 2017). With a part unknown there is no total, and the band is at least that of the floor. */
export interface News2Result {
  readonly complete: boolean;
  readonly total: number | null;
  readonly parts: Readonly<Partial<Record<News2Part, number>>>;
  readonly missing: readonly News2Part[];
  /** Parts that cannot be scored because another one is missing. */
  readonly indeterminate?: readonly News2Part[];
  readonly floorTotal: number;
  readonly ceilingTotal: number;
  readonly band: Band;
  readonly scale: 1 | 2;
}

export interface Applicability {
  readonly applicable: boolean;
  /** Why not: `underSixteen`, `pregnant`, `spinalCordInjury` (by a site's choice). */
  readonly reasons: readonly string[];
  /** What to keep in mind with the score: `spinalCordInjury`, `limitsOfTreatment`, `ageUnknown`, `pregnancyUnknown`. */
  readonly cautions: readonly string[];
}

/** Beside the score, never part of it. Null members: not known. */
export interface Trend {
  /** Change of the total, or of the floor where one of both windows is incomplete, since the window before. */
  readonly totalChange: number | null;
  /** The same over the hour before. */
  readonly totalChangeHour: number | null;
  /** Difference of each vital's median from the patient's baseline. */
  readonly fromBaseline: Readonly<Partial<Record<Vital, number>>>;
}

export type FlagAction = 'none' | 'raise' | 'keep' | 'lower';

/** The decision about the patient's warning flag by the rule table; `level` is what stands after it. */
export interface FlagDecision {
  readonly action: FlagAction;
  /** Null: no flag. */
  readonly level: Exclude<Band, 'low'> | null;
  /** Start of the window that raised it. */
  readonly since: number | null;
  /** Name of the rule that decided. */
  readonly rule: string;
  /**
   * Whether the rules for lowering are met, from these windows alone: whoever holds a flag that an earlier revision raised
   * closes it with the first uncorrected window of which this is true.
   */
  readonly mayLower: boolean;
}

export interface DataGapDecision {
  readonly action: FlagAction;
  readonly vitals: readonly Vital[];
  readonly since: number | null;
}

/**
 * The last window of a stay says so: what stands for the patient ends then, as no longer monitored and not as improved. A death
 * goes before an end of the encounter, and that before a device that was taken off.
 */
export interface MonitoringEnd {
  readonly time: number;
  readonly basis: 'death' | 'encounter' | 'assignment';
}

/** Which baseline a window was compared with. */
export interface BaselineUse {
  /** `2026-01-06`: from windows up to the start of that day; null without one. */
  readonly version: string | null;
  /** Why there is none: `notReady`, `unknownPatient`, `off`. */
  readonly reason?: string;
}

export interface Prediction {
  readonly model: string;
  readonly version: string;
  readonly kind: 'module' | 'onnx' | 'endpoint';
  /** `pending`: the model has not answered yet; a later revision says what it did. */
  readonly state: 'done' | 'pending';
  /** Named numbers, as `{ risk: 0.12 }`; null while pending. */
  readonly values: Readonly<Record<string, number>> | null;
}

/** One patient's usual values: medians over the windows of days before. */
export interface Baseline {
  readonly medians: Readonly<Partial<Record<Vital, number>>>;
  /** How many windows it is from. */
  readonly windows: number;
}

/** The file `<version>.json` of the lake's container `baselines`; written once, never changed. */
export interface BaselineFile {
  readonly version: string;
  /** Windows that ended by then, milliseconds; the version's midnight. */
  readonly upTo: number;
  readonly patients: Readonly<Record<string, Baseline>>;
}

/**
 * From when windows are compared with a version: hours after its midnight. By then the job has written it, so that every
 * compute takes the same version for the same window.
 */
export const baselineEffectiveHours = 6;

/** Version in effect for a window, before it is known whether it exists. */
export function baselineVersionFor(windowStart: number): string {
  return new Date(windowStart - baselineEffectiveHours * 3_600_000).toISOString().slice(0, 10);
}
