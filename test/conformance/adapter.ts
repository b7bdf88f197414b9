import { parseBody } from '../../runtime/medtech/body';
import { compileExpression } from '../../runtime/medtech/expressions/compile';
import { Evaluation } from '../../runtime/medtech/expressions/evaluation';
import type { ExpressionLanguage } from '../../runtime/medtech/expressions/expression';
import { isoText } from '../../runtime/medtech/instant';
import { loadDeviceMapping } from '../../runtime/medtech/mapping/deviceMapping';
import { normalize as normalizeMessage, normalizeRoot } from '../../runtime/medtech/normalize';
import {
  DateToken,
  isArray,
  isObject,
  type JsonObject,
  PropertyText,
  type Token,
  textOf,
} from '../../runtime/medtech/tokens';

import { errorsOf, failure, mappingText } from './failures';

export { partitionKey } from '../../runtime/medtech/partitionKey';
export { mapObservations, resolveIdentity, sampledData } from './fhirAdapter';
export { news2 } from './news2Adapter';

/** A raw device message, or the finished root object as JSON. */
type Event =
  | { readonly token: unknown }
  | { readonly tokenText: string }
  | {
      readonly bodyText: string;
      readonly properties?: Record<string, unknown>;
      readonly systemProperties?: Record<string, unknown>;
      readonly enqueuedTime?: string;
    };

export function normalize(input: { readonly deviceMapping: unknown; readonly events: readonly Event[] }) {
  const { mapping, problems } = loadDeviceMapping(mappingText(input.deviceMapping), 'medtech');
  const templateErrors = errorsOf(problems);
  if (mapping === undefined) return { templateErrors, templateErrorClass: 'ValidationException', results: [] };
  const results = input.events.map((event) => {
    const { measurements, error } =
      'bodyText' in event
        ? normalizeMessage(mapping, {
            body: event.bodyText,
            properties: event.properties ?? {},
            systemProperties: event.systemProperties ?? {},
            enqueuedTime: event.enqueuedTime,
          })
        : normalizeRoot(
            mapping,
            parseBody(
              'token' in event ? JSON.stringify(event.token) : event.tokenText,
              mapping.numberKinds,
            ) as JsonObject,
          );
    return { measurements, error: error === undefined ? null : failure(error) };
  });
  return { templateErrors, results };
}

export function evalExpression(input: {
  readonly language: ExpressionLanguage;
  readonly expression: string;
  readonly json: string;
  readonly mode: 'one' | 'many';
}) {
  let expression: ReturnType<typeof compileExpression>;
  try {
    expression = compileExpression(input.language, input.expression);
  } catch (error) {
    return { error: { class: 'TemplateExpressionException', message: (error as Error).message } };
  }
  try {
    const document = parseBody(input.json, true);
    const evaluation = new Evaluation(document, 'medtech');
    if (input.mode === 'many') return { values: expression.selectMany(document, evaluation).map(plain) };
    const found = expression.selectOne(document, evaluation);
    if (found === undefined) return { found: false };
    return { found: true, value: plain(found), text: textOf(found, 'american') ?? undefined };
  } catch (error) {
    return { error: failure(error) };
  }
}

function plain(token: Token): unknown {
  if (typeof token === 'bigint') return Number(token);
  if (token instanceof DateToken) return isoText(token.ticks);
  if (token instanceof PropertyText) return token.text;
  if (isArray(token)) return token.map(plain);
  if (isObject(token)) return Object.fromEntries(Object.entries(token).map(([name, value]) => [name, plain(value)]));
  return token;
}
