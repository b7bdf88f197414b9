import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verdict } from '../../../local/judge/verdict';
import type { LocalScoring } from '../../../local/options';
import { defaultKernelSettings } from '../../../runtime/scoring/kernelSettings';
import { MainJobs } from '../mainJobProcess';

const repository = join(__dirname, '..', '..', '..');

export const ward = join(repository, 'local', 'replay', 'ward', 'ward.csv');
const icu = join(repository, '..', 'shared', 'icu', 'icu-a.csv');
/** What is replayed; a real record where it is there. */
export const recordings = [
  { name: 'the synthetic ward', file: ward },
  { name: 'a real ICU record of 32 hours', file: icu },
].filter(({ file }) => existsSync(file));
if (!existsSync(icu)) console.log('Not run: the test with a real ICU record, since ../shared/icu/icu-a.csv is absent.');

/** Virtual time at which the replays begin. */
export const recordedFrom = Date.parse('2026-01-05T00:00:00Z');
export const longMs = 1_800_000;

/** One run of the main job. */
export interface Run {
  readonly verdict: Verdict | undefined;
  /** Where everything lies as NDJSON. */
  readonly out: string;
}

export function linesOf<T>({ out }: Run, name: string): T[] {
  const text = readFileSync(join(out, `${name}.ndjson`), 'utf8').split('\n');
  return text.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
}

/** Recordings through the main job, each once for all tests: late, out of order, a tenth of them twice. */
export class RecordedRuns {
  private readonly jobs = new MainJobs('recordings');
  private readonly runs = new Map<string, Promise<Run>>();

  close(): void {
    this.jobs.close();
  }

  /** @param again the same recording into the same state once more */
  run(file: string, scoring: LocalScoring = 'functions', again = false): Promise<Run> {
    const key = `${scoring}-${file === ward ? 'ward' : 'icu'}`;
    const name = again ? `${key}-again` : key;
    const before = again ? this.run(file, scoring).then(() => {}) : Promise.resolve();
    const run = this.runs.get(name) ?? before.then(() => this.replay(file, scoring, key, name));
    this.runs.set(name, run);
    return run;
  }

  private async replay(file: string, scoring: LocalScoring, state: string, name: string): Promise<Run> {
    const out = join(this.jobs.folder, `${name}-out`);
    const config = join(this.jobs.folder, `${name}.json`);
    const settings = {
      // What is behind scoring does not see by what was scored.
      'hospital:hotPathEnabled': scoring === 'functions',
      // Whether the day's baseline is there depends on the speed of the replay; it has a test of its own.
      'hospital:scoring': { baselines: false },
      // At this speed, clock marks are most of the events.
      'hospital:connector': { clockMarkSeconds: 60 },
      'hospital:hotPath': { routing: { intervalMinutes: 60, staleMinutes: 120 } },
    };
    writeFileSync(config, JSON.stringify(settings));
    const disorder = ['--shuffle', String(defaultKernelSettings.latenessSeconds - 1), '--duplicate', '10'];
    const options = ['--replay', file, '--speed', 'max', '--scoring', scoring, '--config', config, '--export', out];
    const { code, verdict, said } = await this.jobs.start(state, ...options, ...disorder).ended;
    if (code !== 0) throw new Error(`The replay ended with ${code}: ${JSON.stringify(verdict)}\n${said}`);
    return { verdict, out };
  }
}
