import type { EnrichedMeasurement, RejectionReason, VitalSample } from '../contracts/enriched';
import { type Vital, vitals } from '../contracts/scoringSource';
import { type KernelSettings, mostSamples, type PatientWindow, type SlotColumns } from './kernelTypes';
import { SlotRows, type SlotSample } from './slotRows';

/** What a window knows of a patient beside the slots. */
export type Measured = Pick<PatientWindow, 'context' | 'rejected'>;

const reasons: readonly RejectionReason[] = ['implausible', 'unreadable', 'signalQuality', 'enteredInError'];
const vitalIndex = new Map(vitals.map((vital, index) => [vital, index]));
const nothing: Measured = { context: null, rejected: [] };

type NewestContext = Pick<EnrichedMeasurement, 'time' | 'key' | 'context'>;

interface OpenPatient {
  newest: NewestContext | null;
  /** By vital: row by number of the slot. */
  readonly slots: (Map<number, number> | undefined)[];
  /** By vital and reason: keys of the samples that were rejected. */
  readonly rejected: Map<number, Set<string>>;
}

/**
 * One window of many patients, while measurements arrive: one slot for each patient, vital and `sampleSeconds`, taken by the
 * sample of the lowest priority number, then the greatest time, then the greatest key (then the greatest value, when one
 * measurement has two). What it holds depends neither on the order in which measurements come nor on how often.
 *
 * Bounded by the number of slots: of a slot's other samples only up to `mostSamples` distinct ones are told apart, and of
 * rejected ones, per patient, vital and reason, as many as all slots together could tell apart; counts stop there.
 */
export class Slots {
  private readonly byPatient = new Map<string, OpenPatient>();
  private readonly rows = new SlotRows();
  private readonly length: number;
  private readonly slotLength: number;
  private readonly mostRejected: number;

  /** @param start of the window, milliseconds since 1970 */
  constructor(
    readonly start: number,
    { windowSeconds, sampleSeconds }: Pick<KernelSettings, 'windowSeconds' | 'sampleSeconds'>,
  ) {
    this.length = windowSeconds * 1000;
    this.slotLength = sampleSeconds * 1000;
    this.mostRejected = (windowSeconds / sampleSeconds) * mostSamples;
  }

  /** Patients with a measurement in the window. */
  get patients(): readonly string[] {
    return [...this.byPatient.keys()];
  }

  /**
   * @returns whether the window is another one with it: a slot, a count, or the newest context
   * @throws RangeError when it was not measured in this window
   */
  add(measurement: EnrichedMeasurement): boolean {
    const { patient, time, key, samples, source } = measurement;
    if (time < this.start || time >= this.start + this.length)
      throw new RangeError(`A measurement of another window was added to the one that starts at ${this.start}.`);
    const open = this.open(patient);
    let changed = takeContext(open, measurement);
    for (const sample of samples) {
      const vital = vitalIndex.get(sample.vital);
      if (vital === undefined) continue;
      const reason = rejectionReason(sample);
      const value = reason === null ? sample.value : null;
      const kind = source === 'charted' ? 2 : sample.spot ? 1 : 0;
      const isNew =
        reason === null || reason === 'enteredInError'
          ? this.take(open, { vital, time, key, value, priority: sample.priority, source: kind })
          : this.reject(open, vital, reason, key);
      changed ||= isNew;
    }
    return changed;
  }

  /** What the kernel is told of a patient beside the slots. */
  measured(patient: string): Measured {
    const open = this.byPatient.get(patient);
    if (open === undefined) return nothing;
    return { context: open.newest?.context ?? null, rejected: this.rejectedOf(open) };
  }

  /** The slots of these patients, whose place in the list is their index; of others they are left out. */
  columns(patients: readonly string[] = this.patients): SlotColumns {
    const rows = patients.flatMap((patient, index) => {
      const slots = this.byPatient.get(patient)?.slots ?? [];
      return slots.map((bySlot) => ({ index, bySlot }));
    });
    const count = rows.reduce((sum, { bySlot }) => sum + (bySlot?.size ?? 0), 0);
    const columns = this.rows.columns(count);
    for (const { index, bySlot } of rows) for (const row of bySlot?.values() ?? []) columns.add(index, row);
    return columns.done();
  }

  private open(patient: string): OpenPatient {
    let open = this.byPatient.get(patient);
    if (open === undefined) {
      open = { newest: null, slots: Array(vitals.length).fill(undefined), rejected: new Map() };
      this.byPatient.set(patient, open);
    }
    return open;
  }

  private take(open: OpenPatient, sample: SlotSample): boolean {
    const slot = Math.floor(sample.time / this.slotLength);
    const rows = open.slots[sample.vital] ?? new Map<number, number>();
    open.slots[sample.vital] = rows;
    const row = rows.get(slot);
    if (row !== undefined) return this.rows.merge(row, sample);
    rows.set(slot, this.rows.push(sample));
    return true;
  }

  private reject(open: OpenPatient, vital: number, reason: RejectionReason, key: string): boolean {
    const which = vital * reasons.length + reasons.indexOf(reason);
    const keys = open.rejected.get(which);
    if (keys === undefined) open.rejected.set(which, new Set([key]));
    else if (keys.has(key) || keys.size >= this.mostRejected) return false;
    else keys.add(key);
    return true;
  }

  private rejectedOf({ slots, rejected }: OpenPatient): Measured['rejected'] {
    const counts: { vital: Vital; reason: RejectionReason; count: number }[] = [];
    vitals.forEach((vital, index) => {
      reasons.forEach((reason, at) => {
        let count = rejected.get(index * reasons.length + at)?.size ?? 0;
        if (reason === 'enteredInError')
          for (const row of slots[index]?.values() ?? []) if (this.rows.isEmpty(row)) count++;
        if (count > 0) counts.push({ vital, reason, count });
      });
    });
    return counts;
  }
}

/**
 * The newest by (time, key). A measurement that was sent twice may bring two contexts, where the record changed in between: the
 * one whose text is greater is taken, so that the order of arrival does not matter.
 */
function takeContext(open: OpenPatient, { time, key, context }: EnrichedMeasurement): boolean {
  const { newest } = open;
  if (newest !== null && !isNewer({ time, key, context }, newest)) return false;
  open.newest = { time, key, context };
  return true;
}

function isNewer(one: NewestContext, other: NewestContext): boolean {
  if (one.time !== other.time) return one.time > other.time;
  if (one.key !== other.key) return one.key > other.key;
  return JSON.stringify(one.context) > JSON.stringify(other.context);
}

function rejectionReason({ value, rejected }: VitalSample): RejectionReason | null {
  return rejected ?? (value === null ? 'unreadable' : null);
}
