import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Prediction, ScoredWindow } from '../runtime/contracts/scored';
import type { Flag, RiskAssessment, ScoreObservation } from '../runtime/hotPath/fhirTypes';
import { withCorrectionsOf } from './support/courses';
import { FhirInProcess } from './support/fhirInProcess';
import { fhirValidateTest, judgeFhir } from './support/fhirValidate';
import { corrected, HotPathStep, scored, scoredMark, stay, windowMs } from './support/hotPathStep';
import {
  adult,
  dayStart,
  item,
  KernelPatient,
  normalCharted,
  normalDevice,
  type WindowData,
} from './support/kernelPatient';
import { MortalTransport, Pace } from './support/pacedFhir';

type Versioned<T> = T & { readonly version: number };

let fhir: FhirInProcess;
beforeEach(() => {
  fhir = new FhirInProcess();
});
afterEach(() => fhir.close());

const assessments = (of = fhir) => of.all<Versioned<RiskAssessment>>('RiskAssessment');
const observations = (of = fhir) => of.all<Versioned<ScoreObservation>>('Observation');
const scores = (of = fhir) => observations(of).filter(({ category }) => category?.[0]?.coding?.[0]?.code === 'survey');
const flags = (of = fhir) =>
  of.all<Versioned<Flag>>('Flag').toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
const everything = (of = fhir) => [...assessments(of), ...observations(of), ...flags(of)];
const contents = (of = fhir) => everything(of).map(({ version: _version, ...content }) => content);

const nameOf = (flag: Flag) => flag.identifier.find(({ system }) => system?.endsWith(':flag'))?.value ?? '';
/** As `active deterioration-high`. */
const states = () => flags().map(({ status, code }) => `${status} ${code.coding?.[0]?.code}`);
const extension = (flag: Flag | undefined, name: string) => flag?.extension.find(({ url }) => url.endsWith(name));
const assessmentAt = (window: ScoredWindow) =>
  assessments().find(({ occurrencePeriod }) => Date.parse(occurrencePeriod.start ?? '') === window.start);
const scoreAt = (window: ScoredWindow) =>
  scores().find(({ identifier }) => identifier[0]?.value?.endsWith(new Date(window.start).toISOString()));

const grave = { respirationRate: 30, oxygenSaturation: 90, heartRate: 135 };
const well: WindowData = { device: normalDevice };
const admitted: WindowData = { ...well, charted: normalCharted, presence: [stay('start', dayStart)] };

/** What the kernel makes of one patient's windows. */
function windowsOf(...data: readonly WindowData[]): ScoredWindow[] {
  const patient = new KernelPatient();
  return data.map((one) => scored(patient.result(one)));
}
const times = <T>(count: number, one: T): T[] => new Array<T>(count).fill(one);
const ofPatient = (patient: string, windows: readonly ScoredWindow[]) => windows.map((one) => ({ ...one, patient }));

/** Everything that can happen in a stay, corrections after the fact among it. */
function eventfulStay(): ScoredWindow[] {
  const leaves = { ...well, presence: [stay('end', dayStart + 21.5 * windowMs)] };
  const windows = windowsOf(
    admitted,
    { device: grave },
    ...times(2, {}),
    ...times(8, { ...well, charted: normalCharted }),
    ...times(6, { ...well, charted: normalCharted }),
    ...times(3, { device: grave }),
    leaves,
  );
  const [first, , , , fifth] = windows as [ScoredWindow, ScoredWindow, ScoredWindow, ScoredWindow, ScoredWindow];
  const raising = { ...fifth.flag, level: 'high' as const, since: fifth.flag.since ?? fifth.start };
  const late = [corrected(first), corrected(fifth, { flag: raising }), corrected(corrected(fifth), { flag: raising })];
  return [...windows.slice(0, 8), late[0], late[1], ...windows.slice(8, 16), late[2], ...windows.slice(16)].flatMap(
    (one) => one ?? [],
  );
}

describe('what a window becomes', () => {
  test('RiskAssessment and score of a complete set, which the Flag refers to', async () => {
    const windows = windowsOf(admitted, { device: grave });
    await new HotPathStep(fhir.transport).handle(windows);
    const [window] = windows.slice(1) as [ScoredWindow];
    const assessment = assessmentAt(window);
    expect(assessment).toMatchObject({
      status: 'final',
      subject: { reference: 'Patient/p' },
      occurrencePeriod: { start: '2026-01-05T00:05:00.000Z', end: '2026-01-05T00:10:00.000Z' },
      method: { coding: [{ code: 'NEWS2' }], text: expect.stringContaining('kernel') },
    });
    expect(assessment?.prediction?.[0]).toMatchObject({
      qualitativeRisk: { coding: [{ code: 'high' }, { code: 'high' }], text: 'NEWS2 9, high' },
      whenPeriod: { start: '2026-01-05T00:10:00.000Z', end: '2026-01-06T00:10:00.000Z' },
    });
    expect(assessment?.prediction?.some(({ probabilityDecimal }) => probabilityDecimal !== undefined)).toBe(false);
    expect(scoreAt(window)).toMatchObject({
      status: 'final',
      valueInteger: 9,
      effectiveDateTime: '2026-01-05T00:06:00.000Z',
    });
    expect(scoreAt(window)?.component?.map(({ valueInteger }) => valueInteger)).toEqual([3, 3, 0, 0, 3, 0, 0]);
    const [flag] = flags();
    expect(flag).toMatchObject({ status: 'active', period: { start: '2026-01-05T00:10:00.000Z' } });
    expect(flag?.period.end).toBeUndefined();
    expect(extension(flag, 'flag-detail')?.valueReference?.reference).toBe(`RiskAssessment/${assessment?.id}`);
  });

  test('a set with parts unknown says so, has no total, and is never a low or negligible risk', async () => {
    const [window] = windowsOf({ device: normalDevice }) as [ScoredWindow];
    await new HotPathStep(fhir.transport).handle([window]);
    const assessment = assessmentAt(window);
    expect(assessment?.status).toBe('preliminary');
    expect(assessment?.prediction?.[0]?.qualitativeRisk?.coding).toEqual([
      expect.objectContaining({ code: 'at-least-low' }),
    ]);
    expect(assessment?.note?.[0]?.text).toBe(
      'Partial NEWS2 (3 of 7 parts); total at least 0 and at most 11; missing: air or oxygen, systolic blood pressure, consciousness, temperature.',
    );
    const score = scoreAt(window);
    expect(score).toMatchObject({ status: 'preliminary', dataAbsentReason: { coding: [{ code: 'temp-unknown' }] } });
    expect(score?.valueInteger).toBeUndefined();
    expect(score?.component?.map(({ valueInteger }) => valueInteger)).toEqual([
      0,
      0,
      undefined,
      undefined,
      0,
      undefined,
      undefined,
    ]);
  });

  test('for whom NEWS2 does not hold there is no risk at all, and it says why', async () => {
    const [window] = windowsOf({ ...well, context: { ...adult, underSixteen: item(true) } }) as [ScoredWindow];
    await new HotPathStep(fhir.transport).handle([window]);
    expect(assessmentAt(window)?.prediction).toBeUndefined();
    expect(assessmentAt(window)?.note?.[0]?.text).toContain('not applicable (younger than 16 years)');
    expect(scoreAt(window)).toMatchObject({ dataAbsentReason: { coding: [{ code: 'not-applicable' }] } });
    expect(flags()).toEqual([]);
  });

  test('a probability is there where a model gives a risk, in percent, beside the score', async () => {
    const prediction: Prediction = {
      ...{ model: 'ews', version: '3', kind: 'onnx', state: 'done', values: { risk: 0.07, other: 1 } },
    };
    const [window] = windowsOf(admitted) as [ScoredWindow];
    await new HotPathStep(fhir.transport).handle([
      { ...window, prediction },
      { ...window, patient: 'q', prediction: { ...prediction, state: 'pending', values: null } },
    ]);
    const of = (patient: string) => assessments().find(({ subject }) => subject.reference === `Patient/${patient}`);
    expect(of('p')?.prediction?.map(({ probabilityDecimal }) => probabilityDecimal)).toEqual([undefined, 7]);
    expect(of('q')?.prediction?.map(({ probabilityDecimal }) => probabilityDecimal)).toEqual([undefined]);
    expect(of('q')?.note?.[0]?.text).toBe('The model ews has not answered yet.');
  });

  test('the newest revision stands, corrected be it complete or not; older ones that come after it are ignored', async () => {
    const [window] = windowsOf(admitted) as [ScoredWindow];
    const [second, third] = [corrected(window), corrected(corrected(window))];
    const step = new HotPathStep(fhir.transport);
    await step.handle([window]);
    await step.handle([third, second], 1);
    await step.handle([second, window], 3);
    expect(assessments()).toMatchObject([{ status: 'corrected', version: 2 }]);
    expect(scores()).toMatchObject([{ status: 'corrected', version: 2 }]);
    expect(assessments()[0]?.extension?.[0]?.valuePositiveInt).toBe(3);
    expect(step.lines.at(-1)).toBe('iomt.results written=0 ignored=2 flags=0 deadLetters=0');
  });

  test('longer windows get a RiskAssessment and a score of their own, and move no Flag', async () => {
    const [window] = windowsOf({ ...admitted, device: grave }) as [ScoredWindow];
    const long = { ...window, end: window.start + 24 * 3_600_000, horizon: 'PT24H' };
    await new HotPathStep(fhir.transport).handle([long]);
    expect([assessments().length, scores().length, flags().length]).toEqual([1, 1, 0]);
  });

  fhirValidateTest('all shapes are valid R4', async () => {
    const silent = windowsOf(admitted, ...times(3, {}));
    const child = windowsOf({ ...well, context: { ...adult, underSixteen: item(true) } });
    const [window] = windowsOf(admitted) as [ScoredWindow];
    const prediction: Prediction = {
      ...{ model: 'ews', version: '3', kind: 'onnx', state: 'done', values: { risk: 0.07 } },
    };
    const scale2 = windowsOf({ ...well, context: { ...adult, oxygenSaturationScale: item(2) } });
    const step = new HotPathStep(fhir.transport);
    await reading('a', 'p', window.start + 60_000, '8867-4');
    await step.handle([
      ...eventfulStay(),
      ...ofPatient('silent', silent),
      ...ofPatient('child', child),
      ...ofPatient('modelled', [{ ...window, prediction }]),
      ...ofPatient('scale2', scale2),
      ...ofPatient('corrected', [corrected(window)]),
    ]);
    expect(step.letters).toEqual([]);
    const folder = mkdtempSync(join(tmpdir(), 'hot-path-'));
    const file = join(folder, 'resources.ndjson');
    writeFileSync(
      file,
      contents()
        .map((one) => JSON.stringify(one))
        .join('\n'),
    );
    const { errors, resources } = judgeFhir(file);
    rmSync(folder, { recursive: true });
    expect(errors).toEqual([]);
    expect(resources).toBe(everything().length);
  });
});

/** A reading as the connector writes it; with hours, the period of one that holds many. */
async function reading(id: string, patient: string, time: number, code: string, given: object = {}): Promise<void> {
  await fhir.put({
    ...{ resourceType: 'Observation', id, status: 'final', subject: { reference: `Patient/${patient}` } },
    code: { coding: [{ system: 'http://loinc.org', code }] },
    effectiveDateTime: new Date(time).toISOString(),
    device: { reference: 'Device/d' },
    ...given,
  } as Parameters<FhirInProcess['put']>[0]);
}

describe('what a score is based on', () => {
  const basisAt = (window: ScoredWindow) => assessmentAt(window)?.basis?.map(({ reference }) => reference) ?? [];
  const last = dayStart + 60_000;
  const period = (from: number, to: number) => ({
    effectiveDateTime: undefined,
    effectivePeriod: { start: new Date(from).toISOString(), end: new Date(to).toISOString() },
  });

  test("the readings of the time of each vital's last sample, one a vital; none of what was carried", async () => {
    await reading('hr', 'p', last, '8867-4');
    await reading('hr-2', 'p', last, '8867-4');
    await reading('hr-before', 'p', last - 1000, '8867-4');
    await reading('rr-hour', 'p', 0, '9279-1', period(dayStart, dayStart + 3_600_000));
    await reading('spo2-hour', 'p', 0, '59408-5', period(dayStart, dayStart + 3_600_000));
    await reading('spo2', 'p', last, '2708-6');
    await reading('hr-other', 'q', last, '8867-4');
    await reading('lactate', 'p', last, '2524-7');
    const component = [{ code: { coding: [{ system: 'http://loinc.org', code: '8480-6' }] } }];
    await reading('bp-device', 'p', last, '85354-9', { component });
    await reading('bp-charted', 'p', last, '85354-9', { component, device: undefined });
    await reading('mistake', 'p', last, '8310-5', { status: 'entered-in-error' });
    const windows = windowsOf({ ...well, charted: { systolicBloodPressure: 120, temperature: 37 } }, well);
    await new HotPathStep(fhir.transport).handle(windows);
    const [first, second] = windows as [ScoredWindow, ScoredWindow];
    const expected = ['hr', 'rr-hour', 'spo2', 'bp-charted'].map((id) => `Observation/${id}`);
    expect(basisAt(first)).toEqual(expected);
    expect(scoreAt(first)?.derivedFrom?.map(({ reference }) => reference)).toEqual(expected);
    expect(basisAt(second)).toEqual(['Observation/rr-hour', 'Observation/spo2-hour']);
  });

  test('is looked up in one request for a batch, and what comes to light later changes no version', async () => {
    const windows = ['a', 'b', 'c'].flatMap((patient) => ofPatient(patient, windowsOf(well)));
    await new HotPathStep(fhir.transport).handle(windows);
    const searches = fhir.batches.filter((requests) => requests.some(({ url }) => url.startsWith('Observation?')));
    expect(searches.map(({ length }) => length)).toEqual([3]);
    const before = assessments();
    await reading('late', 'a', last, '8867-4');
    await new HotPathStep(fhir.transport).handle(windows);
    expect(assessments()).toEqual(before);
  });
});

describe('Flags', () => {
  test('a device that falls silent leaves the Flag standing and raises a data gap, which ends with the data', async () => {
    const step = new HotPathStep(fhir.transport);
    const windows = windowsOf(admitted, { device: grave }, ...times(20, {}), { device: grave });
    await step.handle(windows.slice(0, -1));
    expect(states()).toEqual(['active data-gap', 'active deterioration-high']);
    await step.handle(windows.slice(-1), windows.length - 1);
    expect(states()).toEqual(['inactive data-gap', 'active deterioration-high']);
    expect(extension(flags()[0], 'episode-end')?.valueCode).toBe('dataReturned');
    expect(flags().map(({ version }) => version)).toEqual([2, 1]);
  });

  test('two episodes leave two Flags, of which only one was ever found by the standing identifier', async () => {
    const recovering = times(8, { ...well, charted: normalCharted });
    const windows = windowsOf(admitted, { device: grave }, ...recovering, { device: grave }, ...recovering);
    const step = new HotPathStep(fhir.transport);
    for (const [index, window] of windows.entries()) {
      await step.handle([window], index);
      const standing = flags().filter(({ identifier }) => identifier.some(({ value }) => value === 'p.deterioration'));
      expect(standing.map(({ status }) => status)).toEqual(times(window.flag.level === null ? 0 : 1, 'active'));
    }
    expect(states()).toEqual(times(2, 'inactive deterioration-high'));
    for (const flag of flags()) {
      expect(extension(flag, 'episode-end')?.valueCode).toBe('improved');
      expect(Date.parse(flag.period.end ?? '')).toBeGreaterThanOrEqual(Date.parse(flag.period.start ?? '') + 1_800_000);
    }
  });

  test('a patient on the border flaps no more than the hysteresis allows', async () => {
    const border = { respirationRate: 22, oxygenSaturation: 93, heartRate: 95 };
    const course = Array.from({ length: 48 }, (_, index) => ({
      ...{ device: index % 2 === 0 ? border : normalDevice, charted: normalCharted },
    }));
    const windows = windowsOf(...course);
    expect(new Set(windows.map(({ news2 }) => news2?.band))).toEqual(new Set(['medium', 'low']));
    await new HotPathStep(fhir.transport).handle(windows);
    expect(flags().map(({ status, version }) => `${status} ${version}`)).toEqual(['active 1']);
    const steady = windowsOf(...times(48, admitted));
    await new HotPathStep(fhir.transport).handle(ofPatient('steady', steady));
    expect(flags()).toHaveLength(1);
  });

  test('a rise changes code and priority and keeps the beginning; the same again touches nothing', async () => {
    const medium = { respirationRate: 22, oxygenSaturation: 93, heartRate: 95 };
    const windows = windowsOf(admitted, ...times(4, { device: medium }), ...times(4, { device: grave }));
    const step = new HotPathStep(fhir.transport);
    await step.handle(windows.slice(0, 5));
    const [before] = flags();
    expect([states(), before?.version]).toEqual([['active deterioration-medium'], 1]);
    await step.handle(windows.slice(5), 5);
    const [after] = flags();
    expect([states(), after?.version]).toEqual([['active deterioration-high'], 2]);
    expect(after?.period).toEqual(before?.period);
    const priority = (flag: Flag | undefined) =>
      extension(flag, 'flag-priority')?.valueCodeableConcept?.coding?.[0]?.code;
    expect([priority(before), priority(after)]).toEqual(['PM', 'PH']);
    expect(extension(after, 'flag-detail')?.valueReference?.reference).toBe(
      `RiskAssessment/${assessmentAt(windows[5] as ScoredWindow)?.id}`,
    );
  });

  test('the end of monitoring ends what stands, as such; a correction after it ends at once what it begins', async () => {
    const end = dayStart + 2.5 * windowMs;
    const windows = windowsOf(admitted, { device: grave }, { presence: [stay('end', end)] });
    const step = new HotPathStep(fhir.transport);
    await step.handle(windows);
    const [flag] = flags();
    expect(flag).toMatchObject({ status: 'inactive', period: { end: new Date(end).toISOString() } });
    expect(extension(flag, 'episode-end')?.valueCode).toBe('monitoringEnded');
    const others = ofPatient('q', windowsOf(admitted, well, { presence: [stay('end', end)] }));
    await step.handle(others, 3);
    const late = corrected(others[0] as ScoredWindow, {
      flag: { action: 'raise', level: 'high', since: dayStart, rule: 'high', mayLower: false },
    });
    await step.handle([late], 6);
    expect(flags().map(({ status, period }) => [status, period.end])).toEqual(
      times(2, ['inactive', new Date(end).toISOString()]),
    );
  });

  test('what others add to a Flag stays, and one that they took back is left alone', async () => {
    const medium = { respirationRate: 22, oxygenSaturation: 93, heartRate: 95 };
    const windows = windowsOf(admitted, ...times(4, { device: medium }), ...times(6, { device: grave }));
    await new HotPathStep(fhir.transport).handle(windows.slice(0, 5));
    const { version: _version, ...stored } = flags()[0] as Versioned<Flag>;
    const note = { url: 'https://example.org/seen', valueCode: 'yes' };
    const author = { reference: 'Practitioner/a' };
    const added = { ...stored, author, extension: [...stored.extension, note] };
    await fhir.put(added as unknown as Parameters<FhirInProcess['put']>[0]);
    const step = new HotPathStep(fhir.transport);
    await step.handle(windows.slice(5, 7), 5);
    expect(flags()[0]).toMatchObject({ author, code: { coding: [{ code: 'deterioration-high' }] } });
    expect(flags()[0]?.extension).toContainEqual(note);
    const { version: _next, ...changed } = flags()[0] as Versioned<Flag>;
    await fhir.put({ ...changed, status: 'entered-in-error' } as unknown as Parameters<FhirInProcess['put']>[0]);
    await step.handle(windows.slice(7, 9), 7);
    await new HotPathStep(fhir.transport).handle(windows.slice(9));
    expect(states()).toEqual(['entered-in-error deterioration-high']);
  });
});

describe('requests', () => {
  test('a process that goes on needs no reads: Flags beside the look-up of readings, then results', async () => {
    const windows = windowsOf(admitted, well, { device: grave }, { device: grave });
    const step = new HotPathStep(fhir.transport);
    await step.handle(windows.slice(0, 1));
    await step.handle(windows.slice(1, 2), 1);
    fhir.batches.length = 0;
    await step.handle(windows.slice(2, 3), 2);
    await step.handle(windows.slice(3), 3);
    const kinds = fhir.batches.map((requests) =>
      requests.map(({ method, url }) => `${method} ${url.split(/[/?]/)[0]}`),
    );
    expect(kinds).toEqual([
      ['PUT Flag'],
      ['GET Observation'],
      ['PUT RiskAssessment', 'PUT Observation'],
      ['GET Observation'],
      ['PUT RiskAssessment', 'PUT Observation'],
    ]);
  });

  test('many patients go in batches of at most 500', async () => {
    const [window] = windowsOf({ ...admitted, device: grave }) as [ScoredWindow];
    const windows = Array.from({ length: 600 }, (_, index) => ({ ...window, patient: `p${index}` }));
    await new HotPathStep(fhir.transport).handle(windows);
    expect([assessments().length, scores().length, flags().length]).toEqual([600, 600, 600]);
    expect(Math.max(...fhir.batches.map(({ length }) => length))).toBe(500);
    expect(fhir.batches.length).toBeLessThan(20);
  });

  test('how far FHIR is goes to the repository beside the path: one that hangs holds nothing', async () => {
    const step = new HotPathStep(fhir.transport);
    let answer = () => {};
    step.repository = () => new Promise<void>((resolve) => (answer = resolve));
    await step.handle([scoredMark('enriched/0', 2, dayStart), scoredMark('enriched/1', 2, dayStart + windowMs)]);
    await step.handle([...windowsOf(well), scoredMark('enriched/0', 2, dayStart + 2 * windowMs)], 2);
    expect(assessments()).toHaveLength(1);
    answer();
    step.repository = async () => {};
    await step.progress.settled();
    expect(step.reported).toEqual(['fhir 0 2026-01-05T00:00:00.000Z', 'fhir 0 2026-01-05T00:05:00.000Z']);
    step.repository = () => Promise.reject(Object.assign(new Error('secret'), { code: 'ESOCKET' }));
    await step.handle([scoredMark('enriched/1', 2, dayStart + 3 * windowMs)], 4);
    await step.progress.settled();
    expect(step.lines.at(-1)).toBe('iomt.feed feed=fhir cause=ESOCKET');
  });
});

describe('faults', () => {
  /** What stands after one process has read all of it, undisturbed. */
  async function undisturbed(stream: readonly ScoredWindow[]): Promise<unknown> {
    const other = new FhirInProcess();
    for (const one of fhir.all<{ id: string; version: number }>('Observation')) {
      const { version: _version, ...content } = one;
      await other.put(content as unknown as Parameters<FhirInProcess['put']>[0]);
    }
    await new HotPathStep(other.transport).handle(stream);
    const end = contents(other);
    other.close();
    return end;
  }

  function resolves(): void {
    const known = new Set(everything().map(({ resourceType, id }) => `${resourceType}/${id}`));
    const details = flags().map((flag) => extension(flag, 'flag-detail')?.valueReference?.reference ?? '');
    const basis = assessments().flatMap((one) => one.basis?.map(({ reference }) => reference ?? '') ?? []);
    expect([...details, ...basis].filter((reference) => !known.has(reference))).toEqual([]);
  }

  test('FHIR away and back: the partition is held, then everything stands once', async () => {
    const stream = eventfulStay();
    const expected = await undisturbed(stream);
    fhir.faults.set({
      requests: { status: 503, requests: 4, retryAfterSeconds: 0 },
      entries: { every: 3, entries: 9 },
    });
    const step = new HotPathStep(fhir.transport);
    await step.handle(stream);
    expect(step.lines.filter((line) => line.startsWith('iomt.held')).length).toBeGreaterThan(0);
    expect(contents()).toEqual(expected);
    expect(step.letters).toEqual([]);
    resolves();
  });

  test('a death between any two requests, and whoever comes next', async () => {
    const stream = [...eventfulStay(), ...ofPatient('q', eventfulStay().slice(0, 4))];
    await reading('a', 'p', dayStart + 60_000, '8867-4');
    const readings = contents();
    const expected = await undisturbed(stream);
    let deaths = 0;
    for (let requests = 0, isOver = false; !isOver; requests++) {
      for (const isServed of [false, true]) {
        fhir.close();
        fhir = new FhirInProcess();
        await fhir.put(...(readings as unknown as Parameters<FhirInProcess['put']>[0][]));
        const mortal = new MortalTransport(fhir, requests, isServed);
        const first = new HotPathStep(mortal.transport);
        let checkpoint = 0;
        const size = 15;
        while (checkpoint < stream.length) {
          const batch = stream.slice(checkpoint, checkpoint + size);
          const end = await Promise.race([mortal.death, first.handle(batch, checkpoint).then(() => 'done')]);
          if (end === 'dead') break;
          checkpoint += size;
        }
        isOver = checkpoint >= stream.length;
        if (!isOver) deaths++;
        // The checkpoint may be older than what was done, and batches are cut anew.
        const next = new HotPathStep(fhir.transport);
        for (let from = Math.max(0, checkpoint - 7); from < stream.length; from += 13) {
          await next.handle(stream.slice(from, from + 13), from);
        }
        expect(contents()).toEqual(expected);
        resolves();
      }
    }
    expect(deaths).toBeGreaterThan(30);
  }, 300_000);

  /** The real order is that of the hub; an instance that lost its partition may still be at what it took before. */
  test.each([
    ['both at the same', 'medium', [0, 1], [0, 1]],
    ['one that is late with a correction', 'medium', [0], [0, 1]],
    ['one that is late, while the other raises further', 'high', [0], [0, 2]],
  ] as const)(
    'two instances, each held at any of its requests: %s',
    async (_name, level, late, further) => {
      const [base] = windowsOf(admitted) as [ScoredWindow];
      const at = (index: number, stands: 'low-medium' | 'medium' | 'high', mayLower: boolean): ScoredWindow => ({
        ...base,
        ...{ start: base.start + index * windowMs, end: base.end + index * windowMs },
        flag: { action: 'keep', level: stands, since: base.start, rule: 'test', mayLower },
      });
      const raised = at(0, 'low-medium', false);
      const correction = level === 'high' ? 'medium' : 'high';
      const stream = [corrected(at(0, correction, false)), at(7, 'medium', true), at(7, 'high', false)];
      const requests: number[] = [];
      for (let first = 0; first <= 9; first++) {
        for (let second = 0; second <= 9; second++) {
          const patient = `p-${first}-${second}`;
          const of = (indices: readonly number[]) =>
            ofPatient(
              patient,
              indices.map((index) => stream[index] as ScoredWindow),
            );
          await new HotPathStep(fhir.transport).handle(ofPatient(patient, [raised]));
          const pace = new Pace(fhir);
          const before = fhir.batches.length;
          const instances = [late, further].map((indices, who) =>
            new HotPathStep(pace.transport(who)).handle(of(indices), 1),
          );
          await pace.run(instances, [...times(first, 0), ...times(second, 1), ...times(20, 0)]);
          requests.push(fhir.batches.length - before);
          const [flag] = flags().filter(({ subject }) => subject.reference === `Patient/${patient}`);
          expect([patient, flag?.code.coding?.[0]?.code]).toEqual([patient, `deterioration-${level}`]);
        }
      }
      expect(Math.max(...requests)).toBeLessThan(60);
    },
    300_000,
  );

  test('two instances beside each other on one patient, interleaved in any way, with corrections out of order', async () => {
    const orders = fc.record({
      stream: withCorrectionsOf(4),
      order: fc.array(fc.nat(1), { maxLength: 60 }),
      sizes: fc.array(fc.integer({ min: 2, max: 30 }), { minLength: 2, maxLength: 2 }),
      behind: fc.nat(10),
    });
    await fc.assert(
      fc.asyncProperty(orders, async ({ stream, order, sizes, behind }) => {
        fhir.close();
        fhir = new FhirInProcess();
        const expected = await undisturbed(stream);
        const pace = new Pace(fhir);
        const instance = async (who: number, from: number) => {
          const step = new HotPathStep(pace.transport(who));
          for (let at = from; at < stream.length; at += sizes[who] ?? 1) {
            await step.handle(stream.slice(at, at + (sizes[who] ?? 1)), at);
          }
          expect(step.letters).toEqual([]);
        };
        const done = Math.min(behind, stream.length - 1);
        await new HotPathStep(fhir.transport).handle(stream.slice(0, done));
        await pace.run([instance(0, 0), instance(1, done)], order);
        expect(contents()).toEqual(expected);
        resolves();
      }),
      { numRuns: 15 },
    );
  }, 300_000);

  test('what is malformed, or refused by itself, is a dead letter; the rest goes on', async () => {
    const windows = windowsOf(admitted, { device: grave }, { device: grave });
    const [first, second, third] = windows as [ScoredWindow, ScoredWindow, ScoredWindow];
    const poison = { ...second, patient: 'q', kernel: '\u0000' };
    const step = new HotPathStep(fhir.transport);
    await step.handle([first, 'not JSON', { ...second, end: second.start } as ScoredWindow, poison, second, third]);
    expect(step.letters.map(({ step: name, reason }) => `${name} ${reason.name}`)).toEqual([
      'ml-output-fhir InvalidDataFormatException',
      'ml-output-fhir InvalidDataFormatException',
      'ml-output-fhir HttpRequestError',
    ]);
    expect(JSON.stringify(step.lines)).not.toContain('Patient');
    expect(assessments().map(({ subject }) => subject.reference)).toEqual(times(3, 'Patient/p'));
    expect(states()).toEqual(['active deterioration-high', 'active deterioration-high']);
  });
});
