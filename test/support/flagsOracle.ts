import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { WindowContent } from './scoringOracle';

/** What must have stood over a patient. Times in milliseconds since 1970. */
export interface OracleEpisode {
  readonly patient: string;
  readonly kind: 'deterioration' | 'data-gap';
  readonly since: number;
  readonly raisedAt: number;
  readonly level: string | null;
  /** Start of the window and the level, for every change. */
  readonly levels: readonly (readonly [number, string])[];
  readonly vitals: readonly string[];
  readonly ended: { readonly time: number; readonly reason: string } | null;
}

const script = join(__dirname, 'python', 'flags_oracle.py');

/**
 * The episodes that follow from the windows of `askOracle`, by patient, kind and beginning.
 * @throws Error with what Python said
 */
export function askFlagsOracle(windows: readonly WindowContent[]): OracleEpisode[] {
  const input = windows.map((window) => `${JSON.stringify(window)}\n`).join('');
  const options = { input, encoding: 'utf8', maxBuffer: 2 ** 28 } as const;
  const { stdout, stderr, status } = spawnSync('python3', ['-B', script], options);
  if (status !== 0) throw new Error(`The oracle of flags failed: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as OracleEpisode);
}
