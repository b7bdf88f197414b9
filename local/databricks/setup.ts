import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Has set-up find or fetch what Spark jobs need: Java, jars, Python packages (some minutes the first time).
 * @returns why they cannot run on this machine, and what to install; undefined when they can
 */
export function sparkSetupProblem(): string | undefined {
  return setupProblem('kafka', 'spark', 'wheels');
}

/**
 * The same, with what set-up says on standard error as it happens.
 * @returns whether jobs can run; if not, the last line has said why
 */
export function setUpSpark(): boolean {
  return (
    spawnSync(process.execPath, [program, 'kafka', 'spark', 'wheels'], { stdio: ['ignore', 'ignore', 'inherit'] })
      .status === 0
  );
}

/** The same for the Kafka endpoint alone, which needs Java and Maven. */
export function kafkaSetupProblem(): string | undefined {
  return setupProblem('kafka');
}

const program = join(__dirname, '..', '..', 'setup', 'spark.mjs');

function setupProblem(...parts: string[]): string | undefined {
  const { status, stderr } = spawnSync(process.execPath, [program, ...parts], { encoding: 'utf8' });
  if (status === 0) return undefined;
  return (
    stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^setup \S+ +/, '') ?? 'set-up failed without a word'
  );
}
