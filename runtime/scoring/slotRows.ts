import { mostSamples, type SlotColumns } from './kernelTypes';

/** A sample that wants a slot; value null takes the slot and leaves it empty. */
export interface SlotSample {
  readonly vital: number;
  readonly time: number;
  readonly key: string;
  readonly value: number | null;
  readonly priority: number;
  readonly source: number;
}

/** The slots of a window, a row each, in columns: a ward has millions of them, too many for an object each. */
export class SlotRows {
  private size = 0;
  private vital = new Uint8Array(64);
  private source = new Uint8Array(64);
  private priority = new Float64Array(64);
  private time = new Float64Array(64);
  /** NaN: null. */
  private value = new Float64Array(64);
  private readonly key: string[] = [];
  /** Distinct good samples: up to two of them stand here by their key's tail, more in `tails`. */
  private distinct = new Uint8Array(64);
  private tail = new Uint32Array(64);
  private readonly tails = new Map<number, Set<number>>();

  push(sample: SlotSample): number {
    if (this.size === this.vital.length) this.grow();
    const row = this.size++;
    this.vital[row] = sample.vital;
    this.take(row, sample);
    this.countDistinct(row, sample);
    return row;
  }

  /** @returns whether the slot is another one with it */
  merge(row: number, sample: SlotSample): boolean {
    const counted = this.countDistinct(row, sample);
    if (!this.isBeatenBy(row, sample)) return counted;
    this.take(row, sample);
    return true;
  }

  isEmpty(row: number): boolean {
    return Number.isNaN(this.value[row]);
  }

  /** Copies rows that hold a value into columns for the kernel. */
  columns(most: number): { add(patient: number, row: number): void; done(): SlotColumns } {
    const columns = {
      patient: new Int32Array(most),
      vital: new Uint8Array(most),
      time: new Float64Array(most),
      value: new Float64Array(most),
      source: new Uint8Array(most),
      superseded: new Uint8Array(most),
    };
    let size = 0;
    return {
      add: (patient, row) => {
        if (this.isEmpty(row)) return;
        columns.patient[size] = patient;
        columns.vital[size] = this.vital[row] as number;
        columns.time[size] = this.time[row] as number;
        columns.value[size] = this.value[row] as number;
        columns.source[size] = this.source[row] as number;
        columns.superseded[size++] = (this.distinct[row] as number) - 1;
      },
      done: () => ({
        patient: columns.patient.subarray(0, size),
        vital: columns.vital.subarray(0, size),
        time: columns.time.subarray(0, size),
        value: columns.value.subarray(0, size),
        source: columns.source.subarray(0, size),
        superseded: columns.superseded.subarray(0, size),
      }),
    };
  }

  private take(row: number, { time, key, value, priority, source }: SlotSample): void {
    this.time[row] = time;
    this.key[row] = key;
    this.value[row] = value ?? Number.NaN;
    this.priority[row] = priority;
    this.source[row] = source;
  }

  private isBeatenBy(row: number, { priority, time, key, value }: SlotSample): boolean {
    if (priority !== this.priority[row]) return priority < (this.priority[row] as number);
    if (time !== this.time[row]) return time > (this.time[row] as number);
    const held = this.key[row] as string;
    if (key !== held) return key > held;
    if (this.isEmpty(row)) return false;
    return value === null || value > (this.value[row] as number);
  }

  /** Counts good samples by the tail of their key, up to `mostSamples`. */
  private countDistinct(row: number, { key, value }: SlotSample): boolean {
    const distinct = this.distinct[row] as number;
    if (value === null || distinct === mostSamples) return false;
    const tail = Number.parseInt(key.slice(-8), 16);
    if (distinct === 0) this.tail[row] = tail;
    else if (this.tail[row] === tail) return false;
    else {
      const others = this.tails.get(row);
      if (others?.has(tail)) return false;
      if (others === undefined) this.tails.set(row, new Set([tail]));
      else others.add(tail);
    }
    this.distinct[row] = distinct + 1;
    if (distinct + 1 === mostSamples) this.tails.delete(row);
    return true;
  }

  private grow(): void {
    const size = this.size * 2;
    const copy = <A extends Uint8Array | Uint32Array | Float64Array>(grown: A, old: A): A => {
      grown.set(old);
      return grown;
    };
    this.vital = copy(new Uint8Array(size), this.vital);
    this.source = copy(new Uint8Array(size), this.source);
    this.priority = copy(new Float64Array(size), this.priority);
    this.time = copy(new Float64Array(size), this.time);
    this.value = copy(new Float64Array(size), this.value);
    this.distinct = copy(new Uint8Array(size), this.distinct);
    this.tail = copy(new Uint32Array(size), this.tail);
  }
}
