import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StateFolder } from '../local/core/state';
import { localConfig } from '../local/localStack';
import type { StackResource } from '../local/pulumiStack';
import { type Benchmark, median, type Result } from './benchmark';
import { writeFlatProgram } from './engine/stacks';

const rounds = 9;
const repository = join(__dirname, '..');

/** CPU seconds, not wall time: the machine is shared, and loading is all computing. */
export const programLoad: Benchmark = {
  name: 'program-load',
  what: 'CPU seconds to load the hospital program from TypeScript, beside a bare Pulumi program and a root import',
  aims: [{ figure: 'hospitalToBareRatio', atMost: 2.0 }],
  async run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-program-load-'));
    try {
      return await measure(folder, say);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(folder: string, say: (line: string) => void): Promise<Result> {
  const config = await programConfig(join(folder, 'state'));
  const hospital = join(repository, 'stacks', 'hospital.ts');
  const { registered } = await load(hospital, config);
  const flat = join(folder, 'flat');
  writeFlatProgram(flat, registered.map(asStackResource));
  const programs = {
    hospital,
    bare: join(__dirname, 'programs', 'bare.ts'),
    rootImport: join(__dirname, 'programs', 'rootImport.ts'),
    flat: join(flat, 'stacks', 'hospital.ts'),
  };
  const names = Object.keys(programs) as (keyof typeof programs)[];
  const taken = { hospital: [], bare: [], rootImport: [], flat: [] } as Record<keyof typeof programs, Loaded[]>;
  // One uncounted round warms the page cache; then all in turn, so that a drift of the machine hits all alike.
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const loaded = await load(programs[name], config);
      if (round > 0) taken[name].push(loaded);
    }
    say(`round ${round} of ${rounds}`);
  }
  return { figures: figures(taken, registered.length), notMeasured };
}

function figures(taken: Record<'hospital' | 'bare' | 'rootImport' | 'flat', Loaded[]>, registered: number) {
  const loaded = (of: Loaded[]) => median(of.map(({ loadedCpuSeconds }) => loadedCpuSeconds));
  const [hospital, bare, rootImport, flat] = [taken.hospital, taken.bare, taken.rootImport, taken.flat].map(loaded);
  const ratio = (divisor = Number.NaN) => round2((hospital ?? Number.NaN) / divisor);
  return {
    hospitalCpuSeconds: round2(hospital),
    bareCpuSeconds: round2(bare),
    rootImportCpuSeconds: round2(rootImport),
    sameResourcesFlatCpuSeconds: round2(flat),
    hospitalToBareRatio: ratio(bare),
    hospitalToRootImportRatio: ratio(rootImport),
    hospitalToSameResourcesFlatRatio: ratio(flat),
    hospitalRegisteredCpuSeconds: round2(median(taken.hospital.map((one) => one.registeredCpuSeconds))),
    resourcesRegisteredByHospital: registered,
    rounds,
  };
}

const notMeasured = [
  'the engine, and any provider: resources are registered with mocks, and loading ends when all are constructed (hospitalRegisteredCpuSeconds: when all are registered)',
  'type checking: the stack loads transpile-only, `npm run typecheck` is a step of its own',
];

const round2 = (value = Number.NaN) => Math.round(value * 100) / 100;

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  readonly custom: boolean;
}

interface Loaded {
  readonly loadedCpuSeconds: number;
  readonly registeredCpuSeconds: number;
  readonly registered: readonly Registered[];
}

async function load(program: string, config: string): Promise<Loaded> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(__dirname, 'loadProgram.cjs'), program, join(repository, 'stacks', 'tsconfig.json')],
    { env: { ...process.env, PROGRAM_CONFIG: config }, cwd: repository, maxBuffer: 64 * 1024 * 1024 },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** Mocks know no URNs and no dependencies; a flat program without the latter loads as fast or faster. */
function asStackResource({ type, name, inputs, custom }: Registered): StackResource {
  return { urn: `${type}::${name}`, type, inputs, outputs: {}, custom };
}

/** The configuration of the stack `local`, as the runtime hands it to a program: every value a string. */
async function programConfig(folder: string): Promise<string> {
  const config = await localConfig({ state: StateFolder.open(folder) }, 0);
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return JSON.stringify(Object.fromEntries(Object.entries(config).map(([key, value]) => [key, text(value)])));
}
