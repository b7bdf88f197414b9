import { vitals } from '../contracts/scoringSource';
import { mostSuperseded, type SlotColumns } from './kernelTypes';
import { medianOf, sortByTime } from './smallSorts';

/** Rows in columns, one for each (patient, vital): row `patient * vitals.length + vital`. Without a sample: count 0, NaN. */
export interface WindowStatistics {
  readonly count: Int32Array;
  readonly superseded: Int32Array;
  /** 1: more samples were superseded than could be told. */
  readonly supersededAtLeast: Uint8Array;
  readonly median: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly last: Float64Array;
  /** Milliseconds since the start of the window. */
  readonly lastOffset: Int32Array;
  readonly lastSource: Uint8Array;
  /** A minute, least squares; NaN with fewer than two samples. */
  readonly slope: Float64Array;
  /** Milliseconds. */
  readonly longestGap: Int32Array;
}

/** Slots, (patient, vital) by (patient, vital), each in the order of time. */
interface Grouped {
  /** Where each group starts; one more for the end. */
  readonly from: Int32Array;
  readonly offset: Int32Array;
  readonly value: Float64Array;
}

/**
 * Statistics of all patients' vitals in one window, from slots in any order. Whatever order they come in, sums are made in
 * the order of time, so that the bits are the same.
 *
 * @param patients how many there are: one more than the greatest index
 * @throws RangeError when a slot lies outside the window or names a patient or vital that there is not
 */
export function windowStatistics(
  columns: SlotColumns,
  patients: number,
  start: number,
  windowMilliseconds: number,
): WindowStatistics {
  const groups = patients * vitals.length;
  const statistics = emptyStatistics(groups, windowMilliseconds);
  const grouped = group(columns, groups, start, windowMilliseconds, statistics);
  for (let index = 0; index < groups; index++) {
    const from = grouped.from[index] as number;
    const to = grouped.from[index + 1] as number;
    if (from < to) describe(grouped, index, from, to, windowMilliseconds, statistics);
  }
  return statistics;
}

function emptyStatistics(groups: number, windowMilliseconds: number): WindowStatistics {
  return {
    count: new Int32Array(groups),
    superseded: new Int32Array(groups),
    supersededAtLeast: new Uint8Array(groups),
    median: new Float64Array(groups).fill(Number.NaN),
    min: new Float64Array(groups).fill(Number.NaN),
    max: new Float64Array(groups).fill(Number.NaN),
    last: new Float64Array(groups).fill(Number.NaN),
    lastOffset: new Int32Array(groups),
    lastSource: new Uint8Array(groups),
    slope: new Float64Array(groups).fill(Number.NaN),
    longestGap: new Int32Array(groups).fill(windowMilliseconds),
  };
}

/** A counting sort by group; what needs no order is gathered on the way. */
function group(columns: SlotColumns, groups: number, start: number, length: number, into: WindowStatistics): Grouped {
  const { patient, vital, time, value, source, superseded } = columns;
  const { count, superseded: sum, supersededAtLeast: atLeast, lastOffset, lastSource } = into;
  const rows = patient.length;
  const kinds = vitals.length;
  for (let row = 0; row < rows; row++) {
    const index = (patient[row] as number) * kinds + (vital[row] as number);
    if (!(index < groups) || (vital[row] as number) >= kinds)
      throw new RangeError('A slot names a patient or a vital that the request does not have.');
    count[index] = (count[index] as number) + 1;
    const others = superseded[row] as number;
    if (others > 0) {
      sum[index] = (sum[index] as number) + others;
      if (others >= mostSuperseded) atLeast[index] = 1;
    }
  }
  const from = new Int32Array(groups + 1);
  for (let index = 0; index < groups; index++) from[index + 1] = (from[index] as number) + (count[index] as number);
  const next = from.slice(0, groups);
  const offsets = new Int32Array(rows);
  const values = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const index = (patient[row] as number) * kinds + (vital[row] as number);
    const offset = (time[row] as number) - start;
    if (!(offset >= 0 && offset < length)) throw new RangeError('A slot is of another window than the request.');
    const at = next[index] as number;
    next[index] = at + 1;
    offsets[at] = offset;
    values[at] = value[row] as number;
    if (offset >= (lastOffset[index] as number)) {
      lastOffset[index] = offset;
      lastSource[index] = source[row] as number;
    }
  }
  return { from, offset: offsets, value: values };
}

function describe(
  grouped: Grouped,
  index: number,
  from: number,
  to: number,
  length: number,
  into: WindowStatistics,
): void {
  const { offset, value } = grouped;
  sortByTime(offset, value, from, to);
  let min = value[from] as number;
  let max = min;
  let gap = offset[from] as number;
  let sumX = 0;
  let sumY = 0;
  let before = 0;
  for (let at = from; at < to; at++) {
    const x = offset[at] as number;
    const y = value[at] as number;
    if (y < min) min = y;
    if (y > max) max = y;
    if (x - before > gap) gap = x - before;
    before = x;
    sumX += x / 60_000;
    sumY += y;
  }
  into.last[index] = value[to - 1] as number;
  into.min[index] = min;
  into.max[index] = max;
  into.longestGap[index] = length - before > gap ? length - before : gap;
  if (to - from > 1) into.slope[index] = slope(offset, value, from, to, sumX / (to - from), sumY / (to - from));
  into.median[index] = medianOf(value, from, to);
}

function slope(
  offset: Int32Array,
  value: Float64Array,
  from: number,
  to: number,
  meanX: number,
  meanY: number,
): number {
  let products = 0;
  let squares = 0;
  for (let at = from; at < to; at++) {
    const x = (offset[at] as number) / 60_000 - meanX;
    products += x * ((value[at] as number) - meanY);
    squares += x * x;
  }
  return squares === 0 ? Number.NaN : products / squares;
}
