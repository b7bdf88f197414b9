import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { hospitalProgram, localConfig } from '../local/localStack';
import type { PulumiStack } from '../local/pulumiStack';
import { starterMapping } from '../mappings/starter';
import { until } from './support/deviceFleet';
import { HospitalCloud } from './support/hospitalCloud';
import { copyOfProject } from './support/projectCopy';

/** How a connector's code and mappings are deployed: the program that `npm start` runs, by the `pulumi` command. */
let hospital: HospitalCloud;
let stack: PulumiStack;
let config: Record<string, unknown>;

beforeAll(async () => {
  hospital = await HospitalCloud.start();
  const { cloud } = hospital;
  stack = cloud.stack('local', hospitalProgram);
  // Scoring is deployed in engineScoring.test.ts.
  config = { ...(await localConfig(cloud, 0)), 'hospital:hotPathEnabled': false, 'hospital:scoringEnabled': false };
  await stack.configure(config);
  await stack.up();
  await functionsRun();
});

afterAll(() => hospital.close());

/** Gives the connector further settings, from now on. */
async function configure(changed: Record<string, unknown>): Promise<void> {
  config = { ...config, 'hospital:connector': { ...(config['hospital:connector'] as object), ...changed } };
  await stack.configure(config);
}

function functionsRun(): Promise<void> {
  return until('all functions run', () => {
    const functions = hospital.cloud.functionApps.health().flatMap((app) => app.functions);
    return functions.length === 3 && functions.every(({ state }) => state === 'running');
  });
}

interface Runs {
  /** How often the app's package was loaded, and each of its functions' processes started again. */
  readonly starts: number;
  readonly restarts: readonly number[];
}

/** By app. */
function runs(): Record<string, Runs> {
  const health = hospital.cloud.functionApps.health();
  return Object.fromEntries(
    health.map(({ name, starts, functions }) => [
      /func-local-dev-(.*)-\w+$/.exec(name)?.[1] ?? name,
      { starts, restarts: functions.map(({ restarts }) => restarts) },
    ]),
  );
}

/** What `pulumi preview --diff` shows: which resources change, and what of them. */
async function shown(of = stack): Promise<{ changes: string[]; lines: string[] }> {
  const { stdout } = await of.must(['preview', '--diff', ...of.stackArgs()]);
  const resources = stdout.matchAll(/^ *([+~-]+) .*?: \(\w+\)\n(?: +\[.*\n)* +\[urn=urn:.*::([\w-]+)\]/gm);
  const lines = stdout.split('\n').filter((line) => /^\s+[+~-] (?!\S+: \(|\d+ to )/.test(line));
  return {
    changes: [...resources].map(([, sign, name]) => `${sign} ${name}`),
    lines: lines.map((line) => line.trim().replace(/\s+/g, ' ')),
  };
}

test('an unchanged package is not deployed, whatever else changes', async () => {
  const before = runs();
  await configure({ alerts: false, deadLetterRetentionDays: 60, roleAssignments: [] });
  expect((await shown()).changes.length).toBeGreaterThan(2);
  await stack.up();
  expect(runs()).toEqual(before);
});

test('a changed line of a device mapping shows as that line, and restarts the one app that has it', async () => {
  const before = runs();
  const deviceMapping = starterMapping('device').replace('"$.Body.hr"', '"$.Body.heartRate"');
  await configure({ deviceMapping });
  const { changes, lines } = await shown();
  expect(changes).toEqual(['~ hospital-connector-normalize-package']);
  expect(lines).toEqual([
    '~ texts: {',
    '~ mappings/device.json:',
    '- "valueExpression": "$.Body.hr",',
    '+ "valueExpression": "$.Body.heartRate",',
  ]);
  await stack.up();
  await functionsRun();
  expect(runs()).toEqual({
    ...before,
    normalize: { starts: (before.normalize?.starts ?? 0) + 1, restarts: [0, 0] },
  });
  expect(await stack.preview()).toEqual({ changes: {}, steps: [] });
});

test('a changed bundle shows as one member of one package', async () => {
  const clone = copyOfProject(join(hospital.temporaryFolder('elsewhere'), 'clone'), 'own');
  appendFileSync(join(clone, 'dist', 'functions', 'write-observations', 'main.js'), '\n');
  const { changes, lines } = await shown(hospital.cloud.stack('local', clone));
  expect(changes).toEqual(['~ hospital-connector-write-observations-package']);
  expect(lines).toEqual([
    expect.stringMatching(/^~ program: archive\(/),
    expect.stringMatching(/^~ "main.js": asset\(file:\w+->\w+\)/),
  ]);
});

test('mappings that cannot be used are refused in the preview, with line and column, beside all else that is wrong', async () => {
  const before = config;
  await configure({
    deviceMapping: starterMapping('device').replace('CalculatedContent', 'CalculatedContents'),
    fhirMapping: '{\n  "templateType": "CollectionFhir",\n  "template": [ {} ,\n}',
    clockMarkSeconds: 7,
    eventHubs: { normalizedDataPartitions: 33 },
  });
  const { code, stdout, stderr } = await stack.run(['preview', ...stack.stackArgs()]);
  config = before;
  await stack.configure(config);
  expect(code).not.toBe(0);
  const said = stdout + stderr;
  for (const sentence of [
    /connector\.deviceMapping: line 5, column \d+ .*CalculatedContents/,
    /connector\.fhirMapping: line 4, column 1/,
    /connector\.clockMarkSeconds: must divide a minute.*given is 7/,
    /connector\.eventHubs\.normalizedDataPartitions: .*on Standard.*given is 33/,
  ]) {
    expect(said).toMatch(sentence);
  }
  expect(said).not.toContain('.ts:');
});

test('what leads to Application Insights is an address, and opens nothing', async () => {
  const resources = await stack.resources();
  const ofType = (end: string) => resources.filter(({ type }) => type.endsWith(end));
  const [insights, ...others] = ofType(':Component');
  expect(others).toEqual([]);
  expect(insights?.inputs.disableLocalAuth).toBe(true);
  const settings = ofType(':WebApp').flatMap(({ inputs }) => {
    const { appSettings } = inputs.siteConfig as { appSettings: { name: string; value: string }[] };
    return appSettings.filter(({ name }) => name.startsWith('APPLICATIONINSIGHTS_'));
  });
  expect(settings).toHaveLength(4);
  for (const { name, value } of settings) {
    if (name.endsWith('_CONNECTION_STRING')) expect(value).toBe(insights?.outputs.connectionString);
    else expect(value).toMatch(/^ClientId=[0-9a-f-]{36};Authorization=AAD$/);
  }
});
