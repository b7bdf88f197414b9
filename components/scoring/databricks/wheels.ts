import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { builtFolder, seenByEngine } from '../../azure/bundle';
import type { CompleteDatabricks } from './defaults';

/** A file that travels to the cluster in a volume: there is no package index to fetch it from. */
export interface JobFile {
  /** Last part of the logical name of its resource. */
  readonly child: string;
  /** Name in the volume. */
  readonly name: string;
  /** Path as the engine reads it. */
  readonly source: string;
  readonly isWheel: boolean;
}

/** The job's wheel, what runs its kernel, and whatever else it is given. */
export function jobFiles(databricks: CompleteDatabricks, modelFile: string | undefined): JobFile[] {
  const folder = builtFolder('databricks');
  const job = onlyWheel(
    folder,
    /^iomt_scoring-.*\.whl$/,
    'The wheel of the scoring job is missing; run "npm run build" in the library\'s folder first.',
  );
  const racer = databricks.kernelHost === 'v8' ? [miniRacer(databricks, join(folder, 'wheels'))] : [];
  const others = databricks.additionalWheels.map((path, i) => wheel(`job-wheel-${i + 1}`, path));
  const model = modelFile === undefined ? [] : [modelOf(modelFile)];
  return [{ ...wheel('job-wheel', job), name: withHash(job) }, ...racer, ...others, ...model];
}

function miniRacer({ miniRacerWheel }: CompleteDatabricks, folder: string): JobFile {
  const missing =
    'The wheel of mini-racer for the cluster is missing; run "pip download mini-racer==0.14.1 --no-deps --only-binary :all: --platform manylinux_2_27_x86_64 -d dist/databricks/wheels" in the library\'s folder, or set databricks.miniRacerWheel to where it lies.';
  return wheel('job-mini-racer', miniRacerWheel ?? onlyWheel(folder, /^mini_racer-.*\.whl$/, missing));
}

function onlyWheel(folder: string, pattern: RegExp, missing: string): string {
  const found = existsSync(folder) ? readdirSync(folder).filter((name) => pattern.test(name)) : [];
  const [only] = found.sort();
  if (only === undefined) throw new pulumi.RunError(missing);
  return join(folder, only);
}

function wheel(child: string, path: string): JobFile {
  return { child, name: basename(path), source: seenByEngine(path), isWheel: true };
}

/**
 * The wheel's content in its name, as the build number that a wheel's name may have: another content is another file, beside
 * the one that the running job has, and another parameter of the job, which restarts it.
 */
function withHash(path: string): string {
  const hash = hashOf(path);
  return basename(path).replace(/^([^-]+-[^-]+)-/, `$1-0${hash}-`);
}

function modelOf(path: string): JobFile {
  const name = `model-${hashOf(path)}.onnx`;
  return { child: 'job-model', name, source: seenByEngine(path), isWheel: false };
}

const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12);
