import { BaselineMedians, baselinesFrom, dueMidnight } from '../lake/baselineMedians';
import { baselineFileName } from '../lake/baselineStore';
import type { CapturedHub } from '../lake/capturedHub';
import { markedThrough } from '../lake/capturedMarks';
import { ScoredReader } from '../lake/scoredReader';
import type { JsonBlobs } from '../score/jsonBlobs';
import type { StepLog } from '../stream/stepLog';
import { causeOf } from '../stream/transient';

export interface BaselineTools {
  readonly scored: CapturedHub;
  readonly scoredPartitions: readonly string[];
  readonly baselines: Pick<JsonBlobs, 'etagOf' | 'create'>;
  readonly windowSeconds: number;
}

/**
 * Step 11, once a day: writes the version of the last midnight that all windows before are captured of. That midnight is what
 * the clock marks among the captured windows say, not a clock; a version that is there is left as it is. What fails, and
 * what is not due yet, is left to the next tick. A midnight that passed while this did not run is not made up for: windows
 * that would have been compared with it are out.
 */
export async function writeBaselines(tools: BaselineTools, log: StepLog): Promise<void> {
  try {
    await write(tools, log);
  } catch (error) {
    log.warn(`iomt.held step=baselines cause=${causeOf(error)}`);
    throw error;
  }
}

async function write({ scored, scoredPartitions, baselines, windowSeconds }: BaselineTools, log: StepLog) {
  const through = await markedThrough(scored, scoredPartitions);
  if (through === undefined) return log.info('iomt.baselines state=incomplete');
  const midnight = dueMidnight(through);
  const name = baselineFileName(new Date(midnight).toISOString().slice(0, 10));
  if ((await baselines.etagOf(name)) !== undefined) return;
  const lengthMs = windowSeconds * 1000;
  const medians = new BaselineMedians(midnight, lengthMs);
  const query = { from: baselinesFrom(midnight), to: midnight, lengthMs };
  for await (const windows of new ScoredReader(scored).windows(scoredPartitions, query)) {
    for (const window of windows) medians.add(window);
  }
  const file = medians.file();
  const isNew = (await baselines.create(name, file)) !== undefined;
  const patients = Object.keys(file.patients).length;
  if (isNew) log.info(`iomt.baselines state=written version=${file.version} patients=${patients}`);
}
