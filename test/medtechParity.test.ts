import fc from 'fast-check';
import { parseBody } from '../runtime/medtech/body';
import type { Compatibility } from '../runtime/medtech/compatibility';
import { MedTechError } from '../runtime/medtech/errors';
import { compileExpression } from '../runtime/medtech/expressions/compile';
import { Evaluation } from '../runtime/medtech/expressions/evaluation';
import type { ExpressionLanguage } from '../runtime/medtech/expressions/expression';
import { periodTicks } from '../runtime/medtech/fhir/sampledData';
import { isoTextOf } from '../runtime/medtech/instant';
import { loadDeviceMapping } from '../runtime/medtech/mapping/deviceMapping';
import { problemText } from '../runtime/medtech/mapping/source';
import { textOf } from '../runtime/medtech/tokens';
import { mapObservations, normalize, sampledData } from './conformance/adapter';
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

test('a time may name the month first, and have a zone of hours only', () => {
  expect(['Feb 1, 2019 10:46:01 PM', 'February 01 2019 22:46:01', '2019-02-01T23:46:01+01'].map(isoTextOf)).toEqual(
    Array(3).fill('2019-02-01T22:46:01Z'),
  );
  expect(textOf('2019-02-01T23:46:01+01', 'american')).toBe('02/01/2019 22:46:01');
});

test('a null where a value is needed is told from an absent one', () => {
  const template = { typeName: 'x', typeMatchExpression: null, deviceIdExpression: '$.d', values: [] };
  const { problems } = loadDeviceMapping(
    JSON.stringify({ templateType: 'CollectionContent', template: [{ templateType: 'JsonPathContent', template }] }),
    'medtech',
  );
  expect(problems.map(problemText)).toEqual([
    expect.stringContaining("Required property 'TypeMatchExpression' expects a value but got null."),
    expect.stringContaining("Required property 'TimestampExpression' not found in JSON."),
  ]);
});

describe('a mapping and a body in medtech', () => {
  const template = {
    typeName: 'x',
    typeMatchExpression: '$..[?(@Body.a)]',
    deviceIdExpression: '$.Body.d',
    timestampExpression: '$.Body.t',
    values: [{ valueName: 'v', valueExpression: ' ' }],
  };
  const mappingOf = (templateType: string, given: object) => ({
    templateType: 'CollectionContent',
    template: [{ templateType, template: given }],
  });
  const bodyText = '{"a":1,"d":"d","t":"2020-01-01T00:00:00Z"}';

  test('a blank expression leaves an optional value out and fails a required one', () => {
    const required = { ...template, values: [{ ...template.values[0], required: true }] };
    const results = [template, required].map(
      (given) => normalize({ deviceMapping: mappingOf('JsonPathContent', given), events: [{ bodyText }] }).results[0],
    );
    expect(results).toMatchObject([
      { measurements: [{ Properties: [] }], error: null },
      {
        measurements: [],
        error: { class: 'IncompatibleDataException', message: 'An expression must be set for [v].' },
      },
    ]);
  });

  test('a blank body is no JSON, an empty one is null', () => {
    const events = ['', ' '].map((text) => ({ bodyText: text }));
    expect(normalize({ deviceMapping: mappingOf('JsonPathContent', template), events }).results).toMatchObject([
      { measurements: [], error: null },
      { measurements: [], error: { class: 'InvalidDataFormatException' } },
    ]);
  });

  test('the long name of CalculatedContent is unknown, those of the others are not', () => {
    const calculated = { ...template, values: [] };
    const errorsOf = (kind: string) =>
      normalize({ deviceMapping: mappingOf(kind, calculated), events: [] }).templateErrors;
    expect(errorsOf('CalculatedContentTemplate')).toEqual([
      expect.stringContaining('No match found for template type CalculatedContentTemplate.'),
    ]);
    expect(errorsOf('JsonPathContentTemplate')).toEqual([]);
  });
});

describe('SampledData', () => {
  test('the original drops what is left of a tick of a period, r4 rounds', () => {
    expect([periodTicks(16.666667, 'medtech'), periodTicks(16.666667, 'r4')]).toEqual([166_666n, 166_667n]);
  });

  test('a stream that is not there is told from a blank one; a blank value at the end is dropped', () => {
    const stored = { op: 'parse' as const, start: '2020-01-01T00:00:00Z', period: 1000 };
    expect(sampledData({ ...stored, data: null })).toMatchObject({ error: { class: 'ArgumentNullException' } });
    expect(sampledData({ ...stored, data: '' })).toMatchObject({ error: { class: 'ArgumentException' } });
    const bounds = { start: '2020-01-01T00:00:00Z', end: '2020-01-01T00:00:01Z', period: 1000 };
    const values = [['2020-01-01T00:00:00Z', '1'] as const, ['2020-01-01T00:00:01Z', ''] as const];
    expect(sampledData({ op: 'build', ...bounds, values })).toEqual({ data: '1' });
  });

  test('a day at one second and an hour at one millisecond are not refused', () => {
    const start = '2020-01-01T00:00:00Z';
    const day = sampledData({ op: 'build', values: [], start, end: '2020-01-01T23:59:59.9999999Z', period: 1000 });
    const hour = sampledData({ op: 'build', values: [], start, end: '2020-01-01T00:59:59.9999999Z', period: 1 });
    expect([day.data?.length, hour.data?.length]).toEqual([2 * 86_400 - 1, 2 * 3_600_000 - 1]);
  });

  test('a component that comes late to a correlation has the slots of the stored period', () => {
    const component = (valueName: string) => ({
      codes: [{ code: valueName }],
      value: { valueType: 'SampledData', valueName, defaultPeriod: 1000 },
    });
    const template = {
      typeName: 't',
      periodInterval: -1,
      codes: [{ code: 't' }],
      components: ['a', 'b'].map(component),
    };
    const measured = (second: number, property: string) => ({
      Type: 't',
      OccurrenceTimeUtc: `2020-01-01T00:00:0${second}Z`,
      IngestionTimeUtc: null,
      DeviceId: 'd',
      PatientId: null,
      EncounterId: null,
      CorrelationId: 'c',
      Properties: [{ Name: property, Value: String(second) }],
    });
    const fhirMapping = {
      templateType: 'CollectionFhir',
      template: [{ templateType: 'CodeValueFhir', template }],
    };
    const ids = { patient: 'p', device: 'd' };
    const first = mapObservations({
      fhirMapping,
      ids,
      existing: [],
      measurements: [measured(1, 'a'), measured(2, 'a')],
    });
    const existing = first.observations.map(({ resource }) => resource);
    const [merged] = mapObservations({
      fhirMapping,
      ids,
      existing,
      measurements: [measured(2, 'b'), measured(4, 'b')],
    }).observations;
    expect(merged?.resource.component?.map((one) => one.valueSampledData?.data)).toEqual(['1 2', 'E 2']);
    expect(merged?.resource.effectivePeriod?.end).toBe('2020-01-01T00:00:04.0000000Z');
  });
});
