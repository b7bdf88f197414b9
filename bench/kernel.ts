import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import type * as kernelEntry from '../runtime/databricks/kernelEntry';
import { type Benchmark, median } from './benchmark';

const repository = join(__dirname, '..');
const python = ['numpy==1.26.4', 'mini-racer==0.14.1'];
const contenders = ['numpy', 'numpyPresorted', 'numpyPacked', 'numpyPackedPresorted'] as const;
const start = 1_767_571_200_000;
const windowMilliseconds = 300_000;
const rounds = 9;

type Times = Record<'v8' | (typeof contenders)[number], number>;
interface Measured {
  readonly digest: string;
  readonly slots: number;
  readonly batches: number;
  readonly patients: number;
  readonly wall: Times;
  readonly cpu: Times;
}

export const kernel: Benchmark = {
  name: 'kernel',
  what: 'unsorted slots to statistics and NEWS2: the kernel in V8 inside Python beside numpy, and in Node',
  aims: ['minutes', 'seconds'].flatMap((shape) => [
    { figure: `${shape}RatioToNumpy`, atLeast: 5 },
    { figure: `${shape}RatioToNumpyPresorted`, atLeast: 2 },
  ]),
  async run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-kernel-'));
    try {
      const build = `import { buildKernel } from './setup/bundles.mjs'; await buildKernel(process.cwd(), { folder: ${JSON.stringify(folder)} });`;
      node(['--input-type=module', '-e', build]);
      const bundle = join(folder, 'kernel.js');
      const interpreter = node([join('setup', 'python.mjs'), ...python]).trim();
      say('measuring in Python, nine rounds');
      const script = join(__dirname, 'kernel', 'compare.py');
      const { v8, numpy, shapes } = JSON.parse(
        execFileSync(interpreter, [script, bundle, folder], { encoding: 'utf8' }),
      ) as {
        v8: string;
        numpy: string;
        shapes: Record<string, Measured>;
      };
      const inNode = runInThisContext(`${readFileSync(bundle, 'utf8')};iomtKernel`) as typeof kernelEntry;
      const figures = Object.entries(shapes).flatMap(([name, measured]) => {
        const nodeMilliseconds = measureInNode(inNode, name, measured, folder);
        say(`${name}: ${JSON.stringify(measured)}, in Node ${nodeMilliseconds.toFixed(0)} ms`);
        return Object.entries(figuresOf(measured, nodeMilliseconds)).map(
          ([figure, value]) => [`${name}${figure}`, value] as const,
        );
      });
      return { figures: { v8, numpy, node: process.versions.v8, ...Object.fromEntries(figures) }, notMeasured };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function figuresOf({ slots, wall, cpu }: Measured, nodeMilliseconds: number): Record<string, number> {
  const figures: Record<string, number> = { Slots: slots, KernelMilliseconds: round(wall.v8) };
  for (const name of contenders) {
    const capital = name[0]?.toUpperCase() + name.slice(1);
    figures[`${capital}Milliseconds`] = round(wall[name]);
    figures[`RatioTo${capital}`] = round(wall[name] / wall.v8);
    figures[`CpuRatioTo${capital}`] = round(cpu[name] / cpu.v8);
  }
  return {
    ...figures,
    KernelSlotsPerSecond: Math.round(slots / (wall.v8 / 1000)),
    NodeMilliseconds: round(nodeMilliseconds),
    NodeRatioToNumpy: round(wall.numpy / nodeMilliseconds),
  };
}

/** The same bundle with the same slots; its results must have the same bits. */
function measureInNode(kernel: typeof kernelEntry, name: string, measured: Measured, folder: string): number {
  const batches = Array.from({ length: measured.batches }, (_, number) => {
    const read = (column: string) => new Uint8Array(readFileSync(join(folder, `${name}-${number}-${column}.bin`)));
    const columns = kernel.columns(read('vital').length);
    for (const [column, held] of Object.entries(columns) as [string, Uint8Array][])
      new Uint8Array(held.buffer).set(read(column));
    return columns;
  });
  const run = () =>
    batches.map((columns) =>
      kernel.scoreColumns(columns, columns.vital.length, measured.patients, start, windowMilliseconds),
    );
  const digest = createHash('sha256');
  for (const result of run())
    for (const column of ['count', 'median', 'min', 'max', 'last', 'slope', 'total', 'floorTotal'] as const)
      digest.update(result[column].map((value) => value + 0));
  if (digest.digest('hex') !== measured.digest)
    throw new Error(`The results in Node differ from those in Python (${name}).`);
  const times = Array.from({ length: rounds }, () => {
    const began = performance.now();
    run();
    return performance.now() - began;
  });
  return median(times);
}

function node(args: readonly string[]): string {
  return execFileSync(process.execPath, args, {
    cwd: repository,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

const round = (value: number) => Math.round(value * 100) / 100;

const notMeasured = [
  'what a compute does around it: reading, grouping by window, keeping slots and states, writing results',
  'the JSON of requests, states and results, carry-forward, trend and flags: scoreColumns has statistics and scores alone',
  'numpy on a processor without AVX-512, where the packed keys are sorted more slowly',
  'several processes at once: one thread of one process, batches of 1,000 patients',
];
