import fc from 'fast-check';
import { parseBody } from '../runtime/medtech/body';
import { MedTechError } from '../runtime/medtech/errors';
import { compileExpression } from '../runtime/medtech/expressions/compile';
import { Evaluation } from '../runtime/medtech/expressions/evaluation';
import type { ExpressionLanguage } from '../runtime/medtech/expressions/expression';
import { compileRegexLiteral } from '../runtime/medtech/expressions/regexLiteral';
import { isoText, isoTextOf, parseTimestamp } from '../runtime/medtech/instant';
import { loadDeviceMapping } from '../runtime/medtech/mapping/deviceMapping';
import { normalize, normalizeRoot, rootOf } from '../runtime/medtech/normalize';
import type { JsonObject, Token } from '../runtime/medtech/tokens';

/** What an expression gives for a document: its matches, or the name of its error. Anything else is thrown on. */
function outcome(language: ExpressionLanguage, text: string, document: unknown): readonly Token[] | string {
  const token = parseBody(JSON.stringify(document), true);
  try {
    return compileExpression(language, text).selectMany(token, new Evaluation(token, 'medtech'));
  } catch (error) {
    if (error instanceof MedTechError) return error.errorName;
    throw error;
  }
}

const overBudget = 'TemplateExpressionException';
const numbers = Array.from({ length: 3000 }, (_, index) => index);
const wide = numbers.map(() => ({ list: numbers.slice(0, 1000) }));
const many = (piece: string, glue = '') => Array.from({ length: 28 }, () => piece).join(glue);

describe('expressions end within their budget of steps', () => {
  test.each<[string, ExpressionLanguage, string, unknown]>([
    ['a filter that compares everything with everything', 'JsonPath', '$..[?(@..* == $..*)]', { a: numbers }],
    ['a member named again and again', 'JsonPath', `$${many("['a','a']")}`, deep(28)],
    ['an item named again and again', 'JsonPath', `$${many('[0,0]')}`, deepArray(28)],
    ['scans within scans', 'JsonPath', '$..*..*..*..*..*', deep(60)],
    ['a text that doubles', 'JmesPath', `join('', [@, @])${many(" | join('', [@, @])")}`, 'hospital'],
    ['a list that doubles, as text', 'JmesPath', `${many('[@, @]', ' | ')} | to_string(@)`, 'x'],
    ['lists that double, compared', 'JmesPath', `[${many('[@, @]', ' | ')}, @] | [0] == [0]`, 'x'],
    ['a list that doubles, flattened', 'JmesPath', `${many('[@, @]', ' | ')}${many('[]')}`, 'x'],
    ['inserting a text into itself', 'JmesPath', many('insertString(@, @, `0`)', ' | '), 'hospital'],
    ['sorting by the text of everything', 'JmesPath', 'sort_by(a, &to_string(list))', { a: wide }],
    ['projections within projections', 'JmesPath', `a[]${`.[${many('@', ',')}][]`.repeat(4)}`, { a: numbers }],
  ])('%s', (_what, language, text, document) => {
    expect(outcome(language, text, document)).toBe(overBudget);
  });

  test('one budget holds for all templates of a mapping', () => {
    const template = {
      typeName: 't',
      typeMatchExpression: '$..nothing',
      deviceIdExpression: '$.id',
      timestampExpression: '$.t',
      values: [],
    };
    const templates = Array.from({ length: 200 }, () => ({ templateType: 'CalculatedContent', template }));
    const { mapping } = loadDeviceMapping(
      JSON.stringify({ templateType: 'CollectionContent', template: templates }),
      'medtech',
    );
    const message = { body: JSON.stringify({ list: Array(100_000).fill(0) }), properties: {}, systemProperties: {} };
    if (mapping === undefined) throw new Error('not loaded');
    expect(normalize(mapping, message).error?.errorName).toBe(overBudget);
    expect(normalize({ ...mapping, templates: mapping.templates.slice(0, 20) }, message).error).toBeUndefined();
  });

  test('a text that is too long for a regular expression is an error, not a wait', () => {
    const texts = [`${'a'.repeat(5000)}!`];
    expect(outcome('JsonPath', '$[?(@ =~ /a*a*b/)]', texts)).toBe(overBudget);
    expect(outcome('JsonPath', '$[?(@ =~ /^bed-\\d+$/)]', ['bed-12', 'chair-3'])).toEqual(['bed-12']);
  });
});

function deep(levels: number): unknown {
  return levels === 0 ? 1 : { a: deep(levels - 1) };
}

function deepArray(levels: number): unknown {
  return levels === 0 ? 1 : [deepArray(levels - 1)];
}

describe('regular expressions of filters', () => {
  test.each([
    '(a+)+$',
    '(a|a)*b',
    '([a-z]+)*',
    '(a*){5,}',
    '(?:a?){2,}',
    '(.)\\1',
    '(?:x+x+)+y',
    many('a?'),
    '(a|a){30}b',
    'a*b*c*d*e*f*g*',
    many('(a|b)'),
  ])('refuses %s', (pattern) => {
    expect(() => compileRegexLiteral(pattern, '')).toThrow(/repeat|branch/);
  });

  test.each([
    '^bed-\\d+$',
    '.*icu.*',
    '^(hr|pulse)$',
    '^[0-9a-f]{8}-[0-9a-f]{4}$',
    '^(\\d+\\.){3}\\d+$',
    '(?:a|b)c?',
    '[*+?]+',
    '\\(\\w+\\)',
  ])('takes %s', (pattern) => {
    expect(compileRegexLiteral(pattern, 'i').longest).toBeGreaterThanOrEqual(32);
  });
});

const names = fc.constantFrom('a', 'b', 'length', 'text', 'ticks', 'values', '__proto__', 'constructor', '0');
const documents = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, false, 0, 1, 1.5, '', 'x', '1', '2026-01-05T12:00:00Z'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(names, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

describe('fuzzed', () => {
  const jsonPathPieces = fc.constantFrom(
    ...['$', '.a', '.b', '..a', '..*', '.*', '[*]', '[0]', '[0,1]', '[1:]', '[::-1]', "['a','b']", '[-1]', '.length'],
    ...['[?(@a)]', '..[?(@a == 1)]', "..[?(@b != 'x')]", '[?(@ > 1)]', '..[?(@..a || @b.a && @)]', '[?(@ =~ /x+/)]'],
    ...['.__proto__', '.constructor', '..[?(@constructor)]', '..[?(@a == $..b)]', "..[?(@['a'] === null)]"],
  );
  const jmesPathPieces = fc.constantFrom(
    ...['a', '@', '.b', '[0]', '[*]', '[]', '.*', ' | ', '[?a]', '[?a == `1`]', ' || ', ' && ', '!', '.{x: a, y: @}'],
    ...['keys(@)', 'sort(@)', 'sort_by(@, &a)', 'max_by(@, &b)', "join('', @)", 'to_string(@)', 'length(@)', 'sum(@)'],
    ...['add(a, b)', 'divide(a, b)', 'pow(a, b)', 'fromUnixTimestamp(a)', 'insertString(a, b, `0`)', '[::2]', '&a'],
    ...['__proto__', 'constructor', 'reverse(@)', 'map(&a, @)', 'merge(@, @)', 'not_null(a, b)', 'type(@)', '[a, b]'],
  );

  test.each([
    ['JsonPath', jsonPathPieces],
    ['JmesPath', jmesPathPieces],
  ] as const)('%s over any document gives matches or a named error', (language, pieces) => {
    fc.assert(
      fc.property(fc.array(pieces, { minLength: 1, maxLength: 6 }), documents, (parts, document) => {
        const text = parts.join('');
        try {
          compileExpression(language, text);
        } catch {
          return;
        }
        const found = outcome(language, text, document);
        expect(typeof found === 'string' ? found : 'matches').toMatch(/Exception$|^matches$/);
      }),
      { numRuns: 3000 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('a filter finds the same, whether or not it takes the walk that templates share', () => {
    const conditions = fc.constantFrom(
      ...[
        '@a',
        '@b.a',
        '@a == 1',
        "@a == 'x'",
        '@a != null',
        '@length',
        '@text',
        '@a || @b',
        '@a && @b == 0',
        '@a || @ == 1',
      ],
      ...['@0', '@__proto__', '@constructor', '@values.length', "@a == '2026-01-05T12:00:00Z'"],
    );
    fc.assert(
      fc.property(conditions, documents, (condition, document) => {
        const shared = outcome('JsonPath', `$..[?(${condition})]`, document);
        const withScan = condition.includes('||') ? `${condition} || @..nothing` : `$ && ${condition}`;
        expect(outcome('JsonPath', `$..[?(${withScan})]`, document)).toEqual(shared);
      }),
      { numRuns: 2000 },
    );
    expect(outcome('JsonPath', '$..[?(@a || @ == 1)]', { a: [1] })).toEqual([{ a: [1n] }, 1n]);
  });

  test('a message gives the same, whether or not it is known to hold no nested object', () => {
    const template = (typeMatchExpression: string) => ({
      templateType: 'CalculatedContent',
      template: {
        typeName: typeMatchExpression,
        typeMatchExpression,
        deviceIdExpression: '$.SystemProperties.device',
        timestampExpression: '$.SystemProperties.at',
        values: [{ valueName: 'a', valueExpression: '$.matchedToken.a' }],
      },
    });
    const templates = ['$..[?(@a)]', '$..[?(@Body.a)]', '$..[?(@b == 1)]', '$..[?(@device)]'].map(template);
    const { mapping } = loadDeviceMapping(
      JSON.stringify({ templateType: 'CollectionContent', template: templates }),
      'r4',
    );
    if (mapping === undefined) throw new Error('not loaded');
    fc.assert(
      fc.property(documents, (body) => {
        const systemProperties = { device: 'd', at: '2026-01-05T12:00:00Z' };
        const message = { body: JSON.stringify(body), properties: { a: 1 }, systemProperties };
        const root: JsonObject = rootOf(mapping, message);
        expect(normalize(mapping, message)).toEqual(normalizeRoot(mapping, root));
      }),
      { numRuns: 1000 },
    );
  });

  test('a time is read the same in the fast way and in the thorough one', () => {
    const digits = (length: number) =>
      fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: length, maxLength: length });
    const fraction = fc
      .integer({ min: 0, max: 8 })
      .chain((length) => (length === 0 ? fc.constant('') : digits(length).map((text) => `.${text}`)));
    const time = fc
      .tuple(
        digits(4),
        digits(2),
        digits(2),
        digits(2),
        digits(2),
        digits(2),
        fraction,
        fc.constantFrom('Z', '', '+01:00', 'z'),
      )
      .map(([y, m, d, h, min, s, f, zone]) => `${y}-${m}-${d}T${h}:${min}:${s}${f}${zone}`);
    const real = fc
      .date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') })
      .map((date) => date.toISOString());
    fc.assert(
      fc.property(fc.oneof(time, real), (text) => {
        const ticks = parseTimestamp(text);
        expect(isoTextOf(text)).toBe(ticks === undefined ? undefined : isoText(ticks));
      }),
      { numRuns: 5000 },
    );
  });
});
