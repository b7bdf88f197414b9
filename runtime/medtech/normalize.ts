import type { DeviceMessage } from '../contracts/deviceMessage';
import type { Measurement, MeasurementProperty } from '../contracts/measurement';
import { firstJsonValue, parseBody, propertyTokens } from './body';
import { MedTechError } from './errors';
import { Evaluation } from './expressions/evaluation';
import type { Expression } from './expressions/expression';
import { isoText, isoTextOf } from './instant';
import type { DeviceMapping } from './mapping/deviceMapping';
import type { DeviceTemplate } from './mapping/deviceTemplate';
import type { FieldExpression } from './mapping/expressionField';
import { DateToken, type JsonObject, PropertyText, type Token, textOf } from './tokens';

/** What one device message gave. */
export interface NormalizationResult {
  /** In the order of the templates, and of their matches in the message. */
  readonly measurements: readonly Measurement[];
  /** Why the message was given up; measurements found before it are kept. undefined when all went well. */
  readonly error: MedTechError | undefined;
}

/**
 * Turns one device message into measurements: every template is tried, every match gives one. The message is not
 * changed; the same message and mapping always give the same result.
 */
export function normalize(mapping: DeviceMapping, message: DeviceMessage): NormalizationResult {
  let root: JsonObject;
  try {
    root = rootOf(mapping, message);
  } catch (error) {
    return { measurements: [], error: asMedTechError(error) };
  }
  return run(
    mapping,
    root,
    new Evaluation(root, mapping.compatibility, objectsOfFlat(message.body, root)),
    message.enqueuedTime,
  );
}

/**
 * What the expressions see of a message.
 *
 * @throws MedTechError InvalidDataFormatException for a body that cannot be read.
 */
export function rootOf(mapping: DeviceMapping, message: DeviceMessage): JsonObject {
  return {
    Body: readBody(mapping, message.body),
    Properties: propertyTokens(message.properties),
    SystemProperties: propertyTokens(message.systemProperties),
  };
}

/** A body with one brace holds no further object, nor do properties: the usual message needs no walk. */
function objectsOfFlat(text: string, root: JsonObject): readonly JsonObject[] | undefined {
  const { Body, Properties, SystemProperties } = root;
  if (!text.startsWith('{') || text.includes('{', 1)) return undefined;
  return [root, Body as JsonObject, Properties as JsonObject, SystemProperties as JsonObject];
}

function readBody(mapping: DeviceMapping, text: string): Token {
  if (mapping.compatibility === 'medtech' && text !== '' && isBlank(text)) {
    throw new MedTechError('InvalidDataFormatException', 'The body of the message is blank.');
  }
  try {
    return parseBody(text, mapping.numberKinds);
  } catch (error) {
    if (mapping.compatibility === 'r4') throw error;
    return parseBody(firstJsonValue(text), mapping.numberKinds);
  }
}

/** As normalize, for a message whose root object (`Body`, `Properties`, `SystemProperties`) is there already. */
export function normalizeRoot(mapping: DeviceMapping, root: JsonObject, enqueuedTime?: string): NormalizationResult {
  return run(mapping, root, new Evaluation(root, mapping.compatibility), enqueuedTime);
}

function run(
  mapping: DeviceMapping,
  root: JsonObject,
  evaluation: Evaluation,
  enqueuedTime: string | undefined,
): NormalizationResult {
  const context = {
    evaluation,
    ingestionTime: enqueuedTime === undefined ? null : (isoTextOf(enqueuedTime) ?? null),
    text: mapping.compatibility === 'medtech' ? americanTextOf : sentTextOf,
  };
  const measurements: Measurement[] = [];
  try {
    for (const template of mapping.templates) {
      for (const match of compiled(template.typeMatch).selectMany(root, context.evaluation)) {
        const document = template.scope === 'matchedToken' ? match : { ...root, matchedToken: match };
        measurements.push(measure(template, document, context));
      }
    }
  } catch (error) {
    return { measurements, error: asMedTechError(error) };
  }
  return { measurements, error: undefined };
}

/** A message that exhausts the stack is as sick as one that fails an expression. */
function asMedTechError(error: unknown): MedTechError {
  if (error instanceof MedTechError) return error;
  if (error instanceof RangeError) {
    return new MedTechError('TemplateExpressionException', 'The message is too deep or too large for an expression.');
  }
  throw error;
}

type Convert = (token: Token) => string | null | undefined;

/** What the measurements of one message share. */
interface Context {
  readonly evaluation: Evaluation;
  readonly ingestionTime: string | null;
  readonly text: Convert;
}

function measure(template: DeviceTemplate, document: Token, { evaluation, ingestionTime, text }: Context): Measurement {
  const deviceId = extract(template.deviceId, document, true, text, evaluation) as string;
  const time = timestamp(template.timestamp, document, evaluation);
  const correlationId = extract(template.correlationId, document, true, text, evaluation);
  const patientId = extract(template.patientId, document, false, text, evaluation);
  const encounterId = extract(template.encounterId, document, false, text, evaluation);
  const properties: MeasurementProperty[] = [];
  for (const { name, required, field } of template.values) {
    const value = extract(field, document, required, text, evaluation);
    if (value !== null) properties.push({ Name: name, Value: value });
  }
  return {
    Type: template.typeName,
    OccurrenceTimeUtc: time,
    IngestionTimeUtc: ingestionTime,
    DeviceId: deviceId,
    PatientId: patientId,
    EncounterId: encounterId,
    CorrelationId: correlationId,
    Properties: properties,
  };
}

/**
 * An expression's value as text; null where the template has none. An expression that fails fails the message, also for an optional value; a value that
 * cannot be converted is only a failure where it is required.
 */
function extract(
  field: FieldExpression | undefined,
  document: Token,
  required: boolean,
  convert: Convert,
  evaluation: Evaluation,
): string | null {
  if (field === undefined) return null;
  const value = textIn(field, document, convert, evaluation);
  if (!required) return value;
  if (value === null || isBlank(value)) throw missing(field);
  return value;
}

/** The first expression's value that is a time; one kind of template has a second expression. */
function timestamp(fields: readonly FieldExpression[], document: Token, evaluation: Evaluation): string {
  for (const field of fields) {
    const value = textIn(field, document, timeOf, evaluation);
    if (value !== null && !isBlank(value)) return value;
  }
  throw missing(fields[0]);
}

/** null when there is no value, or none that can be converted. */
function textIn(field: FieldExpression, document: Token, convert: Convert, evaluation: Evaluation): string | null {
  const token = compiled(field).selectOne(document, evaluation);
  return token === undefined ? null : (convert(token) ?? null);
}

function missing(field: FieldExpression | undefined): MedTechError {
  return new MedTechError('IncompatibleDataException', `Unable to extract required value for [${field?.name ?? ''}].`);
}

function isBlank(text: string): boolean {
  return text.charCodeAt(0) > 32 ? text.charCodeAt(0) >= 128 && text.trim() === '' : text.trim() === '';
}

const sentTextOf: Convert = (token) => textOf(token, 'asSent');
const americanTextOf: Convert = (token) => textOf(token, 'american');

export const timeOf: Convert = (token) => {
  if (token === null) return null;
  if (token instanceof DateToken) return isoText(token.ticks);
  const text = token instanceof PropertyText ? token.text : token;
  return typeof text === 'string' ? isoTextOf(text) : undefined;
};

function compiled(field: FieldExpression): Expression {
  if (field.expression !== undefined) return field.expression;
  throw new MedTechError(field.failure?.errorName ?? 'TemplateExpressionException', field.failure?.message ?? '');
}
