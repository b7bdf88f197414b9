import type { ScoredWindow } from '../contracts/scored';
import { type Vital, vitals } from '../contracts/scoringSource';
import { chartedNumbers, consciousnessCodes } from '../enrich/chartedCodes';
import { type StoredObservation, tokensOf } from '../enrich/fhirShapes';
import { oxygenCodes } from '../enrich/oxygen';
import { quantisedTime } from '../enrich/quantise';
import type { Reference } from '../medtech/fhir/resources';
import { parseTimestamp } from '../medtech/instant';
import { iso } from './codes';

/** The times at which a window's vitals were measured last; what was carried into it has none. */
export function basisTimes({ vitals: measured }: ScoredWindow): readonly number[] {
  const times = Object.values(measured).flatMap(({ lastTime }) => lastTime ?? []);
  return [...new Set(times)].sort((one, other) => one - other);
}

/**
 * Finds what a patient's Observations say about one moment: those measured then, and those whose period holds it. A range of a
 * millisecond to each side, since scoring rounds times to milliseconds. Not narrowed by code: at one moment there is little
 * else, and a site's codes are its own.
 */
export function basisSearch(patient: string, time: number): string {
  const range = `date=ge${iso(time - 1)}&date=le${iso(time + 1)}`;
  return `Observation?subject=Patient/${encodeURIComponent(patient)}&${range}&_count=100`;
}

/**
 * The readings that a window was scored with, at most one a vital in the order of `vitals`: that of the time of the vital's last
 * sample. A reading of that very time goes before one whose period holds it, one of the same origin (a device, or charted) before
 * another; among equals the least id, so that the choice depends on nothing else.
 */
export function basisOf(window: ScoredWindow, found: readonly StoredObservation[]): readonly Reference[] {
  const readings = found.filter(({ id, status }) => id !== undefined && !withdrawn.includes(status));
  const chosen = vitals.flatMap((vital) => {
    const { lastTime, source } = window.vitals[vital] ?? {};
    if (lastTime == null) return [];
    const candidates = readings.flatMap((reading) => {
      const precision = isAbout(reading, vital) ? heldAt(reading, lastTime) : undefined;
      if (precision === undefined) return [];
      const isOther = (reading.device === undefined) !== (source === 'charted');
      return [{ rank: 2 * precision + (isOther ? 1 : 0), id: reading.id ?? '' }];
    });
    candidates.sort((one, other) => one.rank - other.rank || (one.id < other.id ? -1 : 1));
    return candidates.slice(0, 1).map(({ id }) => id);
  });
  return [...new Set(chosen)].map((id) => ({ reference: `Observation/${id}` }));
}

const withdrawn: readonly string[] = ['entered-in-error', 'cancelled'];

function isAbout(reading: StoredObservation, vital: Vital): boolean {
  const codes = [reading, ...(reading.component ?? [])].flatMap(({ code }) => tokensOf(code));
  if (vital === 'consciousness') return codes.some((code) => consciousnessCodes.includes(code));
  if (vital === 'supplementalOxygen') return codes.some((code) => oxygenCodes.includes(code));
  return codes.some((code) => chartedNumbers.get(code)?.vital === vital);
}

/** 0: measured then; 1: its period holds the time; undefined: another time. */
function heldAt(reading: StoredObservation, time: number): 0 | 1 | undefined {
  const { effectiveDateTime, effectiveInstant, effectivePeriod } = reading;
  const moment = timeOf(effectiveDateTime ?? effectiveInstant);
  if (moment !== undefined) return moment === time ? 0 : undefined;
  const [start, end] = [timeOf(effectivePeriod?.start), timeOf(effectivePeriod?.end)];
  return start !== undefined && end !== undefined && start <= time && time <= end ? 1 : undefined;
}

function timeOf(text: string | undefined): number | undefined {
  const ticks = text === undefined ? undefined : parseTimestamp(text);
  return ticks === undefined ? undefined : quantisedTime(ticks);
}
