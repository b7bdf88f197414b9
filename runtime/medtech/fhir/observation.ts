import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Compatibility } from '../compatibility';
import { MedTechError } from '../errors';
import type { MeasurementGroup } from '../grouping';
import { isoText, isoTextFull, parseTimestamp, spanOf, type Ticks } from '../instant';
import type { FhirMapping } from '../mapping/fhirMapping';
import { type CodeableConcept, type FhirTemplate, isVitalSigns } from '../mapping/fhirTemplate';
import { codeOf, unknownReason } from './codes';
import { mergeComponents, newComponents } from './components';
import type { ObservationGroup } from './observationGroup';
import { connectorSystem, type Observation, type ObservationValue, type Period } from './resources';
import { createValue, mergeValue } from './values';

/** Ids of the resources that an Observation refers to. */
export interface ResourceIds {
  readonly patient: string;
  readonly device: string;
  readonly encounter?: string;
}

/**
 * The FHIR template for a group's type; case does not matter.
 *
 * @throws MedTechError FhirDataMappingException when the mapping has none.
 */
export function templateFor(mapping: FhirMapping, group: MeasurementGroup): FhirTemplate {
  const template = mapping.templates.get(group.type.toLowerCase());
  if (template !== undefined) return template;
  throw new MedTechError('FhirDataMappingException', `The FHIR mapping has no template for type '${group.type}'.`);
}

/** The id of a resource that the engine makes: lower-case hex SHA-256 of `system_value`. */
export function resourceId(system: string, value: string): string {
  return createHash('sha256').update(`${system}_${value}`).digest('hex');
}

/** The value by which an Observation is found again: `patient.device.type.segment`. */
export function observationIdentifier(group: ObservationGroup, ids: ResourceIds): string {
  return `${ids.patient}.${ids.device}.${group.type}.${group.segment}`;
}

/**
 * A new Observation. In `r4` it is a function of its arguments' keys, times and values alone; in `medtech` it carries
 * the time of writing.
 *
 * @param now ISO 8601; becomes `issued` in `medtech`, unused in `r4`.
 * @throws MedTechError when a value does not fit the template.
 */
export function createObservation(
  group: ObservationGroup,
  template: FhirTemplate,
  ids: ResourceIds,
  compatibility: Compatibility,
  now: string,
): Observation {
  const identifier = { system: connectorSystem, value: observationIdentifier(group, ids) };
  const samples = template.value === undefined ? undefined : group.samples.get(template.value.valueName);
  const value: ObservationValue =
    template.value === undefined || samples === undefined
      ? {}
      : createValue(template.value, samples, group, compatibility);
  const component = newComponents(group, template, compatibility);
  const category = categoryOf(group, template, compatibility);
  return plain({
    resourceType: 'Observation',
    id: resourceId(identifier.system, identifier.value),
    identifier: [identifier],
    status: 'final',
    category: category.length > 0 ? category : undefined,
    code: codeOf(group.type, template.codes),
    subject: { reference: `Patient/${ids.patient}` },
    encounter: ids.encounter === undefined ? undefined : { reference: `Encounter/${ids.encounter}` },
    ...effectiveOf(group, compatibility),
    issued: compatibility === 'medtech' ? now : undefined,
    device: { reference: `Device/${ids.device}` },
    ...value,
    ...absentReason(value, component.length, compatibility),
    component: component.length > 0 ? component : undefined,
  });
}

/**
 * The stored Observation with the group's values; undefined when nothing changes and so nothing is to be written.
 * In `medtech` a changed one gets the status `amended`; in `r4` it keeps its status, so that its content does not
 * depend on how the values were divided into batches.
 *
 * @throws MedTechError NotSupportedException when what is stored cannot be merged with the template.
 */
export function mergeObservation(
  stored: Observation,
  group: ObservationGroup,
  template: FhirTemplate,
  compatibility: Compatibility,
): Observation | undefined {
  const storedPeriod = effectiveTicks(stored, compatibility);
  const bounds = spanOf([storedPeriod.start, storedPeriod.end, group.start, group.end]);
  const { effectiveDateTime, effectivePeriod, category, ...rest } = stored;
  const merged: { -readonly [K in keyof Observation]: Observation[K] } = { ...rest };
  const wanted = categoryOf(group, template, compatibility);
  if (wanted.length > 0) merged.category = wanted;
  const samples = template.value === undefined ? undefined : group.samples.get(template.value.valueName);
  if (template.value !== undefined && samples !== undefined) {
    const value = mergeValue(
      template.value,
      samples,
      { value: stored, start: storedPeriod.start },
      bounds,
      compatibility,
    );
    Object.assign(merged, value);
  }
  const component = mergeComponents(stored.component ?? [], group, template, {
    stored: storedPeriod,
    bounds,
    compatibility,
  });
  if (component.length > 0) merged.component = component;
  const unchanged = bounds.start === storedPeriod.start && bounds.end === storedPeriod.end;
  if (unchanged && compatibility === 'r4' && effectiveDateTime !== undefined) {
    merged.effectiveDateTime = effectiveDateTime;
  } else if (unchanged && effectivePeriod !== undefined) merged.effectivePeriod = effectivePeriod;
  else merged.effectivePeriod = periodOf(bounds, compatibility);
  const result = plain(merged);
  if (isDeepStrictEqual(result, plain(stored))) return undefined;
  return compatibility === 'medtech' ? { ...result, status: 'amended' } : result;
}

function periodOf(bounds: { readonly start: Ticks; readonly end: Ticks }, compatibility: Compatibility): Period {
  const text = compatibility === 'medtech' ? isoTextFull : isoText;
  return { start: text(bounds.start), end: text(bounds.end) };
}

/** HL7 took Period from the vital signs' effective[x] (FHIR-21297): an instance has its time in `r4`. */
function effectiveOf(group: ObservationGroup, compatibility: Compatibility): Partial<Observation> {
  if (compatibility === 'r4' && group.interval === 'instance') return { effectiveDateTime: isoText(group.start) };
  return { effectivePeriod: periodOf(group, compatibility) };
}

function effectiveTicks(
  stored: Observation,
  compatibility: Compatibility,
): { readonly start: Ticks; readonly end: Ticks } {
  const { effectiveDateTime, effectivePeriod } = stored;
  const start = parseTimestamp(effectiveDateTime ?? effectivePeriod?.start ?? '');
  const end = parseTimestamp(effectiveDateTime ?? effectivePeriod?.end ?? '');
  if (start !== undefined && end !== undefined) return { start, end };
  const timeless = !Object.keys(stored).some((name) => name.startsWith('effective'));
  throw new MedTechError(
    compatibility === 'medtech' && timeless ? 'ArgumentNullException' : 'NotSupportedException',
    'The stored Observation has neither effectiveDateTime nor a full effectivePeriod.',
  );
}

/** A vital sign is one reading at one time: in `r4`, grouped Observations do not claim to be one. */
function categoryOf(
  group: ObservationGroup,
  template: FhirTemplate,
  compatibility: Compatibility,
): readonly CodeableConcept[] {
  if (compatibility === 'medtech' || group.interval === 'instance') return template.category;
  return template.category.filter((concept) => !isVitalSigns(concept));
}

/** Vital signs rule vs-2: without value and components a reason must be given. */
function absentReason(value: ObservationValue, components: number, compatibility: Compatibility): ObservationValue {
  if (compatibility === 'medtech' || components > 0 || Object.keys(value).length > 0) return {};
  return { dataAbsentReason: unknownReason };
}

/** The order of FHIR's definition, so that the same content is the same text. */
const memberOrder = [
  ...['resourceType', 'id', 'meta', 'identifier', 'status', 'category', 'code', 'subject', 'encounter'],
  ...['effectiveDateTime', 'effectivePeriod', 'issued', 'valueQuantity', 'valueSampledData', 'valueString'],
  ...['valueCodeableConcept', 'dataAbsentReason', 'device', 'component'],
];

/** As it is written: in FHIR's order, without members that are undefined. */
function plain(observation: Observation): Observation {
  const rank = (name: string) => (memberOrder.includes(name) ? memberOrder.indexOf(name) : memberOrder.length);
  const members = Object.entries(observation).toSorted(([a], [b]) => rank(a) - rank(b));
  return JSON.parse(JSON.stringify(Object.fromEntries(members))) as Observation;
}
