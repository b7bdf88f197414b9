import type { BronzeReader } from '../lake/bronzeReader';
import { hold } from '../stream/hold';
import type { StepLog } from '../stream/stepLog';
import { Cascade } from './cascade';
import { heldBlobs } from './heldBlobs';
import type { JsonBlobs } from './jsonBlobs';
import { blobNames, type PartitionState } from './partitionState';
import type { Model } from './predictions';
import { type DueRepair, dueRepairs } from './repairQueue';
import type { ScoredHub } from './scoredHub';
import type { BaselineFor, Stepper } from './windowStep';

export interface RepairTools extends Stepper {
  readonly blobs: JsonBlobs;
  readonly scored: ScoredHub;
  readonly bronze: Pick<BronzeReader, 'read' | 'capturedThrough'>;
  readonly baselineFor: BaselineFor;
  readonly model: Model | undefined;
  readonly partitions: () => Promise<readonly string[]>;
}

/** Patients whose rows are in memory together. */
const patientsTogether = 20;

/**
 * Scores windows again whose rows came after they were closed, from what the lake holds of them. Each repair ends with its
 * blob removed; one that dies is done again from its start, and what it had published it sends again.
 */
export async function repairWindows(tools: RepairTools, log: StepLog): Promise<void> {
  const blobs = heldBlobs(tools.blobs, 'repair', log);
  const totals = { waiting: 0, oldestSeconds: 0, done: 0, revised: 0 };
  for (const partition of await hold('repair', log, () => tools.partitions())) {
    const state = await blobs.read<PartitionState>(blobNames.partition(partition));
    const { closedUntil = null } = state?.content ?? {};
    if (closedUntil === null) continue;
    const captured = () => hold('repair', log, () => tools.bronze.capturedThrough(partition));
    const queue = await dueRepairs(partition, closedUntil, tools.settings.windowSeconds * 1000, blobs, captured);
    const revised = await repairPartition(partition, queue.due, blobs, tools, log);
    totals.revised += revised ?? 0;
    totals.done += revised === undefined ? 0 : queue.due.length;
    totals.waiting += queue.waiting - (revised === undefined ? 0 : queue.due.length);
    totals.oldestSeconds = Math.max(totals.oldestSeconds, Math.round(queue.oldestSeconds));
  }
  const { waiting, oldestSeconds, done, revised } = totals;
  if (waiting + done === 0) return;
  log.info(`iomt.repairs waiting=${waiting} oldestSeconds=${oldestSeconds} done=${done} revised=${revised}`);
}

/** @returns how many windows have a new revision; undefined where a row is not in the lake, and nothing is repaired */
async function repairPartition(
  partition: string,
  due: readonly DueRepair[],
  blobs: JsonBlobs,
  tools: RepairTools,
  log: StepLog,
): Promise<number | undefined> {
  const entries = due.flatMap((one) => one.entries);
  const patients = [...new Set(entries.map(({ patient }) => patient))].sort();
  const names = due.map(({ name }) => name);
  let revised = 0;
  for (let first = 0; first < patients.length; first += patientsTogether) {
    const group = new Set(patients.slice(first, first + patientsTogether));
    const rows = entries.filter(({ patient }) => group.has(patient));
    const cascade = new Cascade(partition, names, rows, blobs, tools, log);
    await cascade.run();
    revised += cascade.revised;
    if (cascade.missing > 0) {
      log.error(`iomt.repairs.missing partition=${partition} rows=${cascade.missing}`);
      return undefined;
    }
  }
  for (const { name, etag } of due) await blobs.remove(name, etag);
  return revised;
}
