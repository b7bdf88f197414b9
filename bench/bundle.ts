import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type FunctionAppName, functionAppNames } from '../components/azure/bundle';
import { zipOf } from '../components/dataPlane/zip';
import {
  longViewSettings,
  mlInputSettings,
  mlOutputSettings,
  normalizeSettings,
  packageFiles,
  repositoryMigrationsSettings,
  routingSettings,
  scoreSettings,
  writeObservationsSettings,
} from '../runtime/contracts/appSettings';
import { defaultKernelSettings } from '../runtime/scoring/kernelSettings';
import { type Benchmark, median, type Result } from './benchmark';

const rounds = 15;
const repository = join(__dirname, '..');

const apps = {
  normalize: { figure: 'normalize', module: 'normalizeApp' },
  'write-observations': { figure: 'writeObservations', module: 'writeObservationsApp' },
  'ml-input': { figure: 'mlInput', module: 'mlInputApp' },
  score: { figure: 'score', module: 'scoreApp' },
  'long-view': { figure: 'longView', module: 'longViewApp' },
  'ml-output': { figure: 'mlOutput', module: 'mlOutputApp' },
  'repository-migrations': { figure: 'repositoryMigrations', module: 'repositoryMigrationsApp' },
  routing: { figure: 'routing', module: 'routingApp' },
} as const satisfies Record<FunctionAppName, { figure: string; module: string }>;

const aims = Object.values(apps).flatMap(({ figure }) => [
  { figure: `${figure}Files`, atMost: 1 },
  { figure: `${figure}Megabytes`, atMost: 2 },
  { figure: `${figure}RequireMilliseconds`, atMost: 150 },
]);

/** What decides on how fast a function app starts of what is ours: its size, and the time until its code is loaded. */
export const bundle: Benchmark = {
  name: 'bundle',
  what: 'size, files and time to require of each function app, beside the same code with its libraries in node_modules',
  aims,
  async run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-bundle-'));
    try {
      return await measure(folder, say);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(folder: string, say: (line: string) => void): Promise<Result> {
  const figures: Record<string, number> = { rounds };
  for (const app of functionAppNames) {
    const { figure } = apps[app];
    const packaged = layOut(join(folder, app), (at) => cpSync(builtFolder(app), at, { recursive: true }));
    const unbundled = layOut(join(folder, `${app}-unbundled`), () => {});
    await buildUnbundled(app, unbundled);
    const main = readFileSync(join(packaged, 'main.js'));
    figures[`${figure}Files`] = readdirSync(builtFolder(app)).length;
    figures[`${figure}Megabytes`] = round2(statSync(join(packaged, 'main.js')).size / 1e6);
    figures[`${figure}ZippedMegabytes`] = round2((await zipOf({ 'main.js': main })).length / 1e6);
    const times = requireTimes([packaged, unbundled]);
    figures[`${figure}RequireMilliseconds`] = Math.round(median(times.get(packaged) ?? []));
    figures[`${figure}UnbundledRequireMilliseconds`] = Math.round(median(times.get(unbundled) ?? []));
    say(`${app} measured`);
  }
  return { figures, notMeasured };
}

const notMeasured = [
  'a cold start in Azure: allocating an instance, fetching and unpacking the package and starting the host take longer than all this',
];

const round2 = (value: number) => Math.round(value * 100) / 100;
const builtFolder = (app: FunctionAppName) => join(repository, 'dist', 'functions', app);

/** A package's folder: what `fill` puts there, and the mappings that the app reads when it is loaded. */
function layOut(folder: string, fill: (folder: string) => void): string {
  mkdirSync(folder, { recursive: true });
  fill(folder);
  for (const [file, starter] of [
    [packageFiles.deviceMapping, 'device.json'],
    [packageFiles.fhirMapping, 'fhir.json'],
  ] as const) {
    cpSync(join(repository, 'mappings', 'starter', starter), join(folder, file));
  }
  return folder;
}

async function buildUnbundled(app: FunctionAppName, folder: string): Promise<void> {
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  await build({
    absWorkingDir: repository,
    entryPoints: [join('runtime', 'functions', `${apps[app].module}.ts`)],
    outfile: join(folder, 'main.js'),
    bundle: true,
    packages: 'external',
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    logLevel: 'warning',
  });
}

/** All in turn, so that a drift of the machine hits all alike; one uncounted round warms the page cache. */
function requireTimes(packages: readonly string[]): Map<string, number[]> {
  const times = new Map<string, number[]>(packages.map((one) => [one, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const one of packages) {
      const script = join(__dirname, 'bundle', 'requireTime.cjs');
      const said = execFileSync(process.execPath, [script, join(one, 'main.js')], {
        env: appSettings,
        encoding: 'utf8',
      });
      if (round > 0) times.get(one)?.push(Number(said));
    }
  }
  return times;
}

const settingNames = [
  ...[...normalizeSettings, ...writeObservationsSettings, ...mlInputSettings, ...scoreSettings, ...longViewSettings],
  ...[...mlOutputSettings, ...repositoryMigrationsSettings, ...routingSettings],
];

const containers = ['STATE', 'BRONZE', 'BASELINES', 'SCORED'];

/** What the apps insist on when they are loaded. */
const appSettings: Record<string, string> = {
  ...Object.fromEntries(settingNames.map((name) => [name, 'bench'])),
  COMPATIBILITY: 'r4',
  SCORING_SOURCES: '{}',
  DEAD_LETTER_CONTAINER_URL: 'https://account.blob.test/dead-letters',
  FHIR_URL: 'https://fhir.test',
  RESOLUTION_TYPE: 'Create',
  IDENTITY_CACHE_SECONDS: '60',
  ...{ WINDOW_SECONDS: '300', LATENESS_SECONDS: '120', PLAUSIBILITY_LIMITS: '{}', CONTEXT_CODES: '{}' },
  KERNEL_SETTINGS: JSON.stringify(defaultKernelSettings),
  ...{ MODEL: '', LONG_WINDOWS: '["PT24H"]', SCORED_PARTITIONS: '4', ENRICHED_PARTITIONS: '4' },
  ...Object.fromEntries(containers.map((name) => [`${name}_CONTAINER_URL`, 'https://account.blob.test/files'])),
  ...{ LATENCY_WARNING_MINUTES: '10', LATENCY_BREACH_MINUTES: '15', HTTP_CALLERS: '', SCORE_CODES: 'local' },
  ...{ REPOSITORY_SERVER: 'sql.test', REPOSITORY_USERS: '[]', ROUTING_STALE_SECONDS: '900' },
};
