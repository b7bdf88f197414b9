/**
 * Order within the many short runs of a window: a vital has a few values, or some hundreds. A call of a general sort for each
 * would cost more than the sorting. Longer runs are spread over as many buckets as there are values, which for readings
 * leaves next to nothing to sort.
 */

/** Up to here insertion is fastest. */
const short = 12;

/** Scratch memory; grows with the longest run. */
let counts = new Int32Array(1024);
let pairs = new Float64Array(2048);
let values = new Float64Array(1024);

function reserve(length: number): void {
  if (length < values.length) return;
  counts = new Int32Array(length * 2);
  pairs = new Float64Array(length * 4);
  values = new Float64Array(length * 2);
}

/** Sorts pairs (time, value) within [from, to) by time. Pair i stands at 2i and 2i + 1; times are below `limit`. */
export function sortByTime(run: Float64Array, from: number, to: number, limit: number): void {
  if (to - from > short && !isSorted(run, from, to)) spread(run, from, to, limit);
  insertPairs(run, from, to);
}

function isSorted(run: Float64Array, from: number, to: number): boolean {
  for (let at = 2 * from + 2; at < 2 * to; at += 2) if ((run[at - 2] as number) > (run[at] as number)) return false;
  return true;
}

/** Brings pairs into the order of their buckets, of equal width. */
function spread(run: Float64Array, from: number, to: number, limit: number): void {
  const length = to - from;
  reserve(length);
  const scale = length / limit;
  for (let at = 0; at <= length; at++) counts[at] = 0;
  for (let at = 2 * from; at < 2 * to; at += 2) {
    const bucket = ((run[at] as number) * scale) | 0;
    counts[bucket] = (counts[bucket] as number) + 1;
  }
  for (let bucket = 0, before = 0; bucket < length; bucket++) {
    const count = counts[bucket] as number;
    counts[bucket] = before;
    before += count;
  }
  for (let at = 2 * from; at < 2 * to; at += 2) {
    const bucket = ((run[at] as number) * scale) | 0;
    const place = counts[bucket] as number;
    counts[bucket] = place + 1;
    pairs[2 * place] = run[at] as number;
    pairs[2 * place + 1] = run[at + 1] as number;
  }
  for (let at = 0; at < 2 * length; at++) run[2 * from + at] = pairs[at] as number;
}

function insertPairs(run: Float64Array, from: number, to: number): void {
  const first = 2 * from;
  for (let at = first + 2; at < 2 * to; at += 2) {
    const time = run[at] as number;
    if ((run[at - 2] as number) <= time) continue;
    const value = run[at + 1] as number;
    let place = at - 2;
    while (place >= first && (run[place] as number) > time) {
      run[place + 2] = run[place] as number;
      run[place + 3] = run[place + 1] as number;
      place -= 2;
    }
    run[place + 2] = time;
    run[place + 3] = value;
  }
}

/** Median of the values of pairs within [from, to), whose least and greatest value are known: the mean of the two middle ones. */
export function medianOf(run: Float64Array, from: number, to: number, min: number, max: number): number {
  const length = to - from;
  if (min === max) return min;
  reserve(length);
  const upper = length >> 1;
  const lower = length % 2 === 1 ? upper : upper - 1;
  const before = length <= short ? gather(run, from, to) : gatherMiddle(run, from, to, min, max, lower, upper);
  const high = values[upper - before] as number;
  return lower === upper ? high : ((values[lower - before] as number) + high) / 2;
}

/** All values into scratch memory, sorted. */
function gather(run: Float64Array, from: number, to: number): number {
  for (let at = from; at < to; at++) values[at - from] = run[2 * at + 1] as number;
  insertValues(to - from);
  return 0;
}

/**
 * The values of the buckets that the ranks `lower` to `upper` are in, sorted.
 *
 * @returns how many values are less than these
 */
function gatherMiddle(
  run: Float64Array,
  from: number,
  to: number,
  min: number,
  max: number,
  lower: number,
  upper: number,
): number {
  const length = to - from;
  const scale = (length - 1) / (max - min);
  for (let at = 0; at <= length; at++) counts[at] = 0;
  for (let at = 2 * from + 1; at < 2 * to; at += 2) {
    const bucket = (((run[at] as number) - min) * scale) | 0;
    counts[bucket] = (counts[bucket] as number) + 1;
  }
  let first = 0;
  let before = 0;
  while (before + (counts[first] as number) <= lower) before += counts[first++] as number;
  let last = first;
  let through = before + (counts[first] as number);
  while (through <= upper) through += counts[++last] as number;
  let size = 0;
  for (let at = 2 * from + 1; at < 2 * to; at += 2) {
    const value = run[at] as number;
    const bucket = ((value - min) * scale) | 0;
    if (bucket >= first && bucket <= last) values[size++] = value;
  }
  insertValues(size);
  return before;
}

function insertValues(size: number): void {
  if (size > 4 * short) {
    // Readings have few distinct values: then a bucket holds one.
    let at = 1;
    while (at < size && values[at] === values[0]) at++;
    if (at === size) return;
    values.subarray(0, size).sort();
    return;
  }
  for (let at = 1; at < size; at++) {
    const value = values[at] as number;
    let place = at - 1;
    while (place >= 0 && (values[place] as number) > value) {
      values[place + 1] = values[place] as number;
      place--;
    }
    values[place + 1] = value;
  }
}
