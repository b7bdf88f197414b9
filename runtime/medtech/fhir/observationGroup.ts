import type { Compatibility } from '../compatibility';
import { MedTechError } from '../errors';
import type { MeasurementGroup, TimedMeasurement } from '../grouping';
import { compactText, compactTextFull, spanOf, type Ticks } from '../instant';
import type { FhirTemplate, PeriodInterval } from '../mapping/fhirTemplate';
import { periodTicks, type Sample } from './sampledData';

/** The measurements that become one Observation. */
export interface ObservationGroup {
  readonly type: string;
  readonly interval: PeriodInterval;
  readonly start: Ticks;
  readonly end: Ticks;
  /** The part of the Observation's identifier that tells it from others of the same type, device and patient. */
  readonly segment: string;
  /** The values of each named property in the order of time. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

const hour = 36_000_000_000n;
const length: Partial<Record<PeriodInterval, Ticks>> = { hour, day: 24n * hour };

/**
 * Splits a group of measurements by the template's period: one Observation for each point in time, each hour or day
 * (UTC), or the whole correlation.
 *
 * @throws MedTechError CorrelationIdNotDefinedException, FhirDataMappingException (a period that is not supported).
 */
export function observationGroups(
  group: MeasurementGroup,
  template: FhirTemplate,
  compatibility: Compatibility,
): readonly ObservationGroup[] {
  const interval = template.periodInterval;
  if (interval === 'unsupported') {
    throw new MedTechError(
      'FhirDataMappingException',
      `The FHIR mapping's periodInterval for type '${template.typeName}' is not supported; allowed are 0, 60, 1440, -1.`,
    );
  }
  if (interval === 'correlation') return [correlation(group, template, compatibility)];
  const size = length[interval] ?? 1n;
  const parts = new Map<Ticks, TimedMeasurement[]>();
  for (const measurement of group.measurements) {
    const start = floor(measurement.occurred, size);
    const part = parts.get(start) ?? [];
    parts.set(start, part);
    part.push(measurement);
  }
  return [...parts].map(([start, measurements]) => {
    const end = start + size - 1n;
    return {
      type: group.type,
      interval,
      start,
      end,
      segment: segment(interval, start, end, compatibility),
      samples: samplesOf(measurements),
    };
  });
}

function floor(ticks: Ticks, size: Ticks): Ticks {
  return ticks - (((ticks % size) + size) % size);
}

/** In `r4` an instance has its full time, so that two readings within one second stay two Observations. */
function segment(interval: PeriodInterval, start: Ticks, end: Ticks, compatibility: Compatibility): string {
  if (interval === 'instance' && compatibility === 'r4') return compactTextFull(start);
  return `${compactText(start)}.${compactText(end)}`;
}

function correlation(group: MeasurementGroup, template: FhirTemplate, compatibility: Compatibility): ObservationGroup {
  const id = group.correlationId;
  if (id === null || id.trim() === '') {
    throw new MedTechError(
      'CorrelationIdNotDefinedException',
      `The FHIR mapping groups type '${template.typeName}' by correlation id, and the measurement has none.`,
    );
  }
  const { start: first, end } = spanOf(group.measurements.map((measurement) => measurement.occurred));
  const start = compatibility === 'r4' ? floor(first, longestPeriod(template)) : first;
  return { type: group.type, interval: 'correlation', start, end, segment: id, samples: samplesOf(group.measurements) };
}

/** Slots that begin at multiples of the period are the same ones, whichever part of the correlation came first. */
function longestPeriod(template: FhirTemplate): Ticks {
  const values = [template.value, ...template.components.map((component) => component.value)];
  const periods = values.map((value) =>
    value?.valueType === 'SampledData' ? periodTicks(value.defaultPeriod, 'r4') : 1n,
  );
  return spanOf(periods).end;
}

/** Two values of one name at the same time keep the first. */
function samplesOf(measurements: readonly TimedMeasurement[]): ReadonlyMap<string, readonly Sample[]> {
  const byName = new Map<string, Map<Ticks, Sample>>();
  for (const { measurement, occurred } of measurements) {
    for (const { Name, Value } of measurement.Properties) {
      const byTime = byName.get(Name) ?? new Map<Ticks, Sample>();
      byName.set(Name, byTime);
      if (!byTime.has(occurred)) byTime.set(occurred, { at: occurred, value: Value });
    }
  }
  const sorted = [...byName].map(
    ([name, byTime]) => [name, [...byTime.values()].sort((a, b) => (a.at < b.at ? -1 : 1))] as const,
  );
  return new Map(sorted);
}
