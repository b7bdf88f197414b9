import type { Measurement } from '../../runtime/contracts/measurement';
import { MedTechError } from '../../runtime/medtech/errors';
import { createObservation, templateFor } from '../../runtime/medtech/fhir/observation';
import { observationGroups } from '../../runtime/medtech/fhir/observationGroup';
import type { Observation } from '../../runtime/medtech/fhir/resources';
import { groupMeasurements, type MeasurementGroup } from '../../runtime/medtech/grouping';
import type { FhirMapping } from '../../runtime/medtech/mapping/fhirMapping';
import type { FhirTemplate } from '../../runtime/medtech/mapping/fhirTemplate';
import type { Problem } from './report';

/** What identity resolution would find in a FHIR service. */
export const madeUpIds = { patient: 'made-up-patient', device: 'made-up-device' };
/** `issued` in `medtech`, which else is when the last message came in. */
const madeUpTime = '2000-01-01T00:00:00Z';

/** The Observations of all measurements together, as if they had come in one batch. */
export function observationsOf(
  mapping: FhirMapping,
  file: string,
  measurements: readonly Measurement[],
  report: (problem: Problem) => void,
): readonly Observation[] {
  const { compatibility } = mapping;
  return groupMeasurements(measurements, compatibility).flatMap((group) => {
    try {
      const template = templateFor(mapping, group);
      const problem = withoutValue(template, group);
      if (problem !== undefined) report({ level: 'error', file, ...template.place, message: problem });
      return observationGroups(group, template, compatibility).map((part) =>
        createObservation(part, template, madeUpIds, compatibility, latest(measurements)),
      );
    } catch (error) {
      if (!(error instanceof MedTechError)) throw error;
      const place = mapping.templates.get(group.type.toLowerCase())?.place;
      report({ level: 'error', file, ...place, message: `${error.errorName}: ${error.message}` });
      return [];
    }
  });
}

/** Names of values are compared with regard to case, a frequent mistake that nothing else tells of. */
function withoutValue(template: FhirTemplate, group: MeasurementGroup): string | undefined {
  const wanted = [template.value, ...template.components.map(({ value }) => value)].flatMap((value) =>
    value === undefined ? [] : [value.valueName],
  );
  const given = new Set(
    group.measurements.flatMap(({ measurement }) => measurement.Properties.map(({ Name }) => Name)),
  );
  if (wanted.length === 0 || wanted.some((name) => given.has(name))) return undefined;
  const there = given.size === 0 ? 'have none' : `have ${[...given].map((name) => `'${name}'`).join(', ')}`;
  const names = wanted.map((name) => `'${name}'`).join(', ');
  return `The Observation of type ${group.type} has no value: its template takes ${names}, the measurements ${there}.`;
}

function latest(measurements: readonly Measurement[]): string {
  const times = measurements.flatMap(({ IngestionTimeUtc }) => IngestionTimeUtc ?? []);
  return times.sort().at(-1) ?? madeUpTime;
}
