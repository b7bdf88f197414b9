import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJsonAtomic } from '../core/state';

/** Which way the devices send: straight to IoT Hub, or through the gateway that stands in for IoT Edge. */
export type DevicePath = 'hub' | 'gateway';

/** What makes two replays the same: then an unfinished one is gone on with. */
export interface ReplayIdentity {
  readonly contentHash: string;
  /** Time of minute 0, milliseconds since 1970. */
  readonly start: number;
  readonly path: DevicePath;
}

/** One pass through a recording, from the first row to its verdict; it may take several processes. */
export interface ReplayRun {
  /** Holds the journal, what the judge received, and in the end the verdict. */
  readonly folder: string;
  /** True when an earlier process began it. */
  readonly resumed: boolean;
  /** Virtual time when the run began: what the hub accepted before is of earlier runs. */
  readonly startedAt: number;
}

export const journalFile = (run: { folder: string }) => join(run.folder, 'journal.jsonl');
export const receivedFile = (run: { folder: string }) => join(run.folder, 'received.jsonl');
const verdictFile = (folder: string) => join(folder, 'verdict.json');
const runFile = (folder: string) => join(folder, 'run.json');

/**
 * Goes on with the run of the same recording, start and path that has no verdict yet; else begins a new one, so that a
 * finished replay runs again from its first row. Runs that ended are forgotten then.
 * @param stateFolder folder of the replay in the state of the local cloud
 * @param now virtual time, milliseconds since 1970
 */
export function openRun(stateFolder: string, identity: ReplayIdentity, now: number): ReplayRun {
  const prefix = `${identity.contentHash.slice(0, 16)}-${identity.start}-${identity.path}-`;
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  const numbers = readdirSync(stateFolder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)));
  const last = Math.max(0, ...numbers);
  const lastFolder = join(stateFolder, `${prefix}${last}`);
  const kept =
    last > 0 && !existsSync(verdictFile(lastFolder)) ? readJson<{ startedAt: number }>(runFile(lastFolder)) : undefined;
  if (kept) return { folder: lastFolder, resumed: true, startedAt: kept.startedAt };
  for (const number of numbers) rmSync(join(stateFolder, `${prefix}${number}`), { recursive: true, force: true });
  const folder = join(stateFolder, `${prefix}${last + 1}`);
  mkdirSync(folder, { mode: 0o700 });
  writeJsonAtomic(runFile(folder), { ...identity, startedAt: now });
  return { folder, resumed: false, startedAt: now };
}

/** Ends a run: the next replay of the same recording begins at its first row. */
export function endRun(run: ReplayRun, verdict: unknown): void {
  writeJsonAtomic(verdictFile(run.folder), verdict);
}
