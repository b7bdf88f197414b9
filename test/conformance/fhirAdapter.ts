import type { Measurement } from '../../runtime/contracts/measurement';
import {
  type IdentityStore,
  type ResolutionType,
  resolveIdentity as resolve,
} from '../../runtime/medtech/fhir/identity';
import {
  createObservation,
  mergeObservation,
  observationIdentifier,
  type ResourceIds,
  templateFor,
} from '../../runtime/medtech/fhir/observation';
import { observationGroups } from '../../runtime/medtech/fhir/observationGroup';
import type { Observation, Resource } from '../../runtime/medtech/fhir/resources';
import {
  buildSampledData,
  mergeSamples,
  parseSampledData,
  periodTicks,
  type Sample,
} from '../../runtime/medtech/fhir/sampledData';
import { groupMeasurements, type MeasurementGroup } from '../../runtime/medtech/grouping';
import { isoText, parseTimestamp } from '../../runtime/medtech/instant';
import { type FhirMapping, loadFhirMapping } from '../../runtime/medtech/mapping/fhirMapping';
import { errorsOf, type Failure, failure, mappingText } from './failures';

interface Written {
  readonly operation: 'create' | 'update' | 'noop';
  readonly resource: Observation;
}

const written = '2023-05-04T12:00:00Z';

export function mapObservations(input: {
  readonly fhirMapping: unknown;
  readonly measurements: readonly Measurement[];
  readonly ids: ResourceIds;
  readonly existing: readonly Observation[];
}) {
  const { mapping, problems } = loadFhirMapping(mappingText(input.fhirMapping), 'medtech');
  const templateErrors = errorsOf(problems);
  if (mapping === undefined) return { templateErrors, observations: [], errors: [] };
  const stored = new Map(input.existing.map((resource) => [resource.identifier?.[0]?.value ?? '', resource]));
  const observations: Written[] = [];
  const errors: Failure[] = [];
  for (const group of groupsOf(input.measurements, errors)) {
    try {
      writeGroup(mapping, group, input.ids, stored, observations);
    } catch (error) {
      errors.push(failure(error));
    }
  }
  return { templateErrors, observations, errors };
}

function groupsOf(measurements: readonly Measurement[], errors: Failure[]): readonly MeasurementGroup[] {
  try {
    return groupMeasurements(measurements, 'medtech');
  } catch (error) {
    errors.push(failure(error));
    return [];
  }
}

function writeGroup(
  mapping: FhirMapping,
  group: MeasurementGroup,
  ids: ResourceIds,
  stored: Map<string, Observation>,
  observations: Written[],
): void {
  const template = templateFor(mapping, group);
  for (const part of observationGroups(group, template, 'medtech')) {
    const identifier = observationIdentifier(part, ids);
    const existing = stored.get(identifier);
    const merged = existing === undefined ? undefined : mergeObservation(existing, part, template, 'medtech');
    const resource = merged ?? existing ?? createObservation(part, template, ids, 'medtech', written);
    const operation = existing === undefined ? 'create' : merged === undefined ? 'noop' : 'update';
    observations.push({ operation, resource });
    stored.set(identifier, resource);
  }
}

type Pair = readonly [string, string];

export function sampledData(input: {
  readonly op: 'build' | 'parse' | 'merge';
  readonly values?: readonly Pair[];
  readonly existing?: readonly Pair[];
  readonly incoming?: readonly Pair[];
  readonly data?: string | null;
  readonly start?: string;
  readonly end?: string;
  readonly period?: number | null;
}) {
  try {
    if (input.op === 'merge') {
      return { values: mergeSamples(samples(input.existing), samples(input.incoming)).map(pair) };
    }
    const period = periodTicks(input.period ?? undefined, 'medtech');
    if (input.op === 'parse')
      return { values: parseSampledData(input.data ?? undefined, ticks(input.start), period).map(pair) };
    const bounds = { start: ticks(input.start), end: ticks(input.end) };
    return { data: buildSampledData(samples(input.values), bounds, period) };
  } catch (error) {
    return { error: failure(error) };
  }
}

function samples(pairs: readonly Pair[] = []): Sample[] {
  return pairs.map(([time, value]) => ({ at: ticks(time), value }));
}

function pair(sample: Sample): Pair {
  return [isoText(sample.at), sample.value];
}

function ticks(time: string | undefined): bigint {
  return parseTimestamp(time ?? '') ?? 0n;
}

export async function resolveIdentity(input: {
  readonly mode: ResolutionType;
  readonly measurement: {
    readonly DeviceId: string;
    readonly PatientId: string | null;
    readonly EncounterId: string | null;
  };
  readonly server: readonly Resource[];
  readonly defaultDeviceIdentifierSystem?: string;
}) {
  const writes: Resource[] = [];
  const { DeviceId: deviceId, PatientId: patientId, EncounterId: encounterId } = input.measurement;
  const settings = { resolutionType: input.mode, deviceIdentifierSystem: input.defaultDeviceIdentifierSystem };
  try {
    const ids = await resolve({ deviceId, patientId, encounterId }, settings, memoryStore(input.server, writes));
    return { ids, writes };
  } catch (error) {
    return { error: failure(error), writes };
  }
}

function memoryStore(server: readonly Resource[], writes: Resource[]): IdentityStore {
  return {
    async findByIdentifier(resourceType, wanted) {
      const latest = new Map(
        [...server, ...writes].map((resource) => [`${resource.resourceType}/${resource.id}`, resource]),
      );
      return [...latest.values()].filter(
        (resource) =>
          resource.resourceType === resourceType &&
          resource.identifier?.some(
            ({ system, value }) => value === wanted.value && (wanted.system === undefined || system === wanted.system),
          ),
      );
    },
    async put(resource) {
      writes.push(resource);
    },
  };
}
