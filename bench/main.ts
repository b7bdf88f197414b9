import { benchmarks } from './benchmarks';

/**
 * `npm run bench` lists the benchmarks, `npm run bench -- NAME` runs one and prints one JSON line. What it measures
 * against runs in the same run: these figures are comparisons, never absolutes of one machine.
 */
async function main(name: string | undefined): Promise<number> {
  if (name === undefined) {
    for (const { name: id, what } of benchmarks) console.log(`${id.padEnd(14)} ${what}`);
    return 0;
  }
  const benchmark = benchmarks.find((one) => one.name === name);
  if (!benchmark) {
    console.error(`There is no benchmark "${name}"; there are ${benchmarks.map((one) => one.name).join(', ')}.`);
    return 1;
  }
  const { figures, notMeasured } = await benchmark.run((line) => console.error(line));
  const aims = benchmark.aims.map((aim) => ({ ...aim, value: figures[aim.figure] ?? null, met: isMet(aim, figures) }));
  console.log(JSON.stringify({ bench: name, figures, aims, met: aims.every((aim) => aim.met), notMeasured }));
  return 0;
}

function isMet(aim: { figure: string; atMost?: number; atLeast?: number }, figures: Record<string, unknown>): boolean {
  const value = figures[aim.figure];
  if (typeof value !== 'number' || Number.isNaN(value)) return false;
  return value <= (aim.atMost ?? Number.POSITIVE_INFINITY) && value >= (aim.atLeast ?? Number.NEGATIVE_INFINITY);
}

main(process.argv[2]).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
