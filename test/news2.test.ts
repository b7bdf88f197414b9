import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Band, type News2Part, news2Parts } from '../runtime/contracts/scored';
import { chartValue } from '../runtime/scoring/chart';
import { type News2Inputs, news2 as score } from '../runtime/scoring/news2';
import { news2 } from './conformance/adapter';

/** A copy of the shared material beside the project; a clone has none. */
const casesFile = join(__dirname, '..', '..', 'shared', 'news2', 'cases.json');
const bandOrder: readonly Band[] = ['low', 'low-medium', 'medium', 'high'];
const rank = (band: Band) => bandOrder.indexOf(band);

interface Case {
  readonly id: string;
  readonly group: string;
  readonly inputs: Record<string, unknown>;
  readonly expected: { readonly bandAtLeast?: Band | null } & Record<string, unknown>;
}

const withCases = existsSync(casesFile) ? test : test.skip;
withCases('the published cases (skipped without ../shared/news2/cases.json)', () => {
  const { cases } = JSON.parse(readFileSync(casesFile, 'utf8')) as { cases: Case[] };
  for (const { id, inputs, expected } of cases) {
    const { bandAtLeast, trigger, mustNotBeShownAs, ...compared } = expected;
    const result = news2(inputs);
    expect({ id, ...result }).toMatchObject({ id, ...compared });
    expect(Object.keys(result.parts).sort()).toEqual(Object.keys(expected.parts as object).sort());
    if (bandAtLeast) expect(rank(result.band)).toBeGreaterThanOrEqual(rank(bandAtLeast));
  }
  expect(cases.length).toBeGreaterThan(50);
});

const normal: News2Inputs = {
  resp: 16,
  spo2: 97,
  scale: 1,
  oxygen: false,
  sbp: 120,
  pulse: 70,
  consciousness: 0,
  temp: 37,
};

/** Points from each value on, as on the RCP's chart; the first is of everything below the second. */
type Chart = readonly (readonly [from: number, points: number])[];
const charts: Readonly<
  Record<string, { readonly part: keyof News2Inputs; readonly chart: Chart; readonly with?: Partial<News2Inputs> }>
> = {
  'respiration rate': {
    part: 'resp',
    chart: [
      [0, 3],
      [9, 1],
      [12, 0],
      [21, 2],
      [25, 3],
    ],
  },
  'SpO2, scale 1': {
    part: 'spo2',
    chart: [
      [0, 3],
      [92, 2],
      [94, 1],
      [96, 0],
    ],
  },
  'SpO2, scale 2, on air': {
    part: 'spo2',
    chart: [
      [0, 3],
      [84, 2],
      [86, 1],
      [88, 0],
    ],
    with: { scale: 2 },
  },
  'SpO2, scale 2, on oxygen': {
    part: 'spo2',
    chart: [
      [0, 3],
      [84, 2],
      [86, 1],
      [88, 0],
      [93, 1],
      [95, 2],
      [97, 3],
    ],
    with: { scale: 2, oxygen: true },
  },
  'systolic pressure': {
    part: 'sbp',
    chart: [
      [0, 3],
      [91, 2],
      [101, 1],
      [111, 0],
      [220, 3],
    ],
  },
  pulse: {
    part: 'pulse',
    chart: [
      [0, 3],
      [41, 1],
      [51, 0],
      [91, 1],
      [111, 2],
      [131, 3],
    ],
  },
  'temperature in tenths': {
    part: 'temp',
    chart: [
      [200, 3],
      [351, 1],
      [361, 0],
      [381, 1],
      [391, 2],
    ],
  },
};

test.each(Object.entries(charts))('%s: every value of the chart', (_, { part, chart, with: given }) => {
  const most = { spo2: 100, temp: 450 }[part as string] ?? 300;
  for (let value = chart[0]?.[0] ?? 0; value <= most; value++) {
    const [, expected] = chart.findLast(([from]) => value >= from) ?? [0, Number.NaN];
    const inputs = { ...normal, ...given, [part]: part === 'temp' ? value / 10 : value };
    expect({ value, points: score(inputs).parts[part as News2Part] }).toEqual({ value, points: expected });
  }
});

test('oxygen, consciousness, and the bands by total and by a single 3', () => {
  expect(score({ ...normal, oxygen: true }).parts.oxygen).toBe(2);
  expect([0, 1, 2, 3, 4, 5].map((level) => score({ ...normal, consciousness: level }).parts.consciousness)).toEqual([
    0, 3, 3, 3, 3, 3,
  ]);
  const bands = (inputs: Partial<News2Inputs>) => {
    const { total, band } = score({ ...normal, ...inputs });
    return [total, band];
  };
  expect(bands({})).toEqual([0, 'low']);
  expect(bands({ resp: 22, pulse: 115 })).toEqual([4, 'low']);
  expect(bands({ resp: 25 })).toEqual([3, 'low-medium']);
  expect(bands({ resp: 22, pulse: 115, temp: 38.5 })).toEqual([5, 'medium']);
  expect(bands({ resp: 25, consciousness: 1 })).toEqual([6, 'medium']);
  expect(bands({ resp: 25, consciousness: 1, temp: 38.5 })).toEqual([7, 'high']);
});

test('values are rounded half up to the chart before the look-up', () => {
  const rounded = (vital: Parameters<typeof chartValue>[0], values: readonly number[]) =>
    values.map((value) => chartValue(vital, value));
  expect(rounded('temperature', [38.04, 38.05, 38.0495, 39.049, 35.05, 36.149999])).toEqual([
    38, 38.1, 38, 39, 35.1, 36.1,
  ]);
  expect(rounded('oxygenSaturation', [91.5, 91.499, 95.4, 92.4995, 0.5])).toEqual([92, 91, 95, 92, 1]);
});

test('impossible and wrongly typed values are missing and named, not clamped', () => {
  const given = { ...normal, consciousness: 'A' };
  for (const [name, values] of Object.entries({
    resp: ['16', -1, Number.NaN, Number.POSITIVE_INFINITY, true, 200],
    spo2: [101, 100.4, -3],
    oxygen: ['no', 0, 1],
    sbp: [1200, {}],
    pulse: [[70]],
    consciousness: ['a', '', 0, 'Alert'],
    temp: [98.6, 0, 370],
  }))
    for (const value of values)
      expect({ value, ...news2({ ...given, [name]: value }) }).toMatchObject({
        complete: false,
        total: null,
        missing: [name],
        invalid: [name],
      });
  expect(news2({ ...given, scale: '2' })).toMatchObject({ missing: ['spo2'], invalid: ['scale'] });
  expect(news2({ ...given, scale: null })).toMatchObject({ complete: true, total: 0, scale: 1 });
});

describe('with parts unknown', () => {
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
  const complete = fc.record({
    resp: fc.integer({ min: 0, max: 60 }),
    spo2: fc.integer({ min: 60, max: 100 }),
    scale: fc.constantFrom(1 as const, 2 as const),
    oxygen: fc.boolean(),
    sbp: fc.integer({ min: 40, max: 280 }),
    pulse: fc.integer({ min: 20, max: 220 }),
    consciousness: fc.integer({ min: 0, max: 5 }),
    temp: fc.integer({ min: 300, max: 420 }).map((tenths) => tenths / 10),
  });
  const hidden = fc.subarray([...news2Parts], { minLength: 1 });
  const without = (inputs: News2Inputs, parts: readonly News2Part[]) =>
    ({ ...inputs, ...Object.fromEntries(parts.map((part) => [part, null])) }) as News2Inputs;

  test('no completion lies outside floor and ceiling, and both are reached or can be', () => {
    fc.assert(
      fc.property(complete, hidden, (inputs, parts) => {
        const { total } = score(inputs);
        const partial = score(without(inputs, parts));
        expect(partial).toMatchObject({ complete: false, total: null });
        expect(total).toBeGreaterThanOrEqual(partial.floorTotal);
        expect(total).toBeLessThanOrEqual(partial.ceilingTotal);
        expect(rank(score(inputs).band)).toBeGreaterThanOrEqual(rank(partial.band));
      }),
    );
  });

  test('one more part never takes away from what the known ones force', () => {
    fc.assert(
      fc.property(complete, hidden, fc.nat(), (inputs, parts, which) => {
        const fewer = score(without(inputs, parts));
        const more = score(
          without(
            inputs,
            parts.filter((_, index) => index !== which % parts.length),
          ),
        );
        expect(more.floorTotal).toBeGreaterThanOrEqual(fewer.floorTotal);
        expect(more.ceilingTotal).toBeLessThanOrEqual(fewer.ceilingTotal);
        expect(rank(more.band)).toBeGreaterThanOrEqual(rank(fewer.band));
      }),
    );
  });

  test('every part is known, missing or indeterminate; a total needs them all', () => {
    const inputs = fc.record({
      resp: maybe(fc.integer({ min: 0, max: 60 })),
      spo2: maybe(fc.integer({ min: 60, max: 100 })),
      scale: fc.constantFrom(1 as const, 2 as const),
      oxygen: maybe(fc.boolean()),
      sbp: maybe(fc.integer({ min: 40, max: 280 })),
      pulse: maybe(fc.integer({ min: 20, max: 220 })),
      consciousness: maybe(fc.integer({ min: 0, max: 5 })),
      temp: maybe(fc.constant(37)),
    });
    fc.assert(
      fc.property(inputs, (given) => {
        const { parts, missing, indeterminate = [], complete: is, total, floorTotal, ceilingTotal } = score(given);
        expect([...Object.keys(parts), ...missing, ...indeterminate].sort()).toEqual([...news2Parts].sort());
        expect(is).toBe(missing.length + indeterminate.length === 0);
        expect(total).toBe(is ? floorTotal : null);
        if (is) expect(ceilingTotal).toBe(floorTotal);
      }),
    );
  });

  test('scale 2 at 93 % or more without a word on oxygen is 0 to 3; below that it is known', () => {
    const given = { ...normal, scale: 2 as const, oxygen: null };
    expect(score({ ...given, spo2: 98 })).toMatchObject({
      missing: ['oxygen'],
      indeterminate: ['spo2'],
      floorTotal: 0,
      ceilingTotal: 5,
    });
    const below = score({ ...given, spo2: 92 });
    expect(below).toMatchObject({ missing: ['oxygen'], parts: { spo2: 0 }, ceilingTotal: 2 });
    expect(below).not.toHaveProperty('indeterminate');
  });
});
