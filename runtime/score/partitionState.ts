import type { PatientPresence } from '../contracts/enriched';
import type { PatientState } from '../scoring/patientState';

/**
 * What is kept of one partition of `enriched`, as the blob `partitions/<partition>.json`: a function of the partition's
 * events up to `lastSequence`. Open windows are not in it; they are read again from the hub. Who writes it last with
 * If-Match is the partition's owner.
 */
export interface PartitionState {
  readonly version: 1;
  /** End of the last window that is closed; null before the first. */
  readonly closedUntil: number | null;
  /** From here on events must be read again, for what open windows hold. */
  readonly resumeFrom: number;
  /** Up to here everything else is in this state: marks, presence, repairs. */
  readonly lastSequence: number;
  /** By source, milliseconds. */
  readonly marks: Readonly<Record<string, number>>;
  /** How many sources there are, by the last mark; 0 before the first. */
  readonly sources: number;
  /** Presence of windows that are still open. */
  readonly waiting: readonly PatientPresence[];
  /** After the last closed window. */
  readonly patients: Readonly<Record<string, PatientState>>;
}

/** The state of a partition of which nothing is known, whose first event has that sequence number. */
export function firstState(sequence: number): PartitionState {
  return {
    ...{ version: 1, closedUntil: null, resumeFrom: sequence, lastSequence: sequence - 1 },
    ...{ marks: {}, sources: 0, waiting: [], patients: {} },
  };
}

/**
 * Up to when windows may close by these marks; undefined while a source has not been heard of. Where more sources are known
 * than there are (a hub was taken off the path), those that stand back furthest are gone.
 */
export function marksPassed({ marks, sources }: Pick<PartitionState, 'marks' | 'sources'>): number | undefined {
  const times = Object.values(marks).sort((a, b) => b - a);
  return sources === 0 ? undefined : times[sources - 1];
}

/** Names of the app's blobs; sequence numbers and times are written so that names sort as they do. */
export const blobNames = {
  partition: (partition: string) => `partitions/${partition}.json`,
  window: (partition: string, start: number) => `windows/${partition}/${compactTime(start)}.json`,
  repairs: (partition: string) => `repairs/${partition}/`,
  repair: (partition: string, first: number, last: number) =>
    `repairs/${partition}/${sequenceText(first)}-${sequenceText(last)}.json`,
  pendingOf: (partition: string) => `pending/${partition}/`,
  pending: (partition: string, start: number) => `pending/${partition}/${compactTime(start)}.json`,
} as const;

/** `20260105T120000Z`. */
function compactTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

function sequenceText(sequence: number): string {
  return String(sequence).padStart(20, '0');
}
