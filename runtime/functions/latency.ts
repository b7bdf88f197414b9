import type { ArrivedWindow } from '../repository/port';
import { lastSampleOf } from '../repository/windowRow';

export interface LatencyRules {
  readonly latenessSeconds: number;
  /** Of a sample's age at the 95th percentile. */
  readonly warningMinutes: number;
  readonly breachMinutes: number;
}

export interface Latency {
  readonly level: 'info' | 'warn' | 'error';
  readonly line: string;
}

/**
 * How old what a batch brought was once it stood in the repository, at the 95th percentile (nearest rank): the newest sample's age,
 * of which the wait for the window's end and lateness is by design, and how long it took from `scored` to the row. Hot
 * windows only, and none that correct an earlier one: what comes late is old. Undefined without any that has a sample.
 */
export function latencyOf(
  written: readonly ArrivedWindow[],
  writtenAt: number,
  { latenessSeconds, warningMinutes, breachMinutes }: LatencyRules,
): Latency | undefined {
  const measured = written.flatMap(({ window, scoredAt, hot }) => {
    const sample = hot && !window.corrected ? lastSampleOf(window) : null;
    return sample === null ? [] : [{ sample, scoredAt, end: window.end }];
  });
  if (measured.length === 0) return undefined;
  const age = p95Seconds(measured.map(({ sample }) => writtenAt - sample));
  const wait = p95Seconds(measured.map(({ sample, end }) => end + latenessSeconds * 1000 - sample));
  const processing = p95Seconds(measured.map(({ scoredAt }) => writtenAt - scoredAt));
  return {
    level: age >= breachMinutes * 60 ? 'error' : age >= warningMinutes * 60 ? 'warn' : 'info',
    line: `iomt.latency sampleAgeP95Seconds=${age} windowWaitP95Seconds=${wait} processingP95Seconds=${processing}`,
  };
}

function p95Seconds(milliseconds: readonly number[]): number {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  return Math.max(0, Math.round(sorted[Math.ceil(sorted.length * 0.95) - 1] as number) / 1000);
}
