import fc from 'fast-check';
import { parseBody } from '../runtime/medtech/body';
import type { Compatibility } from '../runtime/medtech/compatibility';
import { MedTechError } from '../runtime/medtech/errors';
import { compileExpression } from '../runtime/medtech/expressions/compile';
import { Evaluation } from '../runtime/medtech/expressions/evaluation';
import type { ExpressionLanguage } from '../runtime/medtech/expressions/expression';
import {
  type Json,
  type PlainFilter,
  type PlainSide,
  type PlainStep,
  plainSelect,
  textOfPath,
} from './support/plainJsonPath';

type Document = { readonly [name: string]: Json };

/** Names that the engine's readers treat in different ways: plain ones, and those that arrays, objects or its own tokens have. */
const names = ['Body', 'a', 'b', 'length', 'constructor', 'text', 'ticks', 'toString'];
const name = fc.constantFrom(...names);
const scalar = fc.constantFrom<Json>(null, true, false, 0, 1, 2, 2.5, '', 'a', '1', '2.5', 'true');
const { document } = fc.letrec<{ node: Json; document: Document }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('document'),
    fc.array(tie('node'), { maxLength: 3 }),
  ),
  document: fc.dictionary(name, tie('node'), { maxKeys: 4 }),
}));

const path = fc.record({ from: fc.constantFrom('@' as const, '$' as const), names: fc.array(name, { maxLength: 2 }) });
const member = fc.record({ from: fc.constant('@' as const), names: fc.array(name, { minLength: 1, maxLength: 2 }) });
const literal = fc.record({ value: scalar });
const operator = fc.constantFrom('==', '!=', '<>', '===', '!==', '<', '<=', '>', '>=');
const comparison: fc.Arbitrary<PlainFilter> = fc.oneof(
  fc.record({ exists: fc.oneof<fc.Arbitrary<PlainSide>[]>(member, member, path) }),
  fc.record({
    left: fc.oneof(member, path),
    operator,
    right: fc.oneof<fc.Arbitrary<PlainSide>[]>(literal, literal, path),
  }),
);
const filter: fc.Arbitrary<PlainFilter> = fc.oneof(
  comparison,
  fc.record({ all: fc.array(comparison, { minLength: 2, maxLength: 3 }) }),
  fc.record({ any: fc.array(comparison, { minLength: 2, maxLength: 3 }) }),
);
const step: fc.Arbitrary<PlainStep> = fc.oneof(
  fc.record({
    kind: fc.constant('names' as const),
    scan: fc.boolean(),
    names: fc.array(name, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ kind: fc.constantFrom('everyMember' as const, 'everything' as const, 'everyItem' as const) }),
  fc.record({ kind: fc.constant('items' as const), indexes: fc.array(fc.nat(2), { minLength: 1, maxLength: 2 }) }),
  fc.record({ kind: fc.constant('filter' as const), scan: fc.boolean(), filter }),
);

function outcome(run: () => unknown): unknown {
  try {
    return JSON.stringify(run());
  } catch (error) {
    return error instanceof MedTechError ? error.errorName : (error as Error).message;
  }
}

const plain = (token: unknown): unknown =>
  JSON.parse(JSON.stringify(token, (_name, value) => (typeof value === 'bigint' ? Number(value) : value)));

describe('the engine against a plain evaluation of JSONPath', () => {
  test.each([1, 2, 3])('finds the same, %i steps deep, in a message and beside a matched token', (length) => {
    fc.assert(
      fc.property(document, fc.array(step, { minLength: 1, maxLength: length }), fc.boolean(), (json, steps, kinds) => {
        const root = parseBody(JSON.stringify(json), true) as Document;
        const text = textOfPath(steps);
        const expression = compileExpression('JsonPath', text);
        const expected = outcome(() => plainSelect(json, steps));
        // A mapping whose expressions do not tell 1 from 1.0 is given numbers only.
        const given = kinds || expression.numberKinds ? root : (parseBody(JSON.stringify(json), false) as Document);
        const evaluation = new Evaluation(given, 'medtech');
        expect([text, outcome(() => plain(expression.selectMany(given, evaluation)))]).toEqual([text, expected]);
        for (const match of Object.values(json).slice(0, 2)) {
          const beside = { ...json, matchedToken: match };
          const token = { ...given, matchedToken: parseBody(JSON.stringify(match), kinds || expression.numberKinds) };
          const found = outcome(() => plain(expression.selectMany(token as Document, evaluation)));
          expect([text, found]).toEqual([text, outcome(() => plainSelect(beside, steps))]);
        }
      }),
      { numRuns: 1500 },
    );
  });
});

const sample = JSON.stringify({
  n: [1, 2.5, '3', '4.5', 0.1, 0.30000000000000004],
  list: [{ n: 1 }, { n: 2.5 }, { n: '3' }],
  at: [
    { t: '2020-01-01T00:00:00.500Z' },
    { t: '2020-01-01T01:00:00.5+01:00' },
    { t: '2020-01-01T00:00:00.5' },
    { t: '2020-06-01T00:00:00z' },
  ],
  hr: [
    { k: 'b', v: 3, s: '10' },
    { k: 'a', v: 3, s: '9' },
  ],
  when: '2020-01-01T00:00:00.5Z',
  note: 'beat HR 71',
  nulls: [null, 1],
});

/** The JSON of what an expression gives, or the name of its error. */
function given(language: ExpressionLanguage, text: string, compatibility: Compatibility = 'medtech'): unknown {
  const token = parseBody(sample, true);
  try {
    return plain(compileExpression(language, text).selectMany(token, new Evaluation(token, compatibility)));
  } catch (error) {
    return error instanceof MedTechError ? error.errorName : 'does not compile';
  }
}

describe("Newtonsoft.Json's JSONPath", () => {
  test.each<[string, string, unknown]>([
    ['a name given twice finds its values twice', "$.list[*]..['n','n']", [1, 1, 2.5, 2.5, '3', '3']],
    ['a float may begin with its point after the sign', '$.list[?(@n > -.5)].n', [1, 2.5, '3']],
    ['an integer literal is 64 bits wide', '$.list[?(@n == 9223372036854775808)]', 'does not compile'],
    ['beside an integer a text is one', '$.n[?(@ > 1)]', 'FormatException'],
    ['beside a float a text is a number', '$.n[?(@ > 1.0)]', [2.5, '3', '4.5']],
    ['what differs by a rounding error is equal', '$.n[?(@ == 0.3)]', [0.30000000000000004]],
    ['nor is it less', '$.n[?(@ < 0.3)]', [0.1]],
    ['a date is never strictly equal to a text', "$.at[?(@t === '2020-01-01T00:00:00.500Z')]", []],
    [
      'a date equals the text that it is written as',
      "$.at[?(@t == '2020-01-01T00:00:00.5Z')].t",
      ['2020-01-01T00:00:00.500Z'],
    ],
    [
      'with an offset, when it was sent with one',
      "$.at[?(@t == '2020-01-01T00:00:00.5+00:00')].t",
      ['2020-01-01T01:00:00.5+01:00'],
    ],
    [
      'dates are equal when they are one time',
      '$.at[?(@t == $.when)].t',
      ['2020-01-01T00:00:00.500Z', '2020-01-01T01:00:00.5+01:00', '2020-01-01T00:00:00.5'],
    ],
    ['a text beside a date is read as one', "$.at[?(@t > 'March 1, 2020')].t", ['2020-06-01T00:00:00z']],
    ['a text that is no date is none', "$.at[?(@t > 'soon')]", 'FormatException'],
    ['a regular expression may be a text', "$..[?(@note =~ '/hr \\\\d+$/i')].when", ['2020-01-01T00:00:00.5Z']],
    ['unknown flags mean nothing', '$..[?(@note =~ /hr/gi)].when', ['2020-01-01T00:00:00.5Z']],
    [
      'options may stand before the pattern',
      '$..[?(@note =~ /(?i)\\Abeat hr 71\\z/)].when',
      ['2020-01-01T00:00:00.5Z'],
    ],
    ['a regular expression is a text to other operators', '$..[?(@note == /beat/)]', []],
  ])('%s', (_what, text, expected) => {
    expect(given('JsonPath', text)).toEqual(expected);
  });
});

describe("JmesPath.Net's functions", () => {
  test.each<[string, string, unknown, unknown]>([
    ['a number with an exponent', "to_number('1e3')", [], [1000]],
    ['a negative fraction', "to_number('-1.5')", [], [-1.5]],
    ['a number with blanks and a sign', "to_number(' +5')", [5], []],
    ['the greatest by texts of numbers', 'max_by(hr, &s).k', ['b'], ['a']],
    ['the greatest by other texts', 'max_by(hr, &k).k', 'Exception', ['b']],
    ['the greatest of equals', 'max_by(hr, &v).k', ['a'], ['b']],
    ['a list with a null', 'nulls[]', [null, 1], [1]],
    ['a member that is not there', 'hr[].nothing', [], []],
    ['a number in a text', 'contains(note, `71`)', [true], [false]],
    [
      'a date among texts',
      "join(' ', [when, note])",
      ['01/01/2020 00:00:00 beat HR 71'],
      ['2020-01-01T00:00:00.5Z beat HR 71'],
    ],
    ['a date beside a text', "when == '2020-01-01T00:00:00.5Z'", [false], [true]],
    [
      'a date in JSON',
      'to_string({ t: at[0].t })',
      ['{"t":"2020-01-01T00:00:00.5Z"}'],
      ['{"t":"2020-01-01T00:00:00.500Z"}'],
    ],
  ])('%s', (_what, text, medtech, r4) => {
    expect({ medtech: given('JmesPath', text, 'medtech'), r4: given('JmesPath', text, 'r4') }).toEqual({ medtech, r4 });
  });
});
