import { join } from 'node:path';
import { type Benchmark, median, percentile, type Result } from './benchmark';
import { ChildProcess, withProcesses } from './childProcess';
import type { ScoreHandlers } from './score/host';
import { patients } from './score/ward';

const rounds = 5;

export const score: Benchmark = {
  name: 'score',
  what: "1,000 patients' windows that close at one instant, from their last event on enriched to their results on scored",
  aims: [{ figure: 'resultP95Milliseconds', atMost: 1000 }],
  run(say) {
    const processes = { host: new ChildProcess<ScoreHandlers>(join(__dirname, 'score', 'host.ts')) };
    return withProcesses(processes, ({ host }, folder) => measure(host, folder, say));
  },
};

async function measure(
  host: ChildProcess<ScoreHandlers>,
  folder: string,
  say: (line: string) => void,
): Promise<Result> {
  say('hubs, storage and functions host start, with the app in them');
  await host.ask('start', folder);
  const closing: number[][] = [];
  const onlySending: number[][] = [];
  // One uncounted round warms up; in each the bare sending follows the closing.
  for (let round = 0; round <= rounds; round += 1) {
    const taken = await host.ask('round', round);
    say(`round ${round} of ${rounds}: p95 ${Math.round(percentile(taken.closing, 95))} ms`);
    if (round === 0) continue;
    closing.push(taken.closing);
    onlySending.push(taken.onlySending);
  }
  const of = (taken: readonly number[][], percent: number) =>
    Math.round(median(taken.map((delays) => percentile(delays, percent))));
  return {
    figures: {
      ...{ patients, rounds },
      resultFirstMilliseconds: of(closing, 0),
      resultP95Milliseconds: of(closing, 95),
      resultLastMilliseconds: of(closing, 100),
      onlySendingP95Milliseconds: of(onlySending, 95),
      onlySendingLastMilliseconds: of(onlySending, 100),
      closingToOnlySendingP95Ratio: Math.round((of(closing, 95) / of(onlySending, 95)) * 100) / 100,
    },
    notMeasured,
  };
}

const notMeasured = [
  'a network, and Azure itself: hubs, storage, functions host and reader share this machine and its cores',
  "the Functions host: what stands in for it reads with the JavaScript client, which gathers for 20 ms, as the host's client does",
  'more than one instance: all four partitions of enriched are handled in one process',
  'a model beside NEWS2, baselines, repairs, and windows of more than 30 readings of five vitals',
];
