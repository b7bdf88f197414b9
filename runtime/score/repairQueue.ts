import type { JsonBlobs } from './jsonBlobs';
import type { RepairEntry } from './openPartition';
import { blobNames } from './partitionState';

/** A blob `repairs/<partition>/<first>-<last>.json` that is due. */
export interface DueRepair {
  readonly name: string;
  readonly etag: string;
  readonly entries: readonly RepairEntry[];
}

export interface RepairQueue {
  readonly due: readonly DueRepair[];
  /** How many lie there, due or not, and for how long the oldest has. */
  readonly waiting: number;
  readonly oldestSeconds: number;
}

const mostRepairs = 200;

/**
 * The repairs of a partition whose windows are all closed and whose rows all lie in the lake, oldest first. The others wait,
 * and with them those behind: what is repaired together has the name of its oldest.
 *
 * @param closedUntil of the partition, by its saved state
 */
export async function dueRepairs(
  partition: string,
  closedUntil: number,
  windowMs: number,
  blobs: JsonBlobs,
  capturedThrough: () => Promise<number>,
): Promise<RepairQueue> {
  const listed = await blobs.list(blobNames.repairs(partition), mostRepairs);
  if (listed.length === 0) return { due: [], waiting: 0, oldestSeconds: 0 };
  const captured = await capturedThrough();
  const due: DueRepair[] = [];
  for (const { name, etag } of listed) {
    const found = await blobs.read<{ readonly entries: readonly RepairEntry[] }>(name);
    if (found === undefined) continue;
    const { entries } = found.content;
    if (entries.some(({ start, sequence }) => start + windowMs > closedUntil || sequence > captured)) break;
    due.push({ name, etag, entries });
  }
  const oldestSeconds = Math.max(...listed.map(({ ageSeconds }) => ageSeconds));
  return { due, waiting: listed.length, oldestSeconds };
}
