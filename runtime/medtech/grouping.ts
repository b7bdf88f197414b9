import type { Measurement } from '../contracts/measurement';
import type { Compatibility } from './compatibility';
import { MedTechError } from './errors';
import { parseTimestamp, type Ticks } from './instant';

/** A measurement with its times read. */
export interface TimedMeasurement {
  readonly measurement: Measurement;
  readonly occurred: Ticks;
}

/** Measurements of one device, type, patient, encounter and correlation; at most one for each point in time. */
export interface MeasurementGroup {
  readonly type: string;
  readonly deviceId: string;
  readonly patientId: string | null;
  readonly encounterId: string | null;
  readonly correlationId: string | null;
  readonly measurements: readonly TimedMeasurement[];
}

/**
 * Groups measurements as the second step of the MedTech service does. Of several for one point in time the one that
 * came in last is kept as a whole.
 *
 * In `r4` the result does not depend on the order of the input: ties are broken by the values, and measurements are in
 * the order of their times. In `medtech` the first of a tie is kept, and the input's order.
 *
 * @throws MedTechError MeasurementProcessingException for a measurement whose time cannot be read.
 */
export function groupMeasurements(
  measurements: readonly Measurement[],
  compatibility: Compatibility,
): readonly MeasurementGroup[] {
  const groups = new Map<string, Map<Ticks, Measurement>>();
  for (const measurement of measurements) {
    const key = groupKey(measurement, compatibility);
    const byTime = groups.get(key) ?? new Map<Ticks, Measurement>();
    groups.set(key, byTime);
    const occurred = occurrence(measurement);
    const other = byTime.get(occurred);
    if (other === undefined || replaces(measurement, other, compatibility)) byTime.set(occurred, measurement);
  }
  const keys = compatibility === 'r4' ? [...groups.keys()].sort() : [...groups.keys()];
  return keys.map((key) => groupOf(groups.get(key) ?? new Map(), compatibility));
}

/** The original joins with "-", so that ids which hold a "-" can fall into one group; `r4` keeps them apart. */
function groupKey(measurement: Measurement, compatibility: Compatibility): string {
  const { DeviceId, Type, PatientId, EncounterId, CorrelationId } = measurement;
  const parts = [DeviceId, Type, PatientId ?? '', EncounterId ?? '', CorrelationId ?? ''];
  return compatibility === 'r4' ? JSON.stringify(parts) : parts.join('-');
}

function occurrence(measurement: Measurement): Ticks {
  const ticks = parseTimestamp(measurement.OccurrenceTimeUtc);
  if (ticks !== undefined) return ticks;
  throw new MedTechError('MeasurementProcessingException', 'The measurement has no valid OccurrenceTimeUtc.');
}

function replaces(next: Measurement, other: Measurement, compatibility: Compatibility): boolean {
  const later = ingestion(next);
  const earlier = ingestion(other);
  if (later !== earlier) return later > earlier;
  return compatibility === 'r4' && JSON.stringify(next.Properties) > JSON.stringify(other.Properties);
}

function ingestion(measurement: Measurement): Ticks {
  const time = measurement.IngestionTimeUtc;
  return (time === null || time === undefined ? undefined : parseTimestamp(time)) ?? -(2n ** 63n);
}

function groupOf(byTime: ReadonlyMap<Ticks, Measurement>, compatibility: Compatibility): MeasurementGroup {
  const measurements = [...byTime].map(([occurred, measurement]) => ({ occurred, measurement }));
  if (compatibility === 'r4') measurements.sort((a, b) => (a.occurred < b.occurred ? -1 : 1));
  const { measurement } = measurements[0] as TimedMeasurement;
  return {
    type: measurement.Type,
    deviceId: measurement.DeviceId,
    patientId: measurement.PatientId ?? null,
    encounterId: measurement.EncounterId ?? null,
    correlationId: measurement.CorrelationId ?? null,
    measurements,
  };
}
