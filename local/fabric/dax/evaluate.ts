import type { ModelTable, SemanticModel } from '../../../runtime/powerbi/model';
import { filterTable, type Row, type VisibleRows } from './rows';
import { type Dax, type DaxValue, parseDax, within } from './syntax';

/** In which an expression is evaluated. */
export interface DaxContext {
  readonly model: SemanticModel;
  readonly visible: VisibleRows;
  /** Object id of who asks. */
  readonly user: string;
  /** The row of a calculated column or a filter, and of which table. */
  readonly row?: { readonly table: string; readonly values: Row };
  /** Columns by which a visual groups, as `'table'[column]`. */
  readonly grouped?: ReadonlySet<string>;
}

const parsed = new Map<string, Dax>();

/** Value of an expression. @throws Error in one sentence for what does not fit its context */
export function evaluateDax(source: string, context: DaxContext): DaxValue {
  let dax = parsed.get(source);
  if (!dax) {
    dax = parseDax(source);
    parsed.set(source, dax);
  }
  return evaluate(dax, context);
}

/** Rows of a view with the values of the table's calculated columns. */
export function withCalculated(table: ModelTable, rows: readonly Row[], model: SemanticModel): Row[] {
  const calculated = table.columns.filter(({ expression }) => expression !== undefined);
  const visible = { rows: new Map(), filtered: new Set<string>() };
  return rows.map((row) => {
    let values = row;
    // In the order in which they stand: one may use those before it.
    for (const { name, expression = '' } of calculated) {
      const value = evaluateDax(expression, { model, visible, user: '', row: { table: table.name, values } });
      values = { ...values, [name]: value };
    }
    return values;
  });
}

/** Formula of a measure, whose name is its own in the whole model. */
export function measureOf(model: SemanticModel, name: string): string {
  const found = model.tables.flatMap(({ measures }) => measures).find((one) => one.name === name);
  if (!found) throw new Error(`DAX: there is no measure [${name}].`);
  return found.expression;
}

function evaluate(dax: Dax, context: DaxContext): DaxValue {
  if (dax.kind === 'value') return dax.value;
  if (dax.kind === 'measure') return evaluateDax(measureOf(context.model, dax.name), context);
  if (dax.kind === 'column') return columnOf(dax, context);
  if (dax.kind === 'binary') return binary(dax.operator, dax.left, dax.right, context);
  if (dax.kind === 'call') return call(dax.name, dax.args, context);
  throw new Error(`DAX: the table '${dax.table}' stands where a value is expected.`);
}

function columnOf({ table, column }: { table: string; column: string }, { row }: DaxContext): DaxValue {
  if (row?.table !== table) throw new Error(`DAX: '${table}'[${column}] has no row here; aggregate it.`);
  const value = row.values[column];
  if (value === undefined) throw new Error(`DAX: the table '${table}' has no column [${column}].`);
  return value;
}

function binary(operator: string, left: Dax, right: Dax, context: DaxContext): DaxValue {
  const a = evaluate(left, context);
  if (operator === '&&') return isTrue(a) && isTrue(evaluate(right, context));
  if (operator === '||') return isTrue(a) || isTrue(evaluate(right, context));
  const b = evaluate(right, context);
  if (operator === '&') return `${textOf(a)}${textOf(b)}`;
  if ('+-*/'.includes(operator)) return arithmetic(operator, numberOf(a), numberOf(b));
  const order = compareValues(a, b);
  const comparisons: Readonly<Record<string, boolean>> = {
    '=': order === 0,
    '<>': order !== 0,
    '<': order < 0,
    '<=': order <= 0,
    '>': order > 0,
    '>=': order >= 0,
  };
  return comparisons[operator] ?? null;
}

function arithmetic(operator: string, a: number, b: number): DaxValue {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  return operator === '*' ? a * b : a / b;
}

/** BLANK equals nothing of the other's type: an empty text, zero, false. Texts compare without regard to case. */
export function compareValues(a: DaxValue, b: DaxValue): number {
  const [left, right] = [comparable(a, b), comparable(b, a)];
  if (typeof left !== typeof right) throw new Error(`DAX compares ${typeof left} with ${typeof right}.`);
  return left < right ? -1 : left > right ? 1 : 0;
}

function comparable(value: DaxValue, other: DaxValue): string | number {
  if (value === null) return typeof other === 'string' ? '' : 0;
  if (typeof value === 'string') return value.toLowerCase();
  return Number(value);
}

function call(name: string, args: readonly Dax[], context: DaxContext): DaxValue {
  const value = (n: number): DaxValue => {
    const arg = args[n];
    return arg ? evaluate(arg, context) : null;
  };
  switch (name) {
    case 'BLANK':
      return null;
    case 'TRUE':
    case 'FALSE':
      return name === 'TRUE';
    case 'USEROBJECTID':
      return context.user;
    case 'ISBLANK':
      return value(0) === null;
    case 'NOT':
      return !isTrue(value(0));
    case 'IF':
      return isTrue(value(0)) ? value(1) : value(2);
    case 'INT':
      return Math.floor(numberOf(value(0)));
    case 'DIVIDE':
      return value(0) === null || numberOf(value(1)) === 0 ? null : numberOf(value(0)) / numberOf(value(1));
    case 'SWITCH':
      return switched(args, context);
    case 'COUNTROWS':
      return rowsOf(args[0], context).length || null;
    case 'CALCULATE':
      return calculate(args, context);
    default:
      return extreme(name, args[0], context);
  }
}

/** `SWITCH(value, case, result, ..., otherwise)`. */
function switched([subject, ...rest]: readonly Dax[], context: DaxContext): DaxValue {
  const wanted = subject ? evaluate(subject, context) : null;
  for (let n = 0; n + 1 < rest.length; n += 2) {
    const [one, result] = [rest[n], rest[n + 1]];
    if (one && result && compareValues(evaluate(one, context), wanted) === 0) return evaluate(result, context);
  }
  const otherwise = rest.length % 2 === 1 ? rest.at(-1) : undefined;
  return otherwise ? evaluate(otherwise, context) : null;
}

function rowsOf(dax: Dax | undefined, { visible }: DaxContext): readonly Row[] {
  if (dax?.kind !== 'table') throw new Error('DAX: a table is expected.');
  return visible.rows.get(dax.table) ?? [];
}

function extreme(name: string, dax: Dax | undefined, { visible }: DaxContext): DaxValue {
  if (dax?.kind !== 'column') throw new Error(`DAX: ${name} takes a column.`);
  const values = (visible.rows.get(dax.table) ?? [])
    .map((row) => row[dax.column] ?? null)
    .filter((one) => one !== null);
  const sign = name === 'MAX' ? 1 : -1;
  return values.reduce<DaxValue>(
    (best, one) => (best === null || sign * compareValues(one, best) > 0 ? one : best),
    null,
  );
}

/** Each filter is a condition on columns of one table. */
function calculate([expression, ...filters]: readonly Dax[], context: DaxContext): DaxValue {
  if (context.row) throw new Error('DAX: CALCULATE within a row is not among what the local cloud knows.');
  const visible = filters.reduce((seen, filter) => {
    const columns = [...within(filter)].filter((one) => one.kind === 'column');
    const [table = '', ...others] = new Set(columns.map((one) => one.table));
    if (table === '' || others.length > 0) throw new Error('DAX: a filter of CALCULATE must be about one table.');
    // There the filter would take the place of the group's.
    const clash = columns.find((one) => context.grouped?.has(`'${one.table}'[${one.column}]`));
    if (clash) throw new Error(`DAX: CALCULATE filters '${clash.table}'[${clash.column}], by which the visual groups.`);
    return filterTable(seen, context.model.relationships, table, (values) =>
      isTrue(evaluate(filter, { ...context, row: { table, values } })),
    );
  }, context.visible);
  return expression ? evaluate(expression, { ...context, visible }) : null;
}

function isTrue(value: DaxValue): boolean {
  return value === true || (typeof value === 'number' && value !== 0);
}

function numberOf(value: DaxValue): number {
  if (value === null) return 0;
  if (typeof value === 'string') throw new Error(`DAX: '${value}' is no number.`);
  return Number(value);
}

function textOf(value: DaxValue): string {
  if (value === null) return '';
  return value instanceof Date ? value.toISOString() : String(value);
}
