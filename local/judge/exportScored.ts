import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScoredWindow } from '../../runtime/contracts/scored';

export const scoredFile = 'scored.ndjson';

/**
 * Writes the last revision of every window, by patient, time and horizon, into a folder that is there.
 * @returns how many there are
 */
export function exportScored(windows: readonly ScoredWindow[], folder: string): number {
  const latest = new Map<string, ScoredWindow>();
  for (const window of windows) {
    const key = [window.patient, String(window.start).padStart(15, '0'), window.horizon].join(' ');
    if ((latest.get(key)?.revision ?? 0) < window.revision) latest.set(key, window);
  }
  const lines = [...latest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, window]) => `${JSON.stringify(window)}\n`);
  writeFileSync(join(folder, scoredFile), lines.join(''));
  return latest.size;
}
