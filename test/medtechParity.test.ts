import { decimalOf } from '../runtime/medtech/fhir/decimal';
import { periodTicks } from '../runtime/medtech/fhir/sampledData';
import { isoTextOf } from '../runtime/medtech/instant';
import { loadDeviceMapping } from '../runtime/medtech/mapping/deviceMapping';
import { problemText } from '../runtime/medtech/mapping/source';
import { textOf } from '../runtime/medtech/tokens';
import { mapObservations, normalize, sampledData } from './conformance/adapter';

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

test.each([
  [{}, 'Expected TemplateType value CollectionContentTemplate, actual Not Found.'],
  [{ templateType: 'CollectionFhir' }, 'Expected TemplateType value CollectionContentTemplate, actual CollectionFhir.'],
  [
    { templateType: 'CollectionContent' },
    'Expected an array for the template property value for template type CollectionContentTemplate.',
  ],
  [
    { templateType: 'CollectionContent', template: {} },
    'Expected an array for the template property value for template type CollectionContentTemplate.',
  ],
])('%j is no collection of templates, in the words of the original', (mapping, message) => {
  expect(loadDeviceMapping(JSON.stringify(mapping), 'r4').problems.map((problem) => problem.message)).toEqual([
    message,
  ]);
});

test.each<[string, number | undefined]>([
  ['5 -', -5],
  [',5', 5],
  ['1,2,3', 123],
  ['-,1', -1],
  ['79228162514264337593543950335', 2 ** 96],
  ['79228162514264337593543950336', undefined],
  ['- 5', undefined],
  ['-5-', undefined],
  ['1.2,3', undefined],
  [',', undefined],
  ['.', undefined],
])('the decimal %j', (text, number) => {
  expect(decimalOf(text, 'medtech')).toBe(number);
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
