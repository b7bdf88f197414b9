/**
 * Sorts for the many short runs of a window: a vital has a few values, or some hundreds. A call of a general sort for each
 * would cost more than the sorting.
 */

/** Up to here insertion is fastest. */
const short = 32;

/** Sorts both by the first, within [from, to). */
export function sortByTime(time: Int32Array, value: Float64Array, from: number, to: number): void {
  if (to - from > short && !isSorted(time, from, to)) sortLong(time, value, from, to);
  else insertByTime(time, value, from, to);
}

function insertByTime(time: Int32Array, value: Float64Array, from: number, to: number): void {
  for (let at = from + 1; at < to; at++) {
    const t = time[at] as number;
    const v = value[at] as number;
    let place = at - 1;
    while (place >= from && (time[place] as number) > t) {
      time[place + 1] = time[place] as number;
      value[place + 1] = value[place] as number;
      place--;
    }
    time[place + 1] = t;
    value[place + 1] = v;
  }
}

function isSorted(time: Int32Array, from: number, to: number): boolean {
  for (let at = from + 1; at < to; at++) if ((time[at - 1] as number) > (time[at] as number)) return false;
  return true;
}

let keys = new Float64Array(1024);
let values = new Float64Array(1024);

/** Time and place in one number, so that a sort of numbers does it: times are below 2^31, runs shorter than 2^21. */
function sortLong(time: Int32Array, value: Float64Array, from: number, to: number): void {
  const length = to - from;
  if (length > keys.length) {
    keys = new Float64Array(length * 2);
    values = new Float64Array(length * 2);
  }
  for (let at = 0; at < length; at++) {
    keys[at] = (time[from + at] as number) * 2_097_152 + at;
    values[at] = value[from + at] as number;
  }
  keys.subarray(0, length).sort();
  for (let at = 0; at < length; at++) {
    const key = keys[at] as number;
    const t = Math.floor(key / 2_097_152);
    time[from + at] = t;
    value[from + at] = values[key - t * 2_097_152] as number;
  }
}

/** The middle one, or the mean of the two middle ones; the values within [from, to) are left in another order. */
export function medianOf(value: Float64Array, from: number, to: number): number {
  const length = to - from;
  const middle = from + (length >> 1);
  if (length > short) value.subarray(from, to).sort();
  else insertionSort(value, from, to);
  const upper = value[middle] as number;
  return length % 2 === 1 ? upper : ((value[middle - 1] as number) + upper) / 2;
}

function insertionSort(value: Float64Array, from: number, to: number): void {
  for (let at = from + 1; at < to; at++) {
    const v = value[at] as number;
    let place = at - 1;
    while (place >= from && (value[place] as number) > v) {
      value[place + 1] = value[place] as number;
      place--;
    }
    value[place + 1] = v;
  }
}
