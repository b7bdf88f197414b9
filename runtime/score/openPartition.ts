import type { EnrichedMeasurement, PatientPresence } from '../contracts/enriched';
import { windowStartOf } from '../scoring/kernelSettings';
import type { KernelSettings } from '../scoring/kernelTypes';
import type { PatientState } from '../scoring/patientState';
import { Slots } from '../scoring/slots';
import type { EnrichedEvent } from './enrichedEvent';
import { marksPassed, type PartitionState } from './partitionState';

/** A row that comes after its window's first scoring. */
export interface RepairEntry {
  readonly patient: string;
  /** Start of its window. */
  readonly start: number;
  /** Where it lies in its partition, and its key: it must be found in the lake before the window is scored again. */
  readonly sequence: number;
  readonly key: string;
}

interface OpenWindow {
  readonly slots: Slots;
  readonly firstSequence: number;
}

/** What one window is scored from. */
export interface DueWindow {
  readonly start: number;
  readonly end: number;
  /** The kernel's, with the length of this window. */
  readonly settings: KernelSettings;
  readonly slots: Slots;
  /** Presence that counts in it, by patient; in one order, whatever order it came in. */
  readonly presence: ReadonlyMap<string, readonly PatientPresence[]>;
  readonly patients: Readonly<Record<string, PatientState>>;
}

/**
 * A partition of `enriched` between two closes: what its open windows hold, in memory. Where it stands is a function of the
 * saved state and of the events since `resumeFrom`, in their order; so two owners close the same windows with the same
 * content at the same events.
 */
export class OpenPartition {
  /** The last event that was taken in. */
  position: number;
  private readonly windows = new Map<number, OpenWindow>();
  private readonly marks: Record<string, number>;
  private sources: number;
  private waiting: Map<string, PatientPresence>;
  private repairs: RepairEntry[] = [];

  constructor(
    /** As it is saved. */
    public state: PartitionState,
    private readonly settings: KernelSettings,
  ) {
    this.position = state.resumeFrom - 1;
    this.marks = { ...state.marks };
    this.sources = state.sources;
    this.waiting = new Map(state.waiting.map((presence) => [JSON.stringify(presence), presence]));
  }

  /** Takes the next event; one that was taken already changes nothing. */
  take({ sequence, message }: EnrichedEvent): void {
    if (sequence <= this.position) return;
    this.position = sequence;
    // Up to the last close everything but open windows is in the state.
    const isNew = sequence > this.state.lastSequence;
    if (message?.kind === 'measurement') this.takeMeasurement(message, sequence, isNew);
    else if (isNew && message?.kind === 'presence') this.waiting.set(JSON.stringify(message), message);
    else if (isNew && message?.kind === 'clockMark') {
      this.marks[message.source] = Math.max(this.marks[message.source] ?? 0, Date.parse(message.time));
      this.sources = message.sources;
    }
  }

  private takeMeasurement(measurement: EnrichedMeasurement, sequence: number, isNew: boolean): void {
    const { patient, key, time, late } = measurement;
    const { closedUntil } = this.state;
    if (late || (closedUntil !== null && time < closedUntil)) {
      const start = windowStartOf(time, this.settings);
      if (isNew) this.repairs.push({ patient, start, sequence, key });
      return;
    }
    const start = Math.max(windowStartOf(time, this.settings), closedUntil ?? Number.NEGATIVE_INFINITY);
    let window = this.windows.get(start);
    if (window === undefined) {
      window = { slots: new Slots(start, this.settingsOf(start)), firstSequence: sequence };
      this.windows.set(start, window);
    }
    window.slots.add(measurement);
  }

  /** The next window whose time has come by the marks of all sources. */
  due(): DueWindow | undefined {
    const { latenessSeconds, windowSeconds } = this.settings;
    const passed = marksPassed({ marks: this.marks, sources: this.sources });
    if (passed === undefined) return undefined;
    const length = windowSeconds * 1000;
    const start = this.firstOpen(windowStartOf(passed - latenessSeconds * 1000, this.settings) - length);
    const end = this.endOf(start);
    if (end + latenessSeconds * 1000 > passed) return undefined;
    const settings = this.settingsOf(start);
    const slots = this.windows.get(start)?.slots ?? new Slots(start, settings);
    return { start, end, settings, slots, presence: this.presenceUntil(end), patients: this.state.patients };
  }

  /**
   * Where windows had another length before, the first one begins where the last of those ended, and is shorter where that is
   * no multiple of the length: nothing is scored twice or not at all.
   */
  private endOf(start: number): number {
    return windowStartOf(start, this.settings) + this.settings.windowSeconds * 1000;
  }

  private settingsOf(start: number): KernelSettings {
    return { ...this.settings, windowSeconds: (this.endOf(start) - start) / 1000 };
  }

  /** Windows of nobody are passed over, up to the last one that is due. */
  private firstOpen(lastDue: number): number {
    const { closedUntil, patients } = this.state;
    const isSomebodyKnown = closedUntil !== null && Object.keys(patients).length > 0;
    if (isSomebodyKnown) return closedUntil;
    const starts = [...this.windows.keys()];
    for (const { time } of this.waiting.values()) starts.push(windowStartOf(time, this.settings));
    const first = starts.reduce((least, start) => Math.min(least, start), lastDue);
    return Math.max(first, closedUntil ?? first);
  }

  private presenceUntil(end: number): ReadonlyMap<string, readonly PatientPresence[]> {
    const found = new Map<string, PatientPresence[]>();
    for (const text of [...this.waiting.keys()].sort()) {
      const presence = this.waiting.get(text) as PatientPresence;
      if (presence.time >= end) continue;
      found.set(presence.patient, [...(found.get(presence.patient) ?? []), presence]);
    }
    return found;
  }

  /** What the state is once that window is closed at this position. */
  stateAfter(start: number, patients: Readonly<Record<string, PatientState>>): PartitionState {
    const closedUntil = this.endOf(start);
    const open = [...this.windows].filter(([one]) => one >= closedUntil).map(([, { firstSequence }]) => firstSequence);
    return {
      ...{ version: 1, closedUntil, lastSequence: this.position },
      resumeFrom: open.reduce((least, sequence) => Math.min(least, sequence), this.position + 1),
      ...{ marks: { ...this.marks }, sources: this.sources, patients },
      waiting: [...this.waiting.values()].filter(({ time }) => time >= closedUntil),
    };
  }

  /** Goes on from a state that was saved: of a window that was closed here, or with patients that a repair changed. */
  moveTo(state: PartitionState): void {
    const closedUntil = state.closedUntil ?? Number.NEGATIVE_INFINITY;
    const isClosed = state.closedUntil !== this.state.closedUntil;
    this.state = state;
    // Without a close, presence that came since the last one still waits, also where it is of a window before.
    if (!isClosed) return;
    for (const start of [...this.windows.keys()]) if (start < closedUntil) this.windows.delete(start);
    for (const [text, { time }] of [...this.waiting]) if (time < closedUntil) this.waiting.delete(text);
  }

  /** Rows to repair since the last time that they were noted; until `noted` says so. */
  get repairsToNote(): readonly RepairEntry[] {
    return this.repairs;
  }

  noted(): void {
    this.repairs = [];
  }
}
