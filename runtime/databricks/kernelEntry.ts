import type { SlotColumns, WindowRequest } from '../scoring/kernelTypes';
import { type ScoredColumns, scoreColumns } from '../scoring/scoreColumns';
import { kernelVersion, stepWindow } from '../scoring/stepWindow';

/**
 * The kernel for a V8 without Node (mini-racer in a Python worker, node:vm): dist/databricks/kernel.js sets the global
 * `iomtKernel`. Calling convention, from Python:
 *
 * ```python
 * context = MiniRacer(); context.eval(open('kernel.js').read())
 * columns = context.eval('iomtKernel.columns')(rows)   # room for so many slots; may be larger, and be used again
 * np.frombuffer(columns['time'], np.float64)[:n] = ...     # a view of V8's memory: nothing is copied
 * text = context.eval('iomtKernel.stepColumns')(request_json, columns, n)
 * ```
 *
 * Keep `columns` as long as its views are used: V8's memory is freed with it. A context is not for two threads at once, and is to be
 * closed (`with MiniRacer() as context`): one that is still open when the interpreter ends keeps the process alive.
 *
 * `columns` has, by the names of `SlotColumns`: `patient` (int32: index into the request's patients), `vital` (uint8: index
 * into `vitals`), `time` (float64: milliseconds since 1970), `value` (float64), `source` (uint8: 0 continuous, 1 taken now and
 * then, 2 charted), `superseded` (uint8). Slots are in any order. The request is the JSON of a `WindowRequest`, the answer that
 * of `PatientStep[]`, a step for each patient in the request's order. Parse it with a parser that keeps doubles (Python's json
 * does), and pass `state` on as it came: the same text in any V8.
 *
 * An error is a JavaScript exception (JSEvalException) whose message names no patient and no value.
 */

/** Columns in memory that Python sees too, with room for `rows` slots. */
export function columns(rows: number): SlotColumns {
  const bytes = (size: number) => new SharedArrayBuffer(Math.max(1, rows) * size);
  return {
    patient: new Int32Array(bytes(4)),
    vital: new Uint8Array(bytes(1)),
    time: new Float64Array(bytes(8)),
    value: new Float64Array(bytes(8)),
    source: new Uint8Array(bytes(1)),
    superseded: new Uint8Array(bytes(1)),
  };
}

/** Steps a window with the first `rows` rows of columns made by `columns`. */
export function stepColumns(requestJson: string, given: SlotColumns, rows: number): string {
  return JSON.stringify(stepWindow(JSON.parse(requestJson) as WindowRequest, firstRows(given, rows)));
}

/**
 * The same as texts of their own, two lines a patient: the JSON of the result and that of the state after it, each empty where there
 * is none. JSON has no line breaks, so that who only passes them on need not read them.
 */
export function stepLines(requestJson: string, given: SlotColumns, rows: number): string {
  const line = (part: object | null) => (part === null ? '' : JSON.stringify(part));
  return stepWindow(JSON.parse(requestJson) as WindowRequest, firstRows(given, rows))
    .map(({ result, state }) => `${line(result)}\n${line(state)}`)
    .join('\n');
}

/** The same with the six typed arrays, all of them full. */
function stepWindowJson(
  requestJson: string,
  patient: Int32Array,
  vital: Uint8Array,
  time: Float64Array,
  value: Float64Array,
  source: Uint8Array,
  superseded: Uint8Array,
): string {
  const slots = { patient, vital, time, value, source, superseded };
  return JSON.stringify(stepWindow(JSON.parse(requestJson) as WindowRequest, slots));
}

/**
 * `scoreColumns` of the first `rows` rows, for patients who are all on SpO2 scale 1: columns of statistics by `patient * 8 +
 * vital`, and of scores by patient. Keep the answer as long as views of its members are used.
 */
function scoreRows(
  given: SlotColumns,
  rows: number,
  patients: number,
  start: number,
  windowMilliseconds: number,
): ScoredColumns {
  return scoreColumns(firstRows(given, rows), new Uint8Array(patients).fill(1), start, windowMilliseconds);
}

function firstRows(given: SlotColumns, rows: number): SlotColumns {
  if (!(rows >= 0 && rows <= given.patient.length))
    throw new RangeError(`There is room for ${given.patient.length} slots in the columns; ${rows} were announced.`);
  return {
    patient: given.patient.subarray(0, rows),
    vital: given.vital.subarray(0, rows),
    time: given.time.subarray(0, rows),
    value: given.value.subarray(0, rows),
    source: given.source.subarray(0, rows),
    superseded: given.superseded.subarray(0, rows),
  };
}

export { kernelVersion as version, scoreRows as scoreColumns, stepWindowJson as stepWindow };
