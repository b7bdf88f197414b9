import type { ScoredWindow, WindowResult } from '../contracts/scored';
import { sameContent } from '../scoring/content';

/** What is kept of one long window: `longWindows/<seconds>/<start>.json`. Written before anything is sent. */
export interface LongWindowFile {
  readonly version: 1;
  /** Whether all of it has been sent. */
  readonly sent: boolean;
  readonly patients: Readonly<Record<string, LongWindowEntry>>;
}

export interface LongWindowEntry {
  /** Sum of the revisions of the patient's short windows in it: what has changed is scored again. */
  readonly basis: number;
  /** Null: nothing was measured. */
  readonly result: ScoredWindow | null;
}

/** Flags and gaps are decided from short windows in a row; a long one only says what was. */
export function withoutDecisions(result: WindowResult): WindowResult {
  return {
    ...result,
    flag: { action: 'none', level: null, since: null, rule: 'longWindow', mayLower: false },
    dataGap: { action: 'none', vitals: [], since: null },
  };
}

/** The window to publish: the one before while the content is the same. What was published is never taken back. */
export function revised(result: WindowResult | null, before: ScoredWindow | null): ScoredWindow | null {
  if (result === null || (before !== null && sameContent(result, before))) return before;
  const revision = (before?.revision ?? 0) + 1;
  return { kind: 'window', revision, corrected: before !== null, ...result };
}

export function changedOf(
  entries: Readonly<Record<string, LongWindowEntry>>,
  known: LongWindowFile['patients'],
): Readonly<Record<string, LongWindowEntry>> {
  const changed = Object.entries(entries).filter(
    ([patient, { result }]) => result?.revision !== known[patient]?.result?.revision,
  );
  return Object.fromEntries(changed);
}
