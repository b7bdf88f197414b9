import type { EnrichedMeasurement } from '../contracts/enriched';
import type { ScoredWindow } from '../contracts/scored';
import { stableJson } from '../scoring/content';
import { windowStartOf } from '../scoring/kernelSettings';
import type { PatientState } from '../scoring/patientState';
import { Slots } from '../scoring/slots';
import { hold } from '../stream/hold';
import type { StepLog } from '../stream/stepLog';
import { notePending } from './closing';
import type { JsonBlob, JsonBlobs } from './jsonBlobs';
import type { RepairEntry } from './openPartition';
import { blobNames, type PartitionState } from './partitionState';
import { predict } from './predictions';
import type { RepairTools } from './repair';
import { own, revise, type ScoredEntry, type WindowEntry, type WindowFile } from './windowFile';
import { type KnownBaseline, stepPatients } from './windowStep';

/** The windows of one read: files as they lie, and the rows of the patients concerned. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly files: ReadonlyMap<number, JsonBlob<WindowFile>>;
  readonly rows: ReadonlyMap<number, readonly EnrichedMeasurement[]>;
}

type States = Map<string, PatientState | null>;

/**
 * The repair of some patients of a partition: the windows that rows came late for, and from each on those after it, while the
 * patient's state after the window is another than before; to the state of the partition itself where it goes so far.
 *
 * An hour's files are read from the newest to the oldest, then the lake; each is written only as long as it is as it was
 * read. So a second instance of the repair that is behind cannot put older content in the place of newer.
 */
export class Cascade {
  revised = 0;
  /** Rows that are not in the lake. */
  missing = 0;
  private readonly windowMs: number;
  private readonly dueAt = new Map<number, Set<string>>();
  private closedUntil = Number.NEGATIVE_INFINITY;

  /** @param names of the repairs; what they touch is marked with the first */
  constructor(
    private readonly partition: string,
    private readonly names: readonly string[],
    private readonly entries: readonly RepairEntry[],
    private readonly blobs: JsonBlobs,
    private readonly tools: RepairTools,
    private readonly log: StepLog,
  ) {
    this.windowMs = tools.settings.windowSeconds * 1000;
    for (const { patient, start } of entries) this.dueAt.set(start, (this.dueAt.get(start) ?? new Set()).add(patient));
  }

  async run(): Promise<void> {
    let states: States = new Map();
    let start = Math.min(...this.dueAt.keys());
    await this.readClosedUntil();
    for (;;) {
      if (states.size === 0) start = this.nextDue(start);
      // Where all is repaired up to the last closed window, the partition's own state is left.
      if (start >= this.closedUntil) {
        if (states.size === 0 || (await this.saveStates(states))) return;
        continue;
      }
      const length = Math.max(1, Math.floor(3_600_000 / this.windowMs)) * this.windowMs;
      const end = Math.min(start + length, this.closedUntil);
      const after = await this.repairSpan(await this.read(start, end, states.keys()), new Set(states.keys()));
      if (this.missing > 0) return;
      if (after === undefined) continue;
      states = after;
      start = end;
    }
  }

  private nextDue(from: number): number {
    return Math.min(...[...this.dueAt.keys()].filter((start) => start >= from));
  }

  private async readClosedUntil(): Promise<JsonBlob<PartitionState> | undefined> {
    const state = await this.blobs.read<PartitionState>(blobNames.partition(this.partition));
    this.closedUntil = state?.content.closedUntil ?? Number.NEGATIVE_INFINITY;
    return state;
  }

  private async read(start: number, end: number, cascading: Iterable<string>): Promise<Span> {
    const files = new Map<number, JsonBlob<WindowFile>>();
    for (let one = end - this.windowMs; one >= start - this.windowMs; one -= this.windowMs) {
      const file = await this.blobs.read<WindowFile>(blobNames.window(this.partition, one));
      if (file !== undefined) files.set(one, file);
    }
    const patients = new Set(cascading);
    for (const [one, due] of this.dueAt)
      if (one >= start && one < end) for (const patient of due) patients.add(patient);
    const found = await hold('repair', this.log, () =>
      this.tools.bronze.read([this.partition], { from: start, to: end, patients }),
    );
    const rows = new Map<number, EnrichedMeasurement[]>();
    for (const row of found.measurements) {
      const start = windowStartOf(row.time, this.tools.settings);
      const sameWindow = rows.get(start);
      if (sameWindow === undefined) rows.set(start, [row]);
      else sameWindow.push(row);
    }
    return { start, end, files, rows };
  }

  /** @returns states after the span of those for whom it goes on; undefined when a file is not as it was read */
  private async repairSpan(span: Span, cascading: ReadonlySet<string>): Promise<States | undefined> {
    let states: States = new Map();
    let going = cascading;
    for (let start = span.start; start < span.end; start += this.windowMs) {
      const patients = [...new Set([...going, ...(this.dueAt.get(start) ?? [])])].sort();
      this.missing += this.missingRows(start, span);
      if (this.missing > 0) return undefined;
      const after = await this.repairWindow(span, start, patients, states);
      if (after === undefined) return undefined;
      states = after;
      going = new Set(after.keys());
    }
    return states;
  }

  private missingRows(start: number, { rows }: Span): number {
    const found = new Set((rows.get(start) ?? []).map(({ patient, key }) => `${key}/${patient}`));
    return this.entries.filter((entry) => entry.start === start && !found.has(`${entry.key}/${entry.patient}`)).length;
  }

  /** @param before states after the window before, where they were just computed; else they are in its file */
  private async repairWindow(
    span: Span,
    start: number,
    patients: readonly string[],
    before: States,
  ): Promise<States | undefined> {
    if (patients.length === 0) return new Map();
    const stored = span.files.get(start);
    const earlier = span.files.get(start - this.windowMs)?.content.patients;
    const slots = new Slots(start, this.tools.settings);
    for (const row of span.rows.get(start) ?? []) slots.add(row);
    const inputs = patients.map((patient) => ({
      patient,
      state: before.has(patient) ? (before.get(patient) ?? null) : (own(earlier, patient)?.stateAfter ?? null),
      presence: own(stored?.content.patients, patient)?.presence ?? [],
    }));
    const baseline = await this.baselineOf(start, stored?.content);
    const scored = stepPatients(this.tools, slots, inputs, baseline);
    const { file, windows, after } = await this.revisions(start, stored?.content, scored, baseline);
    if (file !== undefined && !(await this.keep(start, file, stored?.etag))) return undefined;
    await notePending(this.partition, start, windows, this.blobs);
    await this.tools.scored.send(windows, this.log);
    this.revised += windows.length;
    return after;
  }

  private async revisions(
    start: number,
    stored: WindowFile | undefined,
    scored: readonly ScoredEntry[],
    { version, reason }: KnownBaseline,
  ): Promise<{ file: WindowFile | undefined; windows: readonly ScoredWindow[]; after: States }> {
    const [cause = ''] = this.names;
    const of = (patient: string) => own(stored?.patients, patient);
    const isNew = (one: ScoredEntry) => revise(of(one.patient), one, cause, null).isNewContent;
    const asked = scored.filter(isNew).flatMap(({ result }) => result ?? []);
    const predictions = await predict(this.tools.model, asked, this.log);
    const changed: Record<string, WindowEntry> = {};
    const windows: ScoredWindow[] = [];
    const after: States = new Map();
    for (const one of scored) {
      const before = of(one.patient);
      const prediction = (one.result && predictions.get(one.result)) ?? null;
      const { entry, isChanged, isNewContent } = revise(before, one, cause, prediction);
      // Of a run that died: what it wrote may not have been sent, and what comes after it not been done.
      const isOurs = before !== undefined && this.names.includes(before.cause);
      const isSameState = stableJson(before?.stateAfter ?? null) === stableJson(one.stateAfter);
      const isNothing = before === undefined && one.result === null && one.stateAfter === null;
      if (isChanged && !isNothing) changed[one.patient] = entry;
      if ((isNewContent || isOurs) && entry.result !== null) windows.push(entry.result);
      if (!isSameState || isOurs) after.set(one.patient, one.stateAfter);
    }
    const baseline = reason === undefined ? { version } : { version, reason };
    const file =
      Object.keys(changed).length === 0
        ? undefined
        : { version: 1 as const, start, baseline, patients: { ...stored?.patients, ...changed } };
    return { file, windows, after };
  }

  private async keep(start: number, file: WindowFile, etag: string | undefined): Promise<boolean> {
    const name = blobNames.window(this.partition, start);
    const kept = etag === undefined ? await this.blobs.create(name, file) : await this.blobs.replace(name, file, etag);
    return kept !== undefined;
  }

  /** What the window was first compared with, so that a baseline that has come since makes no revision. */
  private async baselineOf(start: number, stored: WindowFile | undefined): Promise<KnownBaseline> {
    if (stored?.baseline.version === null) return { ...stored.baseline, patients: {} };
    return hold('repair', this.log, () => this.tools.baselineFor(start));
  }

  /** @returns false when more windows have been closed, or somebody else has changed the state */
  private async saveStates(states: States): Promise<boolean> {
    const before = this.closedUntil;
    const state = await this.readClosedUntil();
    if (state === undefined || this.closedUntil !== before) return state === undefined;
    const patients = { ...state.content.patients };
    for (const [patient, after] of states) {
      if (after === null) delete patients[patient];
      else patients[patient] = after;
    }
    if (stableJson(patients) === stableJson(state.content.patients)) return true;
    const name = blobNames.partition(this.partition);
    return (await this.blobs.replace(name, { ...state.content, patients }, state.etag)) !== undefined;
  }
}
