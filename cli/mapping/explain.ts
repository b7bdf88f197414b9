import type { Compatibility } from '../../runtime/medtech/compatibility';
import { MedTechError } from '../../runtime/medtech/errors';
import { Evaluation } from '../../runtime/medtech/expressions/evaluation';
import type { DeviceMapping } from '../../runtime/medtech/mapping/deviceMapping';
import type { DeviceTemplate } from '../../runtime/medtech/mapping/deviceTemplate';
import type { FieldExpression } from '../../runtime/medtech/mapping/expressionField';
import type { Place } from '../../runtime/medtech/mapping/source';
import { timeOf } from '../../runtime/medtech/normalize';
import { isArray, isObject, type JsonObject, type Token, textOf } from '../../runtime/medtech/tokens';

/** What a template made of one message that it gave no measurement for, or not the whole one. */
export interface Finding {
  readonly typeName: string;
  readonly place: Place;
  /** `noMatch`: the message is not of this type; `dropped`: a value is left out; `failed`: the message is given up. */
  readonly kind: 'noMatch' | 'dropped' | 'failed';
  /** Names the expression and says what it gave. */
  readonly reason: string;
}

/** Looks at every template for itself, also at those after the one that the message fails in. */
export function explain(mapping: DeviceMapping, root: JsonObject): readonly Finding[] {
  return mapping.templates.flatMap((template) => explainTemplate(template, root, mapping.compatibility));
}

function explainTemplate(template: DeviceTemplate, root: JsonObject, compatibility: Compatibility): readonly Finding[] {
  const { typeName, typeMatch, scope } = template;
  const matched = evaluate(typeMatch, root, compatibility);
  if ('reason' in matched) return [{ typeName, place: typeMatch.place, kind: 'failed', reason: matched.reason }];
  if (matched.tokens.length === 0) {
    const reason = `typeMatchExpression ${shown(typeMatch)} gave nothing.`;
    return [{ typeName, place: typeMatch.place, kind: 'noMatch', reason }];
  }
  return matched.tokens.flatMap((match) => {
    const document = scope === 'matchedToken' ? match : { ...root, matchedToken: match };
    return fieldsOf(template).flatMap(({ fields, name, required, time }) => {
      const reasons = fields.map((field) => {
        const found = evaluate(field, document, compatibility, true);
        return reasonAgainst(field, name, found, required, time);
      });
      if (reasons.some((reason) => reason === undefined)) return [];
      const [{ place }] = fields as [FieldExpression];
      const failed = required || reasons.some((reason) => reason?.fatal === true);
      const reason = reasons.map((one) => one?.text).join(' ');
      return [{ typeName, place, kind: failed ? ('failed' as const) : ('dropped' as const), reason }];
    });
  });
}

interface Field {
  readonly name: string;
  readonly fields: readonly FieldExpression[];
  readonly required: boolean;
  readonly time: boolean;
}

/** In the order in which the engine evaluates them. */
function fieldsOf(template: DeviceTemplate): readonly Field[] {
  const one = (name: string, field: FieldExpression | undefined, required: boolean): Field[] =>
    field === undefined ? [] : [{ name, fields: [field], required, time: false }];
  return [
    ...one('deviceIdExpression', template.deviceId, true),
    { name: 'timestampExpression', fields: template.timestamp, required: true, time: true },
    ...one('correlationIdExpression', template.correlationId, true),
    ...one('patientIdExpression', template.patientId, false),
    ...one('encounterIdExpression', template.encounterId, false),
    ...template.values.flatMap(({ name, field, required }) => one(`valueExpression of '${name}'`, field, required)),
  ];
}

/** undefined when the expression gives what it should; `fatal` fails the message even where the value is optional. */
function reasonAgainst(
  field: FieldExpression,
  name: string,
  found: Found,
  required: boolean,
  time: boolean,
): { readonly text: string; readonly fatal: boolean } | undefined {
  if ('reason' in found) return { text: `${name}: ${found.reason}`, fatal: true };
  const [token] = found.tokens;
  const because = (what: string) => ({ text: `${name} ${shown(field)} gave ${what}.`, fatal: false });
  if (token === undefined) return required ? because('nothing') : undefined;
  if (token === null) return required ? because('null') : undefined;
  if (isArray(token) || isObject(token)) {
    return because(
      `${isArray(token) ? 'an array' : 'an object'} where a ${time ? 'time' : 'text or number'} is needed`,
    );
  }
  const text = time ? timeOf(token) : textOf(token, 'asSent');
  if (text === undefined || text === null)
    return because(time ? `a ${typeof token} that is no time` : 'a number beyond 64 bits');
  return required && text.trim() === '' ? because('a blank text') : undefined;
}

type Found = { readonly tokens: readonly Token[] } | { readonly reason: string };

function evaluate(field: FieldExpression, document: Token, compatibility: Compatibility, one = false): Found {
  if (field.expression === undefined) return { reason: field.failure?.message ?? '' };
  const evaluation = new Evaluation(document, compatibility);
  try {
    if (!one) return { tokens: field.expression.selectMany(document, evaluation) };
    const token = field.expression.selectOne(document, evaluation);
    return { tokens: token === undefined ? [] : [token] };
  } catch (error) {
    if (error instanceof MedTechError || error instanceof RangeError) return { reason: error.message };
    throw error;
  }
}

function shown(field: FieldExpression): string {
  return `'${field.text}'`;
}
