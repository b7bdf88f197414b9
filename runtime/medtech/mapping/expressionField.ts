import type { Compatibility } from '../compatibility';
import { compileExpression } from '../expressions/compile';
import type { Expression, ExpressionLanguage } from '../expressions/expression';
import type { MappingNode, Place } from './source';

/** An expression of a template, under the name that errors give it. */
export interface FieldExpression {
  readonly name: string;
  /** As the mapping has it. */
  readonly text: string;
  /** Where it stands in the mapping; of an expression that a kind of template brings along, the template. */
  readonly place: Place;
  /** undefined when the mapping's expression fails on each event, which only the `medtech` compatibility allows. */
  readonly expression: Expression | undefined;
  /** Why there is no expression. */
  readonly failure:
    | { readonly errorName: 'IncompatibleDataException' | 'TemplateExpressionException'; readonly message: string }
    | undefined;
}

export interface ExpressionContext {
  /** Whether the template is a CalculatedContent: expression objects are allowed, blank ones never. */
  readonly calculated: boolean;
  readonly language: ExpressionLanguage;
  readonly compatibility: Compatibility;
}

export function blank(text: string): boolean {
  return text.trim() === '';
}

export function fixedExpression(path: string, name: string, { place }: MappingNode): FieldExpression {
  const expression = compileExpression('JsonPath', path);
  return { name: shownName(name), text: path, place, expression, failure: undefined };
}

/** Compiles an expression of the mapping; undefined, with problems, when it cannot be used. */
export function readExpression(
  node: MappingNode | undefined,
  name: string,
  context: ExpressionContext,
): FieldExpression | undefined {
  const given = node === undefined ? undefined : readText(node, context);
  if (node === undefined || given === undefined) return undefined;
  const { text, language } = given;
  const shown = shownName(name);
  const field = { name: shown, text, place: node.place };
  const deferred = context.compatibility === 'medtech';
  if (blank(text)) {
    const message = `An expression must be set for [${shown}].`;
    node.problem(message, deferred && !context.calculated ? 'warning' : 'error');
    return { ...field, expression: undefined, failure: { errorName: 'IncompatibleDataException', message } };
  }
  try {
    return { ...field, expression: compileExpression(language, text), failure: undefined };
  } catch (error) {
    const { message } = error as Error;
    node.problem(message, deferred && language === 'JsonPath' ? 'warning' : 'error');
    return { ...field, expression: undefined, failure: { errorName: 'TemplateExpressionException', message } };
  }
}

/** `deviceIdExpression` is shown as `DeviceIdExpression`, the name of a value as it is. */
function shownName(name: string): string {
  return name.endsWith('Expression') ? name.slice(0, 1).toUpperCase() + name.slice(1) : name;
}

function readText(
  node: MappingNode,
  context: ExpressionContext,
): { readonly text: string; readonly language: ExpressionLanguage } | undefined {
  if (!context.calculated || node.kind !== 'object') {
    const text = node.asText();
    return text === undefined ? undefined : { text, language: context.language };
  }
  const text = node.required('value')?.asText();
  const language = node.optionalText('language');
  if (text === undefined) return undefined;
  if (language === undefined) return { text, language: context.language };
  const known = (['JsonPath', 'JmesPath'] as const).find((one) => one.toLowerCase() === language.toLowerCase());
  if (known !== undefined) return { text, language: known };
  node.member('language')?.problem('language is JsonPath or JmesPath.');
  return undefined;
}
