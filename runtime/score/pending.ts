import type { ScoredWindow } from '../contracts/scored';
import type { StepLog } from '../stream/stepLog';
import { heldBlobs } from './heldBlobs';
import type { JsonBlobs, ListedBlob } from './jsonBlobs';
import { blobNames } from './partitionState';
import { type Model, predictionOf } from './predictions';
import type { ScoredHub } from './scoredHub';
import { predicted, type WindowEntry, type WindowFile } from './windowFile';

export interface PendingTools {
  readonly blobs: JsonBlobs;
  readonly scored: ScoredHub;
  /** With a budget of its own: nobody waits for it here. */
  readonly model: Model | undefined;
}

/** The blob `pending/<partition>/<start>.json`: a window in which the model has not answered for somebody. */
interface PendingWindow {
  readonly partition: string;
  readonly start: number;
}

const mostWindows = 1000;

/**
 * Asks the model for windows that went out without its answer, oldest first, as long as it is available; the next tick goes on.
 * A window that it cannot answer does not stand in the way of others. What is answered is the next revision of the window, and no correction: its data are the same.
 */
export async function answerPending({ blobs: store, scored, model }: PendingTools, log: StepLog): Promise<void> {
  const blobs = heldBlobs(store, 'pending', log);
  const listed = await blobs.list('pending/', mostWindows);
  if (listed.length === 0) return;
  const oldest = Math.max(...listed.map(({ ageSeconds }) => ageSeconds));
  let answered = 0;
  for (const blob of byWindow(listed)) {
    if (model === undefined || !model.isAvailable) break;
    if (await answerWindow(blob, blobs, scored, model, log)) answered += 1;
  }
  log.info(`iomt.pending windows=${listed.length} oldestSeconds=${Math.round(oldest)} answered=${answered}`);
}

function byWindow(blobs: readonly ListedBlob[]): readonly ListedBlob[] {
  const time = ({ name }: ListedBlob) => name.slice(name.lastIndexOf('/'));
  return [...blobs].sort((a, b) => (time(a) < time(b) ? -1 : 1));
}

/** @returns whether nothing of the window waits any more */
async function answerWindow(
  blob: ListedBlob,
  blobs: JsonBlobs,
  scored: ScoredHub,
  model: Model,
  log: StepLog,
): Promise<boolean> {
  const pending = await blobs.read<PendingWindow>(blob.name);
  if (pending === undefined) return false;
  const name = blobNames.window(pending.content.partition, pending.content.start);
  for (;;) {
    const file = await blobs.read<WindowFile>(name);
    if (file === undefined) return false;
    const { patients, isWhole } = await answers(file.content, model, log);
    if (patients === file.content.patients && !isWhole) return false;
    const isKept =
      patients === file.content.patients ||
      (await blobs.replace(name, { ...file.content, patients }, file.etag)) !== undefined;
    if (!isKept) continue;
    await scored.send(answeredLate(patients), log);
    // Something may have been added meanwhile; then it stays for the next tick.
    if (isWhole) await blobs.remove(blob.name, blob.etag);
    return isWhole;
  }
}

async function answers(
  { patients }: WindowFile,
  model: Model,
  log: StepLog,
): Promise<{ patients: Readonly<Record<string, WindowEntry>>; isWhole: boolean }> {
  const waiting = Object.entries(patients).filter(([, { result }]) => result?.prediction?.state === 'pending');
  const windows = waiting.map(([, { result }]) => result as ScoredWindow);
  const found = windows.length === 0 ? [] : await model.ask(windows, log);
  const answered = waiting.flatMap(([patient, entry], index) => {
    const values = found[index];
    if (values === undefined) return [];
    const result = predicted(windows[index] as ScoredWindow, predictionOf(model, values));
    return [[patient, { ...entry, result, answeredLate: true as const }] as const];
  });
  const isWhole = answered.length === waiting.length;
  return { patients: answered.length === 0 ? patients : { ...patients, ...Object.fromEntries(answered) }, isWhole };
}

/** All that were: which of them an instance before this one has sent before it died is not known. */
function answeredLate(patients: Readonly<Record<string, WindowEntry>>): ScoredWindow[] {
  return Object.values(patients).flatMap(({ result, answeredLate }) => (answeredLate ? (result ?? []) : []));
}
