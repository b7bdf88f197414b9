import type { EnrichedMeasurement } from '../contracts/enriched';
import type { ScoredWindow, WindowResult } from '../contracts/scored';
import type { BaselineStore } from '../lake/baselineStore';
import type { BronzeReader } from '../lake/bronzeReader';
import type { CapturedHub } from '../lake/capturedHub';
import { markedThrough } from '../lake/capturedMarks';
import { ScoredReader } from '../lake/scoredReader';
import type { JsonBlob, JsonBlobs } from '../score/jsonBlobs';
import type { KernelSettings } from '../scoring/kernelTypes';
import { Slots } from '../scoring/slots';
import { stepWindowWith } from '../scoring/stepWindow';
import type { StepLog } from '../stream/stepLog';
import { causeOf } from '../stream/transient';
import { longSettings } from './longViewInputs';
import { changedOf, type LongWindowEntry, type LongWindowFile, revised, withoutDecisions } from './longWindowFile';

export interface LongWindowTools {
  readonly settings: KernelSettings;
  /** Lengths of the long windows in seconds. */
  readonly lengths: readonly number[];
  readonly scored: CapturedHub;
  readonly scoredPartitions: readonly string[];
  readonly enriched: CapturedHub;
  readonly enrichedPartitions: readonly string[];
  readonly bronze: Pick<BronzeReader, 'rows'>;
  readonly baselines: Pick<BaselineStore, 'baselineFor'>;
  /** Where it is kept what was sent; the container `baselines`. */
  readonly kept: Pick<JsonBlobs, 'read' | 'create' | 'replace'>;
  readonly hub: { send(windows: readonly ScoredWindow[], log: StepLog): Promise<void> };
}

/**
 * Windows of a length that are looked at: the last that is complete and the one before it. What comes later than that does not
 * change a long window any more.
 */
export const windowsLookedAt = 2;

/** Patients whose slots are held in memory at a time: a day at 1,440 slots and 8 vitals takes about 2 MB each. */
const patientsAPass = 200;

interface LongWindow {
  readonly start: number;
  readonly end: number;
}

const stepAlone = stepWindowWith(null);

/**
 * Step 9: scores each patient's long windows, tumbling by their own length from 1970 on (a day begins at midnight UTC), from
 * the captured `enriched` and sends them to `scored` with their horizon.
 *
 * A long window is due when the clock marks say that all short windows in it are captured, and all measurements they were made
 * of. It is scored for who was measured in it, with the kernel, by itself: without a state, so that nothing is carried into it, and
 * without a flag or data gap, about which short windows decide. A patient whose short windows have got new revisions since
 * is scored again; another content is sent as a further revision, `corrected`.
 *
 * What is to be sent is kept in the lake first, with If-Match, and marked as sent afterwards: who dies in between sends the
 * same again. What fails is left to the next tick.
 */
export class LongWindows {
  constructor(private readonly tools: LongWindowTools) {}

  async tick(log: StepLog): Promise<void> {
    try {
      const through = await this.through();
      if (through === undefined) return log.info('iomt.long-windows state=incomplete');
      for (const seconds of this.tools.lengths) await this.scoreLength(seconds, through, log);
    } catch (error) {
      log.warn(`iomt.held step=long-windows cause=${causeOf(error)}`);
      throw error;
    }
  }

  /** Until when short windows and what they were made of are captured. */
  private async through(): Promise<number | undefined> {
    const { scored, scoredPartitions, enriched, enrichedPartitions, settings } = this.tools;
    const windows = await markedThrough(scored, scoredPartitions);
    const arrived = await markedThrough(enriched, enrichedPartitions);
    if (windows === undefined || arrived === undefined) return undefined;
    // Revisions must not be known before what they come from: they would be taken as dealt with.
    return arrived - settings.latenessSeconds * 1000 >= windows ? windows : undefined;
  }

  private async scoreLength(seconds: number, through: number, log: StepLog): Promise<void> {
    const length = seconds * 1000;
    const last = Math.floor(through / length);
    const windows = Array.from({ length: windowsLookedAt }, (_, back) => (last - windowsLookedAt + back) * length).map(
      (start) => ({ start, end: start + length }),
    );
    const bases = await this.basesOf(windows);
    for (const [index, window] of windows.entries()) {
      const basis = bases[index];
      if (basis !== undefined && basis.size > 0) await this.scoreWindow(seconds, window, basis, log);
    }
  }

  /** By window and patient: the sum of the last revisions of its short windows. */
  private async basesOf(windows: readonly LongWindow[]): Promise<readonly ReadonlyMap<string, number>[]> {
    const { scored, scoredPartitions, settings } = this.tools;
    const lengthMs = settings.windowSeconds * 1000;
    const [from, to] = [windows[0]?.start ?? 0, windows.at(-1)?.end ?? 0];
    const revisions = windows.map(() => new Map<string, Map<number, number>>());
    for await (const some of new ScoredReader(scored).windows(scoredPartitions, { from, to, lengthMs })) {
      for (const { patient, start, end, revision } of some) {
        const at = windows.findIndex((window) => start >= window.start && end <= window.end);
        const byPatient = revisions[at];
        if (byPatient === undefined) continue;
        const byStart = byPatient.get(patient) ?? new Map<number, number>();
        byPatient.set(patient, byStart.set(start, Math.max(revision, byStart.get(start) ?? 0)));
      }
    }
    return revisions.map(
      (byPatient) => new Map([...byPatient].map(([patient, byStart]) => [patient, sum(byStart.values())])),
    );
  }

  private async scoreWindow(
    seconds: number,
    window: LongWindow,
    bases: ReadonlyMap<string, number>,
    log: StepLog,
  ): Promise<void> {
    const name = `longWindows/${seconds}/${new Date(window.start).toISOString().replaceAll(':', '-')}.json`;
    const before = await this.keptBefore(name, log);
    const known = before?.content.patients ?? {};
    const todo = [...bases].filter(([patient, basis]) => known[patient]?.basis !== basis).map(([patient]) => patient);
    if (todo.length === 0) return;
    const entries = await this.entriesOf(seconds, window, todo.sort(), { bases, known });
    const file: LongWindowFile = { version: 1, sent: false, patients: { ...known, ...entries } };
    const { kept } = this.tools;
    const etag = before ? await kept.replace(name, file, before.etag) : await kept.create(name, file);
    // Another one of us is at it.
    if (etag === undefined) return;
    await this.send(name, { content: file, etag }, changedOf(entries, known), log);
  }

  /** What is kept of a window. What an earlier one kept and did not get to send, or may not have, is sent first. */
  private async keptBefore(name: string, log: StepLog): Promise<JsonBlob<LongWindowFile> | undefined> {
    const before = await this.tools.kept.read<LongWindowFile>(name);
    if (before === undefined || before.content.sent) return before;
    await this.send(name, before, before.content.patients, log);
    return this.tools.kept.read<LongWindowFile>(name);
  }

  private async send(
    name: string,
    { content, etag }: JsonBlob<LongWindowFile>,
    due: LongWindowFile['patients'],
    log: StepLog,
  ): Promise<void> {
    const results = Object.values(due).flatMap(({ result }) => result ?? []);
    await this.tools.hub.send(results, log);
    await this.tools.kept.replace(name, { ...content, sent: true }, etag);
    log.info(`iomt.long-windows state=sent windows=${results.length}`);
  }

  private async entriesOf(
    seconds: number,
    window: LongWindow,
    patients: readonly string[],
    { bases, known }: { bases: ReadonlyMap<string, number>; known: LongWindowFile['patients'] },
  ): Promise<Record<string, LongWindowEntry>> {
    const entries: Record<string, LongWindowEntry> = {};
    for (let at = 0; at < patients.length; at += patientsAPass) {
      const pass = patients.slice(at, at + patientsAPass);
      const results = await this.resultsOf(seconds, window, pass);
      for (const [index, patient] of pass.entries()) {
        const result = revised(results[index] ?? null, known[patient]?.result ?? null);
        entries[patient] = { basis: bases.get(patient) ?? 0, result };
      }
    }
    return entries;
  }

  /** What the kernel makes of these patients' window, in their order. */
  private async resultsOf(
    seconds: number,
    { start, end }: LongWindow,
    patients: readonly string[],
  ): Promise<readonly (WindowResult | null)[]> {
    const { bronze, enrichedPartitions, baselines } = this.tools;
    const settings = longSettings(this.tools.settings, seconds);
    const slots = new Slots(start, settings);
    const query = { from: start, to: end, patients: new Set(patients) };
    for await (const rows of bronze.rows(enrichedPartitions, query)) {
      for (const row of rows) if (isMeasurement(row)) slots.add(row);
    }
    const inEffect = await baselines.baselineFor(start);
    const steps = stepAlone(
      {
        start,
        settings,
        baselineVersion: inEffect.version,
        ...(inEffect.reason === undefined ? {} : { baselineReason: inEffect.reason }),
        patients: patients.map((patient) => ({
          patient,
          state: null,
          presence: [],
          ...slots.measured(patient),
          baseline: Object.hasOwn(inEffect.patients, patient) ? (inEffect.patients[patient] ?? null) : null,
        })),
      },
      slots.columns(patients),
    );
    return steps.map(({ result }) => (result === null ? null : withoutDecisions(result)));
  }
}

function isMeasurement(row: { readonly kind: string }): row is EnrichedMeasurement {
  return row.kind === 'measurement';
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
