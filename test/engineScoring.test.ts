import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { hospitalProgram, localConfig } from '../local/localStack';
import type { PreviewStep, PulumiStack, StackResource } from '../local/pulumiStack';
import { until } from './support/deviceFleet';
import { HospitalCloud } from './support/hospitalCloud';
import { copyOfProject } from './support/projectCopy';

/** How scoring is deployed and changed: the program that `npm start` runs, by the `pulumi` command. */
let hospital: HospitalCloud;
let stack: PulumiStack;
let config: Record<string, unknown>;

beforeAll(async () => {
  hospital = await HospitalCloud.start();
  const { cloud } = hospital;
  stack = cloud.stack('local', hospitalProgram);
  config = { ...(await localConfig(cloud, 0)), 'hospital:hotPathEnabled': false, 'hospital:scoringEnabled': false };
  await stack.configure(config);
  await stack.up();
  await allRun(['normalize', 'write-observations']);
});

afterAll(() => hospital.close());

/** The stack's configuration with scoring set otherwise, put back after `run`. */
async function withScoring<T>(changed: Record<string, unknown>, run: () => Promise<T>): Promise<T> {
  const scoring = { ...(config['hospital:scoring'] as object), ...changed };
  await stack.configure({ ...config, 'hospital:scoring': scoring });
  return run().finally(() => stack.configure(config));
}

const nameOf = ({ urn }: { readonly urn: string }) => urn.split('::').at(-1) ?? '';

/** By app, how often its package was loaded. */
function starts(): Record<string, number> {
  const apps = hospital.cloud.functionApps.health();
  return Object.fromEntries(
    apps.map(({ name, starts }) => [/func-local-dev-(.*)-\w+$/.exec(name)?.[1] ?? name, starts]),
  );
}

function allRun(apps: readonly string[]): Promise<void> {
  return until('all functions run', () => {
    const running = hospital.cloud.functionApps.health().filter(({ state, functions }) => {
      return state === 'running' && functions.every((one) => one.state === 'running');
    });
    return running.length === apps.length && Object.keys(starts()).sort().join() === [...apps].sort().join();
  });
}

/** What changes of each app: names of its settings. */
function changedSettings(steps: readonly PreviewStep[], resources: readonly StackResource[]): Record<string, string[]> {
  return Object.fromEntries(
    steps.map(({ urn, op, detailedDiff }) => {
      const resource = resources.find((one) => one.urn === urn);
      const paths = Object.keys(detailedDiff ?? {}).map((path) => settingAt(resource, path));
      return [`${op} ${nameOf({ urn })}`, paths];
    }),
  );
}

function settingAt(resource: StackResource | undefined, path: string): string {
  const [, at] = /^siteConfig\.appSettings\[(\d+)\]\.value$/.exec(path) ?? [];
  const { appSettings = [] } = (resource?.inputs.siteConfig ?? {}) as { appSettings?: { name: string }[] };
  return at === undefined ? path : (appSettings[Number(at)]?.name ?? path);
}

async function refusal(): Promise<string> {
  const { code, stdout, stderr } = await stack.run(['preview', ...stack.stackArgs()]);
  expect(code).not.toBe(0);
  return stdout + stderr;
}

test('scoring that is switched on is added, and leaves ingest and connector as they are', async () => {
  const before = starts();
  const { 'hospital:scoringEnabled': _, ...others } = config;
  config = others;
  await stack.configure(config);
  const { steps } = await stack.preview();
  const added = steps.filter(({ op, urn }) => op !== 'create' || !nameOf({ urn }).startsWith('hospital-scoring'));
  expect(added.map(({ op, urn }) => `${op} ${nameOf({ urn })}`)).toEqual([]);
  await stack.up();
  await allRun(['normalize', 'write-observations', 'ml-input', 'score', 'long-view']);
  expect(starts()).toEqual({
    ...before,
    'ml-input': expect.any(Number),
    score: expect.any(Number),
    'long-view': expect.any(Number),
  });
  expect(await stack.preview()).toEqual({ changes: {}, steps: [] });
  expect((await stack.preview('--refresh')).changes).toEqual({});
});

test('another length of windows shows as the settings of the apps that go by it', async () => {
  const { steps } = await withScoring({ windowMinutes: 10 }, () => stack.preview());
  expect(changedSettings(steps, await stack.resources())).toEqual({
    'update hospital-scoring-ml-input-app': ['WINDOW_SECONDS'],
    'update hospital-scoring-score-app': ['KERNEL_SETTINGS'],
    'update hospital-scoring-long-view-app': ['KERNEL_SETTINGS'],
  });
});

test('another rule of the kernel shows as the settings of the apps that score', async () => {
  const { steps } = await withScoring({ flagRules: { lowerMinutes: 45 } }, () => stack.preview());
  expect(changedSettings(steps, await stack.resources())).toEqual({
    'update hospital-scoring-score-app': ['KERNEL_SETTINGS'],
    'update hospital-scoring-long-view-app': ['KERNEL_SETTINGS'],
  });
});

test('a changed bundle shows as one member of one package', async () => {
  const clone = copyOfProject(join(hospital.temporaryFolder('elsewhere'), 'clone'), 'own');
  appendFileSync(join(clone, 'dist', 'functions', 'score', 'main.js'), '\n');
  const theirs = hospital.cloud.stack('local', clone);
  const { steps } = await theirs.preview();
  expect(steps.map(({ op, urn }) => `${op} ${nameOf({ urn })}`)).toEqual(['update hospital-scoring-score-package']);
  const { stdout } = await theirs.must(['preview', '--diff', ...theirs.stackArgs()]);
  expect(stdout.match(/^ +[+~-] .*: asset\(.*$/gm)).toEqual([
    expect.stringMatching(/^ +~ "main\.js": asset\(file:\w+->\w+\)/),
  ]);
});

test('what Azure cannot change is refused in the preview: partitions on Standard', async () => {
  const said = await withScoring({ eventHubs: { enrichedPartitions: 4, scoredPartitions: 8 } }, refusal);
  expect(said).toContain('partitionCount is 8, and the event hub has 4: it cannot change on Standard');
});

test('scoring that is switched off keeps its lake and hubs until both keys are turned', async () => {
  await stack.configure({ ...config, 'hospital:scoringEnabled': false });
  const said = await refusal().finally(() => stack.configure(config));
  expect(said).toMatch(/hospital-scoring-(lake|enriched|scored|\w+-container)".*cannot be deleted.*protect/s);
});
