import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../cli/mapping/report';

const dist = join(__dirname, '..', 'dist');
let folder: string;
let command: string;

/** The command alone, as it lies in an installed package: nothing of this repository is around it. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mapping-workbench-'));
  cpSync(join(dist, 'cli', 'mapping.js'), join(folder, 'package', 'dist', 'cli', 'mapping.js'));
  cpSync(join(dist, 'mappings'), join(folder, 'package', 'dist', 'mappings'), { recursive: true });
  command = join(folder, 'package', 'dist', 'cli', 'mapping.js');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  return name;
}

function run(...args: string[]): { readonly status: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], { cwd: folder, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

function reportOf(...args: string[]): { readonly status: number | null; readonly report: Report } {
  const { status, out } = run(...args, '--json');
  return { status, report: JSON.parse(out) as Report };
}

const time = '2026-01-05T12:00:00Z';
const heartRate = {
  typeName: 'hr',
  typeMatchExpression: '$..[?(@hr)]',
  deviceIdExpression: '$.SystemProperties.iothub-connection-device-id',
  timestampExpression: '$.matchedToken.time',
  values: [{ valueName: 'hr', valueExpression: '$.matchedToken.hr', required: true }],
};
const deviceMapping = (...templates: object[]) => ({
  templateType: 'CollectionContent',
  template: templates.map((template) => ({ templateType: 'CalculatedContent', template })),
});
const fhirMapping = (template: object) => ({
  templateType: 'CollectionFhir',
  template: [{ templateType: 'CodeValueFhir', template: { typeName: 'hr', codes: [], ...template } }],
});
const quantity = { valueType: 'Quantity', valueName: 'hr', unit: '/min' };

describe('the mapping workbench', () => {
  test('shows measurements and Observations of the starter mappings, with ids that it says are made up', () => {
    const messages = write('good.json', { time, hr: 72, abpsys: 120, avpu: 0, oxygen: 1 });
    const { status, out } = run('--messages', messages, '--device-id', 'bed-1');
    expect(status).toBe(0);
    expect(out).toContain('"Type":"heartRate"');
    expect(out).toContain('"DeviceId":"bed-1"');
    expect(out).toContain('"valueQuantity":{"value":72,');
    expect(out).toContain('patient made-up-patient, device made-up-device: made up');
    expect(out).toContain('0 problems, 1 message, 4 Observations');
  });

  test('reads an array, a line a message and one message, as envelope or as bare body', () => {
    const envelope = {
      Body: { time, hr: 60 },
      SystemProperties: { 'iothub-connection-device-id': 'own', 'iothub-enqueuedtime': time },
    };
    const bare = { time, hr: 61 };
    const forms = {
      'array.json': JSON.stringify([envelope, bare]),
      'lines.ndjson': `${JSON.stringify(envelope)}\n\n${JSON.stringify(bare)}\n`,
    };
    for (const [name, text] of Object.entries(forms)) {
      const { report } = reportOf('--messages', write(name, text), '--device-id', 'given');
      const measured = report.messages.map(({ measurements }) => measurements[0]);
      expect(measured.map((one) => [one?.DeviceId, one?.IngestionTimeUtc, one?.Properties[0]?.Value])).toEqual([
        ['own', time, '60'],
        ['given', null, '61'],
      ]);
    }
  });

  test('a message that gives nothing is a problem, with what each template made of it', () => {
    const device = write(
      'device.json',
      deviceMapping(heartRate, { ...heartRate, typeName: 'pulse', typeMatchExpression: '$.Body.pulse' }),
    );
    const { status, report } = reportOf('--device', device, '--messages', write('other.json', { temp: 37 }));
    expect(status).toBe(1);
    expect(report.problems.map(({ level, file, path, messageNumber }) => [level, file, path, messageNumber])).toEqual([
      ['error', 'other.json', undefined, 1],
      ['note', 'device.json', '$.template[0].template.typeMatchExpression', 1],
      ['note', 'device.json', '$.template[1].template.typeMatchExpression', 1],
    ]);
    expect(report.problems[1]).toMatchObject({
      line: 8,
      message: "hr: typeMatchExpression '$..[?(@hr)]' gave nothing.",
    });
  });

  test.each([
    ['nothing', { hr: 1 }, 'timestampExpression', "'$.matchedToken.time' gave nothing"],
    ['a text that is no time', { hr: 1, time: 'soon' }, 'timestampExpression', 'gave a string that is no time'],
    [
      'the wrong kind',
      { hr: [1], time },
      'values[0].valueExpression',
      'gave an array where a text or number is needed',
    ],
    ['null', { hr: null, time }, 'values[0].valueExpression', 'gave null'],
  ])('says which expression gave %s', (_what, message, member, reason) => {
    const device = write('device.json', deviceMapping(heartRate));
    const { status, out } = run('--device', device, '--messages', write('sick.json', message));
    expect(status).toBe(1);
    expect(out).toContain('sick.json:1: error: IncompatibleDataException');
    const line = out.split('\n').find((one) => one.includes(`$.template[0].template.${member}`));
    expect(line).toMatch(/^device\.json:\d+:\d+: error: hr: /);
    expect(line).toContain(reason);
  });

  test('says which expression gave several values', () => {
    const device = write('device.json', deviceMapping({ ...heartRate, deviceIdExpression: '$..id' }));
    const messages = write('several.json', { hr: 1, time, a: { id: 1 }, b: { id: 2 } });
    expect(run('--device', device, '--messages', messages).out).toContain(
      "deviceIdExpression: The JSONPath '$..id' found 4 values where one is allowed.",
    );
  });

  test('says what is wrong with each file, all at once, with line and column', () => {
    const device = write('device.json', deviceMapping({ ...heartRate, typeMatchExpression: '$..[?(@hr' }));
    const fhir = write('fhir.json', '{ "templateType": "CollectionFhir",\n "template": [ }');
    const messages = write('broken.ndjson', `{"hr":1}\n{"hr":\n{"hr":2}`);
    const { status, report } = reportOf('--device', device, '--fhir', fhir, '--messages', messages);
    expect(status).toBe(1);
    const places = report.problems.map(({ file, line, path }) => `${file}:${line} ${path ?? ''}`.trim());
    expect(places[0]).toBe('device.json:8 $.template[0].template.typeMatchExpression');
    expect(places.filter((place) => place.startsWith('fhir.json:2 $')).length).toBeGreaterThan(0);
    expect(places.at(-1)).toBe('broken.ndjson:2');
  });

  test('a type without FHIR template, and a value name that no measurement has, are problems', () => {
    const device = write('device.json', deviceMapping(heartRate, { ...heartRate, typeName: 'other' }));
    const fhir = write('fhir.json', fhirMapping({ value: { ...quantity, valueName: 'HR' } }));
    const { status, report } = reportOf(
      '--device',
      device,
      '--fhir',
      fhir,
      '--messages',
      write('m.json', { hr: 1, time }),
    );
    expect(status).toBe(1);
    const errors = report.problems.filter(({ level }) => level === 'error').map(({ message }) => message);
    expect(errors).toEqual([
      "The Observation of type hr has no value: its template takes 'HR', the measurements have 'hr'.",
      "FhirDataMappingException: The FHIR mapping has no template for type 'other'.",
    ]);
  });

  test('medtech shows what the managed service would write', () => {
    const device = write('device.json', deviceMapping(heartRate));
    const fhir = write('fhir.json', fhirMapping({ value: quantity }));
    const args = ['--device', device, '--fhir', fhir, '--messages', write('m.json', { hr: 1, time })];
    expect(reportOf(...args).report.observations[0]).toMatchObject({ effectiveDateTime: time });
    expect(reportOf(...args, '--compatibility', 'medtech').report.observations[0]).toMatchObject({
      effectivePeriod: { start: '2026-01-05T12:00:00.0000000Z', end: '2026-01-05T12:00:00.0000000Z' },
    });
  });

  test('wrong options are told in one sentence each, all at once', () => {
    const { status, err } = run(
      'stray',
      '--fhir',
      'f.json',
      '--compatibility',
      'r5',
      '--surprise',
      '--json=1',
      '--messages',
    );
    expect(status).toBe(2);
    expect(err.trim().split('\n')).toEqual([
      "'stray' is no option; files are named as --messages FILE.",
      expect.stringMatching(/^There is no option --surprise; there are --device, /),
      '--json takes no value.',
      '--messages needs a value, as in --messages messages.json.',
      "--compatibility is r4 or medtech, given is 'r5'.",
      '--fhir needs --device: the mappings belong together.',
    ]);
  });

  test('a file that is not there is a problem of its own', () => {
    const { status, out } = run('--device', 'nowhere.json', '--messages', write('m.json', { hr: 1, time }));
    expect(status).toBe(1);
    expect(out).toContain('nowhere.json: error: The file cannot be read: ENOENT');
  });

  test('--watch on a folder that is not there ends with one sentence', () => {
    const { status, out, err } = run('--device', join('nowhere', 'device.json'), '--watch');
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err.trim()).toMatch(/^nowhere.device\.json: there is no folder .*nowhere to watch\.$/);
  });

  test('--watch runs again on each change and survives half-written files', async () => {
    const device = write('watched.json', deviceMapping(heartRate));
    const messages = write('watched-messages.json', { hr: 1, time });
    const child = spawn(process.execPath, [command, '--device', device, '--messages', messages, '--watch'], {
      cwd: folder,
    });
    children.push(child);
    const output = collected(child);
    await output.has('"Value":"1"');
    write('watched-messages.json', '{"hr":');
    await output.has('The messages are not valid JSON');
    write('half.json', JSON.stringify({ hr: 2, time }));
    renameSync(join(folder, 'half.json'), join(folder, 'watched-messages.json'));
    await output.has('"Value":"2"');
    write('watched.json', deviceMapping({ ...heartRate, typeName: 'renamed' }));
    await output.has('"Type":"renamed"');
  });
});

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill();
});

function collected(child: ChildProcess): { has(text: string): Promise<void> } {
  let all = '';
  let waiting: { readonly text: string; readonly done: () => void } | undefined;
  child.stdout?.on('data', (bytes: Buffer) => {
    all += bytes.toString('utf8');
    if (waiting !== undefined && all.includes(waiting.text)) waiting.done();
  });
  return {
    has: (text) =>
      new Promise((done) => {
        if (all.includes(text)) done();
        else waiting = { text, done };
      }),
  };
}
