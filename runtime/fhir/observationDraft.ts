import type { Measurement } from '../contracts/measurement';
import type { Compatibility } from '../medtech/compatibility';
import { MedTechError } from '../medtech/errors';
import {
  createObservation,
  mergeObservation,
  observationIdentifier,
  type ResourceIds,
  resourceId,
  templateFor,
} from '../medtech/fhir/observation';
import { type ObservationGroup, observationGroups } from '../medtech/fhir/observationGroup';
import { connectorSystem, type Observation } from '../medtech/fhir/resources';
import { groupMeasurements, type MeasurementGroup } from '../medtech/grouping';
import type { FhirMapping } from '../medtech/mapping/fhirMapping';
import type { FhirTemplate } from '../medtech/mapping/fhirTemplate';

/** A measurement of which is known to whom it belongs. */
export interface WornMeasurement {
  readonly measurement: Measurement;
  readonly ids: ResourceIds;
  /** When the event hub took it, ISO 8601 in UTC. */
  readonly enqueuedTime: string;
}

/** The measurements of one batch that become one Observation. */
export interface ObservationDraft<M extends WornMeasurement = WornMeasurement> {
  /** Its computed id. */
  readonly id: string;
  /** The value by which it is found. */
  readonly identifier: string;
  readonly template: FhirTemplate;
  readonly measurements: readonly M[];
}

/** A measurement that cannot become part of an Observation. */
export interface Unwritable<M> {
  readonly measurement: M;
  readonly error: MedTechError;
}

/** What a measurement fails with: an error that nobody thought of concerns it alone, too. */
export function asMedTechError(error: unknown): MedTechError {
  return error instanceof MedTechError ? error : new MedTechError('Exception', 'The measurement could not be written.');
}

/** Assigns each measurement to its Observation. */
export function draftObservations<M extends WornMeasurement>(
  measurements: readonly M[],
  mapping: FhirMapping,
): { readonly drafts: readonly ObservationDraft<M>[]; readonly unwritable: readonly Unwritable<M>[] } {
  const drafts = new Map<string, ObservationDraft<M> & { readonly measurements: M[] }>();
  const unwritable: Unwritable<M>[] = [];
  for (const measurement of measurements) {
    try {
      const [group] = groupMeasurements([measurement.measurement], mapping.compatibility) as [MeasurementGroup];
      const template = templateFor(mapping, group);
      const [part] = observationGroups(group, template, mapping.compatibility) as [ObservationGroup];
      const identifier = observationIdentifier(part, measurement.ids);
      const draft = drafts.get(identifier);
      if (draft !== undefined) draft.measurements.push(measurement);
      else {
        const id = resourceId(connectorSystem, identifier);
        drafts.set(identifier, { id, identifier, template, measurements: [measurement] });
      }
    } catch (error) {
      unwritable.push({ measurement, error: asMedTechError(error) });
    }
  }
  return { drafts: [...drafts.values()], unwritable };
}

/**
 * Whether what is stored must be read first. In `r4` a reading of its own is a function of the measurement alone. In
 * `medtech` two readings within one second share an Observation, which is amended.
 */
export function needsStored({ template }: ObservationDraft, compatibility: Compatibility): boolean {
  return compatibility === 'medtech' || template.periodInterval !== 'instance';
}

/**
 * The Observation with the draft's measurements; undefined when they change nothing.
 *
 * @throws MedTechError when one of them does not fit.
 */
export function observationOf(
  draft: ObservationDraft,
  stored: Observation | undefined,
  compatibility: Compatibility,
): Observation | undefined {
  let result = stored;
  const { template } = draft;
  for (const { part, ids } of partsOf(draft, compatibility)) {
    result =
      result === undefined
        ? createObservation(part, template, ids, compatibility, newest(draft))
        : (mergeObservation(result, part, template, compatibility) ?? result);
  }
  return result === stored ? undefined : result;
}

/** In `medtech`, several instances within one second are parts of one Observation. */
function partsOf(draft: ObservationDraft, compatibility: Compatibility) {
  const { template, measurements } = draft;
  const owners = new Map(measurements.map((one) => [sharedKey(one, template), one.ids]));
  return groupMeasurements([...owners.keys()], compatibility).flatMap((group) => {
    const ids = owners.get(group.measurements[0]?.measurement as Measurement) as ResourceIds;
    return observationGroups(group, template, compatibility).map((part) => ({ part, ids }));
  });
}

/** A measurement without what does not matter any more, now that its Observation is known: so all are one group. */
function sharedKey({ measurement, ids }: WornMeasurement, template: FhirTemplate): Measurement {
  const { CorrelationId } = measurement;
  return {
    ...measurement,
    DeviceId: ids.device,
    PatientId: null,
    EncounterId: null,
    CorrelationId: template.periodInterval === 'correlation' ? CorrelationId : null,
  };
}

/** `issued` in `medtech`: there is no clock but the stream's. */
function newest({ measurements }: ObservationDraft): string {
  return (
    measurements
      .map(({ enqueuedTime }) => enqueuedTime)
      .sort()
      .at(-1) ?? ''
  );
}
