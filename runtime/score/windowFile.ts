import type { PatientPresence } from '../contracts/enriched';
import type { Prediction, ScoredWindow, WindowResult } from '../contracts/scored';
import { sameContent, stableJson } from '../scoring/content';
import type { PatientState } from '../scoring/patientState';

/** Which baseline the windows of one file are compared with, the first time and whenever they are scored again. */
export interface BaselineVersion {
  readonly version: string | null;
  readonly reason?: string;
}

/** What is kept of one patient's window. */
export interface WindowEntry {
  /** What was published last; null where no window was due, and only the state is passed on. */
  readonly result: ScoredWindow | null;
  readonly stateAfter: PatientState | null;
  /** What the kernel was given besides measurements and the state before. */
  readonly presence: readonly PatientPresence[];
  /** `close`, or the name of the repair that wrote it last. */
  readonly cause: string;
  /** The model's answer came after the window was published. */
  readonly answeredLate?: true;
}

/** The blob `windows/<partition>/<start>.json`: one window of all patients of a partition, as it was published last. */
export interface WindowFile {
  readonly version: 1;
  readonly start: number;
  readonly baseline: BaselineVersion;
  readonly patients: Readonly<Record<string, WindowEntry>>;
}

/** A window of a patient as the kernel scored it now. */
export interface ScoredEntry {
  readonly patient: string;
  readonly result: WindowResult | null;
  readonly stateAfter: PatientState | null;
  readonly presence: readonly PatientPresence[];
}

export interface Revised {
  readonly entry: WindowEntry;
  readonly isChanged: boolean;
  /** What the kernel says is another thing than before, so that its prediction must be asked for again. */
  readonly isNewContent: boolean;
}

/**
 * What becomes of a patient's entry. Content that equals the stored one, revision and prediction apart, leaves the revision;
 * other content is the next revision, and a correction unless it is the first.
 *
 * @param prediction of the new content; the stored one stays where the content does
 */
export function revise(
  stored: WindowEntry | undefined,
  { result, stateAfter, presence }: ScoredEntry,
  cause: string,
  prediction: Prediction | null,
): Revised {
  const before = stored?.result ?? null;
  const isSame = isSameContent(before, result);
  const next = isSame || result === null ? before : nextRevision(before, result, prediction);
  const isStored = stored !== undefined && isSame && stableJson(stored.stateAfter) === stableJson(stateAfter);
  const entry = { result: next, stateAfter, presence, cause };
  return { entry: isStored ? stored : entry, isChanged: !isStored, isNewContent: !isSame && result !== null };
}

function nextRevision(before: ScoredWindow | null, result: WindowResult, prediction: Prediction | null): ScoredWindow {
  const revision = (before?.revision ?? 0) + 1;
  return { kind: 'window', ...result, prediction: prediction ?? result.prediction, revision, corrected: revision > 1 };
}

/** The stored window with what the model says of it: the next revision, of the same data. */
export function predicted(window: ScoredWindow, prediction: Prediction): ScoredWindow {
  return { ...window, prediction, revision: window.revision + 1 };
}

/** A model outside of the kernel is asked for its prediction apart; one that is bundled in is part of what the kernel says. */
function isSameContent(stored: ScoredWindow | null, result: WindowResult | null): boolean {
  if (stored === null || result === null) return stored === result;
  return sameContent(result.prediction === null ? { ...stored, prediction: null } : stored, result);
}

/** A member of its own: a patient's id may be `constructor`. */
export function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
