import { type ParseError, parse } from 'jsonc-parser';
import type { Compatibility } from '../../runtime/medtech/compatibility';
import { loadDeviceMapping } from '../../runtime/medtech/mapping/deviceMapping';
import { type FhirMapping, loadFhirMapping } from '../../runtime/medtech/mapping/fhirMapping';
import type { FhirTemplate } from '../../runtime/medtech/mapping/fhirTemplate';
import { type MappingProblem, problemText } from '../../runtime/medtech/mapping/source';
import type { JsonValue } from '../azure/merge';
import type { Problems } from '../azure/validation';

/** Mapping files as text, and what they are read as. */
export interface MappingTexts {
  readonly deviceMapping: string;
  readonly fhirMapping: string;
  readonly compatibility: Compatibility;
}

/** What the files say, as far as a component needs to know. */
export interface LoadedMappings {
  readonly problems: Readonly<Record<'deviceMapping' | 'fhirMapping', readonly MappingProblem[]>>;
  /** Names of the values that measurements of each type have. */
  readonly measurementTypes: ReadonlyMap<string, ReadonlySet<string>>;
  /** Types whose Observations are merged: later measurements change an Observation that is there already. */
  readonly mergedTypes: readonly string[];
}

/** Reads both files with the code that the functions read them with, so that a preview says what would fail there. */
export function loadMappings({ deviceMapping, fhirMapping, compatibility }: MappingTexts): LoadedMappings {
  const device = loadDeviceMapping(String(deviceMapping), compatibility);
  const fhir = loadFhirMapping(String(fhirMapping), compatibility);
  const measurementTypes = new Map<string, Set<string>>();
  for (const { typeName, values } of device.mapping?.templates ?? []) {
    const names = measurementTypes.get(typeName) ?? new Set();
    for (const { name } of values) names.add(name);
    measurementTypes.set(typeName, names);
  }
  return {
    problems: { deviceMapping: device.problems, fhirMapping: fhir.problems },
    measurementTypes,
    mergedTypes: mergedTypes(fhir.mapping),
  };
}

function mergedTypes(mapping: FhirMapping | undefined): string[] {
  return [...(mapping?.templates.values() ?? [])].filter(isMerged).map(({ typeName }) => typeName);
}

function isMerged({ periodInterval, value, components }: FhirTemplate): boolean {
  const values = [value, ...components.map((component) => component.value)];
  return periodInterval !== 'instance' || values.some((template) => template?.valueType === 'SampledData');
}

/** Every error in the files, with its line and column; warnings are for `mappingWarnings`. */
export function mappingProblems(problems: Problems, loaded: LoadedMappings): void {
  for (const [file, found] of Object.entries(loaded.problems)) {
    for (const problem of found) if (problem.level === 'error') problems.add(file, problemText(problem));
  }
}

/** What the original loads, and what then fails for each message: sentences for the log of the deployment. */
export function mappingWarnings({ problems }: LoadedMappings): string[] {
  return Object.entries(problems).flatMap(([file, found]) =>
    found.filter(({ level }) => level === 'warning').map((problem) => `${file}: ${problemText(problem)}`),
  );
}

/** A mapping as a managed service keeps it: JSON without the comments that a file may have. */
export function mappingContent(text: string): JsonValue {
  const errors: ParseError[] = [];
  return parse(text, errors, { allowTrailingComma: true });
}
