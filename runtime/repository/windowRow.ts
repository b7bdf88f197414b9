import type { Insertable } from 'kysely';
import type { News2Part, Prediction, ScoredWindow } from '../contracts/scored';
import type { Vital } from '../contracts/scoringSource';
import type { ArrivedWindow } from './port';
import type { ScoredWindowRow } from './schema';

export type WindowRow = Insertable<ScoredWindowRow>;

/** The row of a scored window: a pure function of the result and of when the hub took it. */
export function windowRow({ window, scoredAt, hot }: ArrivedWindow): WindowRow {
  const { patient, horizon, start, end, revision, corrected, flag, dataGap, monitoringEnd } = window;
  const lastSample = lastSampleOf(window);
  return {
    ...{ patient, horizon, revision, corrected, hot },
    ...{ windowStart: new Date(start), windowEnd: new Date(end) },
    ...scoreOf(window),
    ...valuesOf(window),
    totalChange: window.trend?.totalChange ?? null,
    totalChangeHour: window.trend?.totalChangeHour ?? null,
    predictedRisk: riskOf(window.prediction),
    flagLevel: flag.level,
    dataGap: dataGap.since === null ? '' : dataGap.vitals.join(),
    lastSampleAt: lastSample === null ? null : new Date(lastSample),
    monitoringEndedAt: monitoringEnd && new Date(monitoringEnd.time),
    monitoringEndBasis: monitoringEnd?.basis ?? null,
    scoredAt: new Date(scoredAt),
  };
}

/** Time of a window's newest sample, milliseconds since 1970; null: it has none. */
export function lastSampleOf({ vitals }: ScoredWindow): number | null {
  const times = Object.values(vitals).flatMap(({ lastTime }) => lastTime ?? []);
  return times.length === 0 ? null : Math.max(...times);
}

function scoreOf({ rules, kernel, news2, applicability: { applicable, reasons, cautions } }: ScoredWindow) {
  const points = (part: News2Part) => news2?.parts[part] ?? null;
  return {
    method: `${rules.name} ${rules.version}, kernel ${kernel}`,
    complete: news2?.complete ?? false,
    total: news2?.total ?? null,
    floorTotal: news2?.floorTotal ?? null,
    ceilingTotal: news2?.ceilingTotal ?? null,
    band: news2?.band ?? null,
    missing: news2?.missing.join() ?? '',
    notApplicable: applicable ? '' : reasons.join(),
    cautions: cautions.join(),
    respPoints: points('resp'),
    spo2Points: points('spo2'),
    oxygenPoints: points('oxygen'),
    sbpPoints: points('sbp'),
    pulsePoints: points('pulse'),
    consciousnessPoints: points('consciousness'),
    tempPoints: points('temp'),
  };
}

function valuesOf({ vitals }: ScoredWindow) {
  const used = (vital: Vital) => vitals[vital]?.used ?? null;
  const carried = Object.entries(vitals).filter(([, { carriedSeconds }]) => carriedSeconds !== undefined);
  return {
    respirationRate: used('respirationRate'),
    oxygenSaturation: used('oxygenSaturation'),
    supplementalOxygen: used('supplementalOxygen'),
    systolicBloodPressure: used('systolicBloodPressure'),
    heartRate: used('heartRate'),
    consciousness: used('consciousness'),
    temperature: used('temperature'),
    carried: carried.map(([vital]) => vital).join(),
  };
}

/** A number beyond the column is none that a reader could use; it does not cost the patient's row. */
function riskOf(prediction: Prediction | null): number | null {
  const risk = prediction?.values?.risk;
  return risk === undefined || Math.abs(risk) >= 1000 ? null : risk;
}
