import type { TelemetryMessage } from '../replay/message';
import { type VitalPlace, vitalPlaces } from './vitalCodes';

/** A value of the recording that is to be in FHIR: one column of one row. */
export interface Cell {
  readonly deviceId: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly column: string;
  readonly value: number;
}

/** What the judge reads of an Observation; everything else does not matter to it. */
export interface ObservationRead {
  readonly id?: string;
  readonly meta?: { readonly versionId?: string };
  readonly category?: readonly Concept[];
  readonly code?: Concept;
  readonly subject?: { readonly reference?: string };
  readonly device?: { readonly reference?: string };
  readonly effectiveDateTime?: string;
  readonly effectivePeriod?: { readonly start?: string };
  readonly valueQuantity?: { readonly value?: number };
  readonly valueSampledData?: SampledData;
  readonly valueCodeableConcept?: Concept;
  readonly component?: readonly ComponentRead[];
}

type ComponentRead = Pick<ObservationRead, 'code' | 'valueQuantity' | 'valueSampledData'>;
type Concept = { readonly coding?: readonly { readonly code?: string }[] };
type SampledData = { readonly data?: string; readonly period?: number };

/** Who is who in the FHIR service. */
export interface Identities {
  /** Device id as the hub knows it, by the id of the Device resource. */
  readonly deviceIds: ReadonlyMap<string, string>;
  /** Id of the patient who wore the device at that time; undefined where nobody is to be found. */
  wearer(deviceId: string, time: number): string | undefined;
}

/** Counts of cells, and the cells behind those that should be 0, as `device time column`. */
export interface CellComparison {
  readonly cells: number;
  readonly found: number;
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  /** Another value, or another patient. */
  readonly wrong: readonly string[];
  /** Observations of readings that have more than one version. */
  readonly rewritten: number;
}

/** The cells of a recording for which FHIR has a place. */
export function cellsOf(messages: readonly TelemetryMessage[]): Cell[] {
  return messages.flatMap(({ deviceId, creationTime, body }) => {
    const values = Object.entries(JSON.parse(body.toString('utf8')) as Record<string, unknown>);
    return values.flatMap(([column, value]) =>
      typeof value === 'number' && Object.hasOwn(vitalPlaces, column)
        ? [{ deviceId, time: creationTime, column, value }]
        : [],
    );
  });
}

/** Looks each cell up among all Observations: it is to be there once, with its value, under the patient of that time. */
export function compareCells(
  cells: readonly Cell[],
  observations: readonly ObservationRead[],
  identities: Identities,
): CellComparison {
  const found = indexed(observations, identities.deviceIds);
  const lost: string[] = [];
  const duplicated: string[] = [];
  const wrong: string[] = [];
  for (const cell of cells) {
    const name = `${cell.deviceId} ${new Date(cell.time).toISOString()} ${cell.column}`;
    const sightings = found.get(keyOf(cell)) ?? [];
    if (sightings.length === 0) lost.push(name);
    if (sightings.length > 1) duplicated.push(name);
    const patient = `Patient/${identities.wearer(cell.deviceId, cell.time)}`;
    const place = vitalPlaces[cell.column] as VitalPlace;
    if (!sightings.every((seen) => seen.patient === patient && isValue(seen.value, cell.value, place)))
      wrong.push(name);
  }
  // A score is written again when its window is scored again.
  const readings = observations.filter(({ category = [] }) => !category.some((one) => hasCode(one, 'survey')));
  const rewritten = readings.filter(({ meta }) => meta?.versionId !== '1').length;
  return { cells: cells.length, found: cells.length - lost.length, lost, duplicated, wrong, rewritten };
}

interface Sighting {
  readonly patient: string;
  readonly value: number | string;
}

function keyOf({ deviceId, time, column }: Omit<Cell, 'value'>): string {
  return `${deviceId}|${time}|${column}`;
}

function indexed(observations: readonly ObservationRead[], deviceIds: ReadonlyMap<string, string>) {
  const found = new Map<string, Sighting[]>();
  for (const observation of observations) {
    const deviceId = deviceIds.get(observation.device?.reference?.replace(/^Device\//, '') ?? '') ?? '';
    const patient = observation.subject?.reference ?? '';
    for (const { column, time, value } of sightings(observation)) {
      const key = keyOf({ deviceId, time, column });
      found.set(key, [...(found.get(key) ?? []), { patient, value }]);
    }
  }
  return found;
}

function* sightings(observation: ObservationRead): Generator<{ column: string; time: number; value: number | string }> {
  const start = Date.parse(observation.effectiveDateTime ?? observation.effectivePeriod?.start ?? '');
  for (const [column, place] of Object.entries(vitalPlaces)) {
    if (place.in === 'component') {
      for (const component of observation.component ?? []) {
        if (hasCode(component.code, place.code)) yield* samples(component, column, start);
      }
    } else if (hasCode(observation.code, place.code)) {
      if (place.in === 'value') yield* samples(observation, column, start);
      else yield { column, time: start, value: conceptCode(observation.valueCodeableConcept, place) };
    }
  }
}

function* samples({ valueQuantity, valueSampledData }: ComponentRead, column: string, start: number) {
  if (valueQuantity?.value !== undefined) yield { column, time: start, value: valueQuantity.value };
  const { data = '', period = 0 } = valueSampledData ?? {};
  for (const [index, text] of data.split(' ').entries()) {
    if (text !== '' && text !== 'E') yield { column, time: start + index * period, value: Number(text) };
  }
}

function hasCode(concept: Concept | undefined, code: string): boolean {
  return concept?.coding?.some((coding) => coding.code === code) ?? false;
}

/** The one of the answer codes that it carries; empty where it carries none of them. */
function conceptCode(concept: Concept | undefined, place: Extract<VitalPlace, { in: 'concept' }>): string {
  return [0, 1].map(place.conceptOf).find((code) => code !== '' && hasCode(concept, code)) ?? '';
}

function isValue(seen: number | string, value: number, place: VitalPlace): boolean {
  return place.in === 'concept' ? seen === place.conceptOf(value) : seen === value;
}
