import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hospitalProgram } from '../local/localStack';
import { type Benchmark, median, percentile, type Result } from './benchmark';
import { type Taken, upAndPreview, writeFlatProgram } from './engine/stacks';

type Kind = 'upSeconds' | 'previewSeconds';

const rounds = 9;

/** What the components cost: the same engine, control plane, loader and resources, with and without them. */
export const engine: Benchmark = {
  name: 'engine',
  what: 'seconds of `up` and of a preview without change of the stack `local`, beside the same resources written flat',
  aims: [
    { figure: 'upRatio', atMost: 1.1 },
    { figure: 'previewRatio', atMost: 1.1 },
  ],
  async run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-engine-'));
    try {
      return await measure(folder, say);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(folder: string, say: (line: string) => void): Promise<Result> {
  const first = join(folder, 'first');
  // Uncounted: it warms the caches and tells what the flat program has to register.
  const { resources } = await upAndPreview(hospitalProgram, first);
  const flat = join(folder, 'flat');
  writeFlatProgram(flat, resources);
  const taken = { components: [] as Taken[], flat: [] as Taken[] };
  const programs = { components: hospitalProgram, flat };
  for (let round = 0; round <= rounds; round++) {
    const order = ['components', 'flat'] as const;
    // Turn and turn about, so that neither always comes second.
    for (const name of round % 2 === 0 ? order : order.toReversed()) {
      const one = await upAndPreview(programs[name], join(folder, `${name}-${round}`), first);
      requireSame(resources, one.resources);
      if (round > 0) taken[name].push(one);
      say(
        `round ${round} of ${rounds}, ${name}: up ${round2(one.upSeconds)} s, preview ${round2(one.previewSeconds)} s`,
      );
    }
  }
  const of = (name: keyof typeof taken, kind: Kind) => round2(median(taken[name].map((one) => one[kind])));
  return {
    figures: {
      upSeconds: of('components', 'upSeconds'),
      flatUpSeconds: of('flat', 'upSeconds'),
      ...ratios('up', taken.components, taken.flat, 'upSeconds'),
      previewSeconds: of('components', 'previewSeconds'),
      flatPreviewSeconds: of('flat', 'previewSeconds'),
      ...ratios('preview', taken.components, taken.flat, 'previewSeconds'),
      resources: cloudResources(resources).length,
      rounds,
    },
    notMeasured: [
      'Azure: its answers take seconds to minutes, beside which the engine is nothing',
      'the flat program has its values as literals: checking and deriving them is part of what the components cost',
    ],
  };
}

/**
 * The median of each round's own ratio: what else the machine does changes from round to round, less within one. Quartiles
 * far apart say that the machine was busy.
 */
function ratios(name: 'up' | 'preview', components: readonly Taken[], flat: readonly Taken[], kind: Kind) {
  const all = components.map((one, round) => one[kind] / (flat[round]?.[kind] ?? Number.NaN));
  const quartiles = { lower: round2(percentile(all, 25)), upper: round2(percentile(all, 75)) };
  return { [`${name}Ratio`]: round2(median(all)), [`${name}RatioQuartiles`]: quartiles };
}

/** The comparison holds only if both programs made the same resources. */
function requireSame(expected: Taken['resources'], found: Taken['resources']): void {
  const names = (resources: Taken['resources']) => JSON.stringify(cloudResources(resources).sort());
  if (names(expected) !== names(found)) throw new Error('The flat program has not registered what the components do.');
}

function cloudResources(resources: Taken['resources']): string[] {
  return resources
    .filter(({ custom, type }) => custom && !type.startsWith('pulumi:'))
    .map(({ type, urn }) => `${type} ${urn.split('::').at(-1)}`);
}

const round2 = (value: number) => Math.round(value * 100) / 100;
