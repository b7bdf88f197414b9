import type { Compatibility } from '../compatibility';
import type { MappingNode, Place } from './source';

/** A coding or CodeableConcept as the mapping gives it; what is absent or blank there is absent here. */
export interface Coding {
  readonly system?: string;
  readonly code?: string;
  readonly display?: string;
}

export interface CodeableConcept {
  readonly coding?: readonly Coding[];
  readonly text?: string;
}

/** How a named value of a measurement becomes value[x] of an Observation or of a component. */
export type ValueTemplate =
  | {
      readonly valueType: 'Quantity';
      readonly valueName: string;
      readonly unit?: string;
      readonly system?: string;
      readonly code?: string;
    }
  | {
      readonly valueType: 'SampledData';
      readonly valueName: string;
      readonly unit?: string;
      readonly defaultPeriod: number | undefined;
    }
  | { readonly valueType: 'String'; readonly valueName: string }
  | { readonly valueType: 'CodeableConcept'; readonly valueName: string; readonly concept: CodeableConcept };

/** Which measurements share an Observation. `unsupported` fails each group (compatibility `medtech` only). */
export type PeriodInterval = 'instance' | 'hour' | 'day' | 'correlation' | 'unsupported';

export interface FhirTemplate {
  readonly typeName: string;
  readonly place: Place;
  readonly periodInterval: PeriodInterval;
  readonly codes: readonly Coding[];
  readonly category: readonly CodeableConcept[];
  readonly value: ValueTemplate | undefined;
  readonly components: readonly { readonly codes: readonly Coding[]; readonly value: ValueTemplate | undefined }[];
}

const intervals: ReadonlyMap<string, PeriodInterval> = new Map(
  Object.entries({
    '0': 'instance',
    '60': 'hour',
    '1440': 'day',
    '-1': 'correlation',
    single: 'instance',
    hourly: 'hour',
    daily: 'day',
    correlationid: 'correlation',
  } as const),
);

/** Reads one `CodeValueFhir` template; undefined, with problems, when it cannot be used. */
export function readFhirTemplate(template: MappingNode, compatibility: Compatibility): FhirTemplate | undefined {
  template.onlyMembers(['typeName', 'periodInterval', 'category', 'codes', 'value', 'components']);
  const typeNode = template.required('typeName');
  const typeName = typeNode?.asText();
  if (typeName !== undefined && typeName.trim() === '') typeNode?.problem('Empty type name is not allowed.');
  const codes =
    template
      .required('codes')
      ?.asArray()
      .map((code) => readCoding(code)) ?? [];
  const category =
    template
      .member('category')
      ?.asArray()
      .map((concept) => readConcept(concept, 'known')) ?? [];
  const valueNode = template.member('value');
  const value = valueNode === undefined ? undefined : readValue(valueNode, compatibility);
  const components = (template.member('components')?.asArray() ?? []).map((node) => {
    node.onlyMembers(['codes', 'value']);
    const member = node.member('value');
    return {
      codes:
        node
          .required('codes')
          ?.asArray()
          .map((code) => readCoding(code)) ?? [],
      value: member === undefined ? undefined : readValue(member, compatibility),
    };
  });
  const periodInterval = readInterval(template.member('periodInterval'), compatibility);
  if (typeName === undefined) return undefined;
  if (compatibility === 'r4' && periodInterval === 'instance' && category.some(isVitalSigns)) checkVitalSign(template);
  return { typeName, place: template.place, periodInterval, codes, category, value, components };
}

function readInterval(node: MappingNode | undefined, compatibility: Compatibility): PeriodInterval {
  if (node === undefined) return 'instance';
  const interval = intervals.get(String(node.value).trim().toLowerCase());
  if (interval !== undefined) return interval;
  node.problem(
    'periodInterval is 0 (instance), 60 (hour), 1440 (day) or -1 (correlation id).',
    compatibility === 'medtech' && node.kind === 'number' ? 'warning' : 'error',
  );
  return 'unsupported';
}

function readCoding(node: MappingNode, allowed: 'known' | 'all' = 'known'): Coding {
  if (allowed === 'known') node.onlyMembers(['code', 'system', 'display']);
  return withoutBlanks({
    system: node.optionalText('system'),
    code: node.optionalText('code'),
    display: node.optionalText('display'),
  });
}

function readConcept(node: MappingNode, allowed: 'known' | 'all'): CodeableConcept {
  if (allowed === 'known') node.onlyMembers(['text', 'codes']);
  const coding = (node.member('codes')?.asArray() ?? []).map((code) => readCoding(code, allowed));
  const text = node.optionalText('text');
  return { ...(coding.length > 0 ? { coding } : {}), ...withoutBlanks({ text }) };
}

function readValue(node: MappingNode, compatibility: Compatibility): ValueTemplate | undefined {
  if (node.asObject() === undefined) return undefined;
  const typeNode = node.required('valueType');
  const given = typeNode?.asText();
  const valueName = node.required('valueName')?.asText() ?? '';
  const unit = node.optionalText('unit');
  switch (given?.toLowerCase()) {
    case 'quantity': {
      const system = node.optionalText('system');
      const code = node.optionalText('code');
      return { valueType: 'Quantity', valueName, ...withoutBlanks({ unit, system, code }) };
    }
    case 'sampleddata':
      return {
        valueType: 'SampledData',
        valueName,
        ...withoutBlanks({ unit }),
        defaultPeriod: readPeriod(node, compatibility),
      };
    case 'string':
      return { valueType: 'String', valueName };
    case 'codeableconcept':
      return { valueType: 'CodeableConcept', valueName, concept: readConcept(node, 'all') };
    case undefined:
      return undefined;
    default:
      typeNode?.problem(`valueType is SampledData, Quantity, String or CodeableConcept, given is ${given}.`);
      return undefined;
  }
}

/** The original never ends on a period of 0, and fails each group without one. */
function readPeriod(node: MappingNode, compatibility: Compatibility): number | undefined {
  const member = node.member('defaultPeriod');
  if (member === undefined) {
    node.problem(
      'SampledData needs a defaultPeriod in milliseconds.',
      compatibility === 'medtech' ? 'warning' : 'error',
    );
    return undefined;
  }
  const period = member.asNumber();
  if (period !== undefined && period < 0.0001) {
    member.problem('defaultPeriod is in milliseconds and at least 0.0001.');
    return undefined;
  }
  return period;
}

function withoutBlanks<T extends Record<string, string | undefined>>(texts: T): Partial<Record<keyof T, string>> {
  const entries = Object.entries(texts).filter(([, text]) => text !== undefined && text !== '');
  return Object.fromEntries(entries) as Partial<Record<keyof T, string>>;
}

/** Whether a category says that the Observation is a vital sign. */
export function isVitalSigns(category: CodeableConcept): boolean {
  const system = 'http://terminology.hl7.org/CodeSystem/observation-category';
  return category.coding?.some((coding) => coding.system === system && coding.code === 'vital-signs') ?? false;
}

/** The vital signs profiles of FHIR R4 take a Quantity only with unit, system and code. */
function checkVitalSign(template: MappingNode): void {
  const components = template.member('components')?.items() ?? [];
  for (const node of [template, ...components]) {
    const value = node.member('value');
    if (value === undefined || String(value.member('valueType')?.value).toLowerCase() !== 'quantity') continue;
    const missing = ['unit', 'system', 'code'].filter((name) => !value.member(name)?.value);
    if (missing.length > 0) {
      value.problem(`The Quantity of a vital sign needs unit, system and code; missing: ${missing.join(', ')}.`);
    }
  }
}
