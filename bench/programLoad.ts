import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StateFolder } from '../local/core/state';
import { localConfig } from '../local/localStack';
import { type Benchmark, median } from './benchmark';

const runs = 9;
const folder = __dirname;
const repository = join(folder, '..');

const programs = {
  hospital: join(repository, 'stacks', 'hospital.ts'),
  bare: join(folder, 'programs', 'bare.ts'),
  rootImport: join(folder, 'programs', 'rootImport.ts'),
};
type Program = keyof typeof programs;

/** CPU seconds, not wall time: the machine is shared, and loading is all computing. */
export const programLoad: Benchmark = {
  name: 'program-load',
  what: 'CPU seconds to load the hospital program from TypeScript, beside a bare Pulumi program and a root import',
  aims: [{ figure: 'hospitalToBareRatio', atMost: 2.0 }],
  async run(say) {
    const seconds: Record<Program, number[]> = { hospital: [], bare: [], rootImport: [] };
    let registered = 0;
    // One uncounted round warms the page cache; then the three in turn, so that a drift of the machine hits all alike.
    const config = await programConfig();
    for (let round = 0; round <= runs; round++) {
      for (const name of Object.keys(programs) as Program[]) {
        const loaded = await load(programs[name], config);
        if (name === 'hospital') registered = loaded.registered;
        if (round > 0) seconds[name].push(loaded.cpuSeconds);
      }
      say(`round ${round} of ${runs}`);
    }
    const [hospital, bare, rootImport] = [median(seconds.hospital), median(seconds.bare), median(seconds.rootImport)];
    return {
      figures: {
        hospitalCpuSeconds: hospital,
        bareCpuSeconds: bare,
        rootImportCpuSeconds: rootImport,
        hospitalToBareRatio: round2(hospital / bare),
        hospitalToRootImportRatio: round2(hospital / rootImport),
        resourcesRegisteredByHospital: registered,
        runs,
      },
      notMeasured: [
        'the engine, and any provider: resources are registered with mocks',
        'type checking: the stack loads transpile-only, `npm run typecheck` is a step of its own',
      ],
    };
  },
};

const round2 = (value: number) => Math.round(value * 100) / 100;

async function load(program: string, config: string): Promise<{ cpuSeconds: number; registered: number }> {
  const env = { ...process.env, PROGRAM_CONFIG: config };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(folder, 'loadProgram.cjs'), program, join(repository, 'stacks', 'tsconfig.json')],
    { env, cwd: repository },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** The configuration of the stack `local`, as the runtime hands it to a program: every value a string. */
async function programConfig(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-program-load-'));
  try {
    const config = await localConfig({ state: StateFolder.open(folder) }, 0);
    const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
    return JSON.stringify(Object.fromEntries(Object.entries(config).map(([key, value]) => [key, text(value)])));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
