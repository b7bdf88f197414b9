import { vitals } from '../contracts/scoringSource';
import { chartTenth, chartWhole } from './chart';
import type { SlotColumns } from './kernelTypes';
import { dependsOnOxygen, points, spo2Points, spo2Scale2Points } from './news2';
import { type WindowStatistics, windowStatistics } from './windowStatistics';

/** A row for each patient. */
export interface ScoredColumns extends WindowStatistics {
  /** -1: a part is not known. */
  readonly total: Int8Array;
  readonly floorTotal: Int8Array;
}

/**
 * Statistics and NEWS2 of one window by itself, in columns: for analyses over many patients. It knows no state (nothing is
 * carried forward, no flag) and no context beside `scale`: what patients are told is what `stepWindow` says.
 *
 * @param scale 1 or 2 for each patient: SpO2 scale
 */
export function scoreColumns(
  columns: SlotColumns,
  scale: Uint8Array,
  start: number,
  windowMilliseconds: number,
): ScoredColumns {
  const patients = scale.length;
  const statistics = windowStatistics(columns, patients, start, windowMilliseconds);
  const total = new Int8Array(patients);
  const floorTotal = new Int8Array(patients);
  for (let patient = 0; patient < patients; patient++) {
    const { known, sum } = knownPoints(statistics, patient * vitals.length, scale[patient] === 2);
    floorTotal[patient] = sum;
    total[patient] = known === 7 ? sum : -1;
  }
  return { ...statistics, total, floorTotal };
}

const at = Object.fromEntries(vitals.map((vital, index) => [vital, index])) as Record<(typeof vitals)[number], number>;

function knownPoints({ count, median, last }: WindowStatistics, row: number, scale2: boolean) {
  let known = 0;
  let sum = 0;
  const add = (value: number) => {
    known++;
    sum += value;
  };
  const has = (vital: keyof typeof at) => (count[row + at[vital]] as number) > 0;
  const whole = (vital: keyof typeof at) => chartWhole(median[row + at[vital]] as number);
  const oxygen = has('supplementalOxygen') ? last[row + at.supplementalOxygen] !== 0 : null;
  if (oxygen !== null) add(oxygen ? 2 : 0);
  if (has('respirationRate')) add(points.resp(whole('respirationRate')));
  if (has('systolicBloodPressure')) add(points.sbp(whole('systolicBloodPressure')));
  if (has('heartRate')) add(points.pulse(whole('heartRate')));
  if (has('consciousness')) add(points.consciousness(last[row + at.consciousness] as number));
  if (has('temperature')) add(points.temp(chartTenth(median[row + at.temperature] as number)));
  if (has('oxygenSaturation')) {
    const spo2 = whole('oxygenSaturation');
    const value = scale2 ? spo2Scale2Points(spo2, oxygen) : spo2Points(spo2);
    if (value !== dependsOnOxygen) add(value);
  }
  return { known, sum };
}
