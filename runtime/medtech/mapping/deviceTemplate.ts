import type { Compatibility } from '../compatibility';
import { isTemplateType, type TemplateEntry } from './collection';
import { blank, type FieldExpression, fixedExpression, readExpression } from './expressionField';
import type { MappingNode } from './source';

/** One value of a measurement. */
export interface ValueExpression {
  readonly name: string;
  readonly required: boolean;
  readonly field: FieldExpression;
}

export interface DeviceTemplate {
  readonly typeName: string;
  /**
   * What the expressions after the match see: `matchedToken`: only the matched token itself (JsonPath kinds);
   * `rootWithMatch`: the whole message with the match as `matchedToken` (CalculatedContent).
   */
  readonly scope: 'matchedToken' | 'rootWithMatch';
  readonly typeMatch: FieldExpression;
  readonly deviceId: FieldExpression;
  /** Tried in order. */
  readonly timestamp: readonly FieldExpression[];
  readonly correlationId: FieldExpression | undefined;
  readonly patientId: FieldExpression | undefined;
  readonly encounterId: FieldExpression | undefined;
  readonly values: readonly ValueExpression[];
  /** All of the above, for what holds for the template as a whole. */
  readonly expressions: readonly FieldExpression[];
}

const commonMembers = [
  'typeName',
  'typeMatchExpression',
  'deviceIdExpression',
  'timestampExpression',
  'patientIdExpression',
  'encounterIdExpression',
  'correlationIdExpression',
  'values',
];

interface Kind {
  readonly type: string;
  readonly calculated: boolean;
  readonly deviceId?: readonly string[];
  readonly timestamp?: readonly string[];
}

const kinds: readonly Kind[] = [
  { type: 'JsonPathContent', calculated: false },
  {
    type: 'IotJsonPathContent',
    calculated: false,
    deviceId: ['$.SystemProperties.iothub-connection-device-id'],
    timestamp: ['$.Properties.iothub-creation-time-utc', '$.SystemProperties.iothub-enqueuedtime'],
  },
  {
    type: 'IotCentralJsonPathContent',
    calculated: false,
    deviceId: ['$.deviceId'],
    timestamp: ['$.enqueuedTime'],
  },
  { type: 'CalculatedContent', calculated: true },
];

/** Reads one template; undefined, with problems, when it cannot be used. */
export function readDeviceTemplate(
  { kind: given, entry, template }: TemplateEntry,
  compatibility: Compatibility,
): DeviceTemplate | undefined {
  const kind = kinds.find(({ type }) => isTemplateType(given, type));
  // The original's documentation has this name, its code has not.
  const unknown = compatibility === 'medtech' && /^calculatedcontenttemplate$/i.test(given.trim());
  if (kind === undefined || unknown) {
    const allowed = kinds.map(({ type }) => type).join(', ');
    entry.member('templateType')?.problem(`No match found for template type ${given}. Allowed are ${allowed}.`);
    return undefined;
  }
  template.onlyMembers(kind.calculated ? [...commonMembers, 'defaultExpressionLanguage'] : commonMembers);
  const language = kind.calculated ? readLanguage(template.member('defaultExpressionLanguage')) : 'JsonPath';
  const context = { calculated: kind.calculated, language: language ?? 'JsonPath', compatibility } as const;
  const typeName = readTypeName(template, compatibility);
  const field = (name: string) => readExpression(template.required(name), name, context);
  const optional = (name: string) => {
    const node = template.member(name);
    const value = node?.value;
    if (node === undefined || (!kind.calculated && typeof value === 'string' && blank(value))) return undefined;
    return readExpression(node, name, context);
  };
  const typeMatch = field('typeMatchExpression');
  const deviceId =
    kind.deviceId === undefined ? field('deviceIdExpression') : fixed(kind.deviceId, 'deviceIdExpression', template)[0];
  const timestamp =
    kind.timestamp === undefined
      ? [field('timestampExpression')]
      : fixed(kind.timestamp, 'timestampExpression', template);
  const ids = {
    correlationId: optional('correlationIdExpression'),
    patientId: optional('patientIdExpression'),
    encounterId: optional('encounterIdExpression'),
  };
  const values = readValues(template, kind.calculated, (node, name) => readExpression(node, name, context));
  if (typeName === undefined || typeMatch === undefined || deviceId === undefined) return undefined;
  const timestamps = timestamp.filter((one) => one !== undefined);
  const expressions = [
    typeMatch,
    deviceId,
    ...timestamps,
    ...Object.values(ids),
    ...values.map((value) => value.field),
  ];
  return {
    typeName,
    scope: kind.calculated ? 'rootWithMatch' : 'matchedToken',
    typeMatch,
    deviceId,
    timestamp: timestamps,
    ...ids,
    values,
    expressions: expressions.filter((expression) => expression !== undefined),
  };
}

function fixed(paths: readonly string[], name: string, template: MappingNode): readonly FieldExpression[] {
  return paths.map((path) => fixedExpression(path, name, template));
}

function readTypeName(template: MappingNode, compatibility: Compatibility): string | undefined {
  const node = template.required('typeName');
  const text = node?.asText();
  if (text === undefined || !blank(text)) return text;
  node?.problem('typeName may not be blank.', compatibility === 'medtech' ? 'warning' : 'error');
  return text;
}

function readLanguage(node: MappingNode | undefined): 'JsonPath' | 'JmesPath' | undefined {
  const text = node?.asText()?.toLowerCase();
  if (text === 'jsonpath' || text === undefined) return 'JsonPath';
  if (text === 'jmespath') return 'JmesPath';
  node?.problem('defaultExpressionLanguage is JsonPath or JmesPath.');
  return undefined;
}

function readValues(
  template: MappingNode,
  calculated: boolean,
  expression: (node: MappingNode | undefined, name: string) => FieldExpression | undefined,
): readonly ValueExpression[] {
  const list = template.member('values');
  if (list === undefined) {
    if (calculated) template.required('values');
    return [];
  }
  return list.asArray().flatMap((node) => {
    if (node.asObject() === undefined) return [];
    node.onlyMembers(['valueName', 'valueExpression', 'required']);
    const name = node.required('valueName')?.asText();
    const required = node.member('required')?.asBoolean() ?? false;
    const member = node.required('valueExpression');
    const field = expression(member, name ?? 'valueExpression');
    if (name === undefined || field === undefined) return [];
    // The original leaves out an optional value whose expression is blank (`medtech`; `r4` refuses the mapping).
    const absent = field.failure?.errorName === 'IncompatibleDataException' && !required;
    return absent ? [] : [{ name, required, field }];
  });
}
