import { join } from 'node:path';
import type { Log } from '../contracts';
import { type CommandResult, output } from './command';

/** What set-up has found or fetched: see setup/spark.mjs. */
export interface KafkaTools {
  readonly java: string;
  /** Folder of the broker's jars. */
  readonly kafkaJars: string;
}

export interface SparkTools extends KafkaTools {
  /** Folder of the jars that pyspark lacks. */
  readonly sparkJars: string;
  /** Python with pyspark, Delta and V8. */
  readonly python: string;
}

const setup = join(__dirname, '..', '..', 'setup', 'spark.mjs');

const found = new Map<string, unknown>();

/**
 * Has set-up find or fetch Java, jars and Python packages.
 * @throws Error with the sentence that says what is missing and how to get it
 */
export async function tools<Part extends 'kafka' | 'spark'>(
  parts: readonly Part[],
  log: Log,
): Promise<'spark' extends Part ? SparkTools : KafkaTools> {
  const key = parts.join();
  const before = found.get(key) as SparkTools | undefined;
  if (before) return before;
  const { code, stdout, stderr }: CommandResult = await output(process.execPath, [setup, ...parts], (line) =>
    log.info(line.trim()),
  );
  if (code !== 0)
    throw new Error(
      stderr
        .trim()
        .split('\n')
        .at(-1)
        ?.replace(/^setup \S+ +/, '') ?? 'Set-up failed.',
    );
  const now = JSON.parse(stdout) as SparkTools;
  found.set(key, now);
  return now;
}
