import type { Benchmark } from './benchmark';
import { bundle } from './bundle';
import { endToEnd } from './endToEnd';
import { engine } from './engine';
import { hot } from './hot';
import { ingest } from './ingest';
import { kernel } from './kernel';
import { mlInputBenchmark } from './mlInput';
import { normalize } from './normalize';
import { observations } from './observations';
import { path } from './path';
import { programLoad } from './programLoad';
import { score } from './score';
import { spark } from './spark';
import { sparkState } from './sparkState';

export const benchmarks: readonly Benchmark[] = [
  ingest,
  programLoad,
  engine,
  normalize,
  bundle,
  observations,
  path,
  kernel,
  mlInputBenchmark,
  score,
  spark,
  sparkState,
  hot,
  endToEnd,
];
