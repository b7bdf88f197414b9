import { vitals } from '../contracts/scoringSource';
import { mostSuperseded, type SlotColumns } from './kernelTypes';
import { medianOf, sortByTime } from './shortRuns';

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

/** Slots, (patient, vital) by (patient, vital). */
interface Grouped {
  /** Where each group starts; one more for the end. */
  readonly from: Int32Array;
  /**
   * Pairs, side by side since they are used together: 4 x milliseconds since the window's start + source, and the value. So the
   * source travels with the time, and changes nothing about its order.
   */
  readonly pairs: Float64Array;
}

const timeUnits = 4;

/** Memory for the pairs, used again: as large as the largest window so far. */
let scratch = new Float64Array(0);

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
  const grouped = group(columns, start, windowMilliseconds, statistics);
  for (let index = 0; index < groups; index++) {
    const from = grouped.from[index] as number;
    const to = grouped.from[index + 1] as number;
    if (from < to) describe(grouped.pairs, index, from, to, windowMilliseconds, statistics);
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

/** A counting sort by group; what needs no order is counted on the way. */
function group(columns: SlotColumns, start: number, length: number, into: WindowStatistics): Grouped {
  const { patient, vital, time, value, source } = columns;
  countRows(columns, into);
  const { count } = into;
  const groups = count.length;
  const from = new Int32Array(groups + 1);
  for (let index = 0; index < groups; index++) from[index + 1] = (from[index] as number) + (count[index] as number);
  const next = from.slice(0, groups);
  const rows = patient.length;
  if (scratch.length < 2 * rows) scratch = new Float64Array(3 * rows);
  const pairs = scratch;
  for (let row = 0; row < rows; row++) {
    const index = (patient[row] as number) * vitals.length + (vital[row] as number);
    const offset = (time[row] as number) - start;
    if (!(offset >= 0 && offset < length)) throw new RangeError('A slot is of another window than the request.');
    const place = next[index] as number;
    next[index] = place + 1;
    pairs[2 * place] = timeUnits * offset + (source[row] as number);
    pairs[2 * place + 1] = value[row] as number;
  }
  return { from, pairs };
}

function countRows({ patient, vital, superseded }: SlotColumns, into: WindowStatistics): void {
  const { count, superseded: sum, supersededAtLeast: atLeast } = into;
  const rows = patient.length;
  for (let row = 0; row < rows; row++) {
    const index = (patient[row] as number) * vitals.length + (vital[row] as number);
    if (!(index >= 0 && index < count.length) || (vital[row] as number) >= vitals.length)
      throw new RangeError('A slot names a patient or a vital that the request does not have.');
    count[index] = (count[index] as number) + 1;
    const others = superseded[row] as number;
    if (others > 0) {
      sum[index] = (sum[index] as number) + others;
      if (others >= mostSuperseded) atLeast[index] = 1;
    }
  }
}

/** Comparisons and `| 0` where Math has functions: some builds of V8 call those out of line, for ten times the time. */
function describe(
  pairs: Float64Array,
  index: number,
  from: number,
  to: number,
  length: number,
  into: WindowStatistics,
): void {
  sortByTime(pairs, from, to, timeUnits * length);
  let min = pairs[2 * from + 1] as number;
  let max = min;
  const newest = pairs[2 * to - 2] as number;
  let gap = 0;
  let sumX = 0;
  let sumY = 0;
  let before = 0;
  for (let at = 2 * from; at < 2 * to; at += 2) {
    const x = ((pairs[at] as number) / timeUnits) | 0;
    const y = pairs[at + 1] as number;
    if (y < min) min = y;
    if (y > max) max = y;
    if (x - before > gap) gap = x - before;
    before = x;
    const minutes = x / 60_000;
    pairs[at] = minutes;
    sumX += minutes;
    sumY += y;
  }
  const count = to - from;
  into.last[index] = pairs[2 * to - 1] as number;
  into.lastOffset[index] = before;
  into.lastSource[index] = newest - timeUnits * before;
  into.min[index] = min;
  into.max[index] = max;
  if (length - before > gap) gap = length - before;
  into.longestGap[index] = gap;
  if (count > 1) into.slope[index] = slope(pairs, from, to, sumX / count, sumY / count);
  into.median[index] = medianOf(pairs, from, to, min, max);
}

/** Of pairs that hold minutes in the place of times. */
function slope(pairs: Float64Array, from: number, to: number, meanX: number, meanY: number): number {
  let products = 0;
  let squares = 0;
  for (let at = 2 * from; at < 2 * to; at += 2) {
    const x = (pairs[at] as number) - meanX;
    products += x * ((pairs[at + 1] as number) - meanY);
    squares += x * x;
  }
  return squares === 0 ? Number.NaN : products / squares;
}
