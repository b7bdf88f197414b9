import type { Prediction, ScoredWindow, WindowResult } from '../contracts/scored';
import { stableJson } from '../scoring/content';
import { anyFault, hold } from '../stream/hold';
import type { StepLog } from '../stream/stepLog';
import type { JsonBlobs } from './jsonBlobs';
import type { DueWindow, OpenPartition } from './openPartition';
import { blobNames } from './partitionState';
import { type Model, predict } from './predictions';
import type { ScoredHub } from './scoredHub';
import { own, revise, type WindowEntry, type WindowFile } from './windowFile';
import { type BaselineFor, type KnownBaseline, patientsOf, type Stepper, stepPatients } from './windowStep';

/** What closing windows needs. */
export interface ClosingTools extends Stepper {
  readonly scored: ScoredHub;
  readonly baselineFor: BaselineFor;
  readonly model: Model | undefined;
  /** How many partitions `enriched` has. */
  readonly sources: () => Promise<number>;
}

/** An open partition, and the ETag of its saved state, which says whether it is still ours. */
export interface OwnedPartition {
  readonly id: string;
  readonly open: OpenPartition;
  etag: string;
}

/** Somebody else has saved the partition's state: an instance that took the partition over, or a repair. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
}

/**
 * Closes a window: scores it, keeps what is published of it, sends it, then its mark, then moves the partition's state on. A
 * process may die between any two of these: whoever comes next scores the same from the same events, finds the kept file,
 * sends the same revisions again and goes on.
 *
 * @throws Superseded where the partition is not ours any more
 */
export async function closeWindow(
  owned: OwnedPartition,
  due: DueWindow,
  blobs: JsonBlobs,
  tools: ClosingTools,
  log: StepLog,
): Promise<void> {
  const { id, open } = owned;
  await assertOwned(owned, blobs);
  await noteRepairs(owned, blobs);
  const { scored, sources } = tools;
  const { windows, patients } = await publish(owned, due, blobs, tools, log);
  await notePending(id, due.start, windows, blobs);
  await scored.send(windows, log);
  const count = await hold('score', log, sources, anyFault);
  await scored.sendMark(`enriched/${id}`, count, due.end, log);
  await saveState(owned, open.stateAfter(due.start, patients), blobs);
  log.info(`iomt.windows partition=${id} start=${new Date(due.start).toISOString()} count=${windows.length}`);
}

/** Keeps rows that must be repaired; the batch that they came in ends only after that. */
export async function noteRepairs({ id, open }: OwnedPartition, blobs: JsonBlobs): Promise<void> {
  const entries = open.repairsToNote;
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) return;
  await blobs.write(blobNames.repair(id, first.sequence, last.sequence), { version: 1, entries });
  open.noted();
}

interface Published {
  readonly windows: readonly ScoredWindow[];
  readonly patients: ReturnType<typeof statesOf>;
}

async function publish(
  owned: OwnedPartition,
  due: DueWindow,
  blobs: JsonBlobs,
  { step, baselineFor, model }: ClosingTools,
  log: StepLog,
): Promise<Published> {
  const inputs = patientsOf(due.patients, due.slots, due.presence);
  if (inputs.length === 0) return { windows: [], patients: {} };
  const name = blobNames.window(owned.id, due.start);
  const known = () => hold('score', log, () => baselineFor(due.start));
  const baseline = await known();
  const score = (given: KnownBaseline) => stepPatients({ settings: due.settings, step }, due.slots, inputs, given);
  let entries = score(baseline);
  let predictions = await predict(model, resultsOf(entries), log);
  const file = fileOf(due.start, baseline, undefined, entries, predictions);
  if ((await blobs.create(name, file)) !== undefined) return { windows: windowsOf(file), patients: statesOf(file) };
  // Somebody published it before, perhaps from a state that has been repaired since, and may not have sent it.
  for (;;) {
    const stored = await blobs.read<WindowFile>(name);
    // After the file was read: nobody else can have closed and repaired the window by then.
    await assertOwned(owned, blobs);
    if (stored !== undefined && !isSame(stored.content.baseline, baselineOf(baseline))) {
      const { version, reason } = stored.content.baseline;
      entries = score(version === null ? { version, reason, patients: {} } : await known());
      predictions = await predict(model, resultsOf(entries), log);
    }
    const next = fileOf(due.start, stored?.content.baseline ?? baseline, stored?.content, entries, predictions);
    const isKept =
      stored === undefined
        ? (await blobs.create(name, next)) !== undefined
        : isSame(stored.content, next) || (await blobs.replace(name, next, stored.etag)) !== undefined;
    if (isKept) return { windows: windowsOf(next), patients: statesOf(next) };
  }
}

type Entries = ReturnType<typeof stepPatients>;
type Predictions = ReadonlyMap<WindowResult, Prediction | null>;

/**
 * Notes that the model has not answered for some of these windows. Only once they are published, so that the note is not
 * taken away for want of them; and before what published them is done, so that it is made up for after a death in between.
 */
export async function notePending(
  partition: string,
  start: number,
  windows: readonly ScoredWindow[],
  blobs: JsonBlobs,
): Promise<void> {
  const isPending = windows.some(({ prediction }) => prediction?.state === 'pending');
  if (isPending) await blobs.write(blobNames.pending(partition, start), { version: 1, partition, start });
}

function fileOf(
  start: number,
  baseline: WindowFile['baseline'],
  stored: WindowFile | undefined,
  entries: Entries,
  predictions: Predictions,
): WindowFile {
  const patients: Record<string, WindowEntry> = { ...stored?.patients };
  for (const entry of entries) {
    const { patient, result, stateAfter, presence } = entry;
    if (result === null && stateAfter === null && presence.length === 0) continue;
    const prediction = (result && predictions.get(result)) ?? null;
    patients[patient] = revise(own(stored?.patients, patient), entry, 'close', prediction).entry;
  }
  return { version: 1, start, baseline: baselineOf(baseline), patients };
}

function baselineOf({ version, reason }: WindowFile['baseline']): WindowFile['baseline'] {
  return reason === undefined ? { version } : { version, reason };
}

function resultsOf(entries: Entries): WindowResult[] {
  return entries.flatMap(({ result }) => result ?? []);
}

function windowsOf({ patients }: WindowFile): ScoredWindow[] {
  return Object.values(patients).flatMap(({ result }) => result ?? []);
}

function statesOf({ patients }: WindowFile) {
  return Object.fromEntries(
    Object.entries(patients).flatMap(([patient, { stateAfter }]) =>
      stateAfter === null ? [] : [[patient, stateAfter]],
    ),
  );
}

async function assertOwned({ id, etag }: OwnedPartition, blobs: JsonBlobs): Promise<void> {
  if ((await blobs.etagOf(blobNames.partition(id))) !== etag) throw new Superseded();
}

async function saveState(
  owned: OwnedPartition,
  next: ReturnType<OpenPartition['stateAfter']>,
  blobs: JsonBlobs,
): Promise<void> {
  const name = blobNames.partition(owned.id);
  let etag = await blobs.replace(name, next, owned.etag);
  if (etag === undefined) {
    // An answer that was lost: the state is ours all the same.
    const found = await blobs.read(name);
    if (found === undefined || !isSame(found.content, next)) throw new Superseded();
    etag = found.etag;
  }
  owned.etag = etag;
  owned.open.moveTo(next);
}

function isSame(one: unknown, other: unknown): boolean {
  return stableJson(one) === stableJson(other);
}
