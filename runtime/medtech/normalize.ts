import type { DeviceMessage } from '../contracts/deviceMessage';
import type { Measurement, MeasurementProperty } from '../contracts/measurement';
import { firstJsonValue, parseBody, propertyTokens } from './body';
import { MedTechError } from './errors';
import type { Expression } from './expressions/expression';
import { isoText, parseTimestamp } from './instant';
import type { DeviceMapping } from './mapping/deviceMapping';
import type { DeviceTemplate } from './mapping/deviceTemplate';
import type { FieldExpression } from './mapping/expressionField';
import { type DateText, DateToken, type JsonObject, PropertyText, type Token, textOf } from './tokens';

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
    root = {
      Body: readBody(mapping, message.body),
      Properties: propertyTokens(message.properties),
      SystemProperties: propertyTokens(message.systemProperties),
    };
  } catch (error) {
    return { measurements: [], error: asMedTechError(error) };
  }
  return normalizeRoot(mapping, root, message.enqueuedTime);
}

function readBody(mapping: DeviceMapping, text: string): Token {
  try {
    return parseBody(text, mapping.numberKinds);
  } catch (error) {
    if (mapping.compatibility === 'r4') throw error;
    return parseBody(firstJsonValue(text), mapping.numberKinds);
  }
}

/** As normalize, for a message whose root object (`Body`, `Properties`, `SystemProperties`) is there already. */
export function normalizeRoot(mapping: DeviceMapping, root: JsonObject, enqueuedTime?: string): NormalizationResult {
  const ticks = enqueuedTime === undefined ? undefined : parseTimestamp(enqueuedTime);
  const ingestionTime = ticks === undefined ? null : isoText(ticks);
  const measurements: Measurement[] = [];
  try {
    for (const template of mapping.templates) {
      for (const match of compiled(template.typeMatch).selectMany(root)) {
        const document = template.scope === 'matchedToken' ? match : { ...root, matchedToken: match };
        measurements.push(
          measure(template, document, ingestionTime, mapping.compatibility === 'medtech' ? 'american' : 'asSent'),
        );
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

function measure(
  template: DeviceTemplate,
  document: Token,
  ingestionTime: string | null,
  dates: DateText,
): Measurement {
  const text = (field: FieldExpression | undefined, required: boolean) =>
    field === undefined ? null : extract([field], document, required, (token) => textOf(token, dates));
  const deviceId = text(template.deviceId, true) as string;
  const time = extract(template.timestamp, document, true, timestampOf) as string;
  const correlationId = text(template.correlationId, true);
  const patientId = text(template.patientId, false);
  const encounterId = text(template.encounterId, false);
  const properties: MeasurementProperty[] = [];
  for (const { name, required, field } of template.values) {
    const value = text(field, required);
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
 * The first expression's value that can be converted. An expression that fails fails the message, also for an optional
 * value; a value that cannot be converted is only a failure where it is required.
 *
 * @param convert gives null for a JSON null and undefined for what cannot be converted.
 */
function extract(
  fields: readonly FieldExpression[],
  document: Token,
  required: boolean,
  convert: (token: Token) => string | null | undefined,
): string | null {
  for (const field of fields) {
    const token = compiled(field).selectOne(document);
    if (token === undefined) continue;
    const value = convert(token);
    if (value === undefined || (required && (value === null || value.trim() === ''))) continue;
    return value;
  }
  if (!required) return null;
  throw new MedTechError(
    'IncompatibleDataException',
    `Unable to extract required value for [${fields[0]?.name ?? ''}].`,
  );
}

function timestampOf(token: Token): string | null | undefined {
  if (token === null) return null;
  if (token instanceof DateToken) return isoText(token.ticks);
  const text = token instanceof PropertyText ? token.text : token;
  const ticks = typeof text === 'string' ? parseTimestamp(text) : undefined;
  return ticks === undefined ? undefined : isoText(ticks);
}

function compiled(field: FieldExpression): Expression {
  if (field.expression !== undefined) return field.expression;
  throw new MedTechError(field.failure?.errorName ?? 'TemplateExpressionException', field.failure?.message ?? '');
}
