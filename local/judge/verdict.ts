import type { Comparison } from './compare';
import type { Delays } from './delays';

/** What a replay came to: the JSON line of `npm start -- --json`. All counts are of messages, by natural key. */
export interface Verdict {
  /** Rows of the recording with at least one value. */
  readonly sent: number;
  readonly devicedata: number;
  readonly raw: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly redelivered: number;
  /** Messages given up by a step. None of the steps up to `devicedata` and the raw copy gives a message up. */
  readonly deadLettered: number;
  readonly wrong: number;
  /** From the device's first sending to the judge's receipt from `devicedata`, milliseconds of the machine's clock. */
  readonly delayMs: Delays;
}

export function verdictOf(comparison: Comparison, delayMs: Delays): Verdict {
  const { sent, devicedata, raw, lost, duplicated, redelivered, wrong } = comparison;
  return {
    sent,
    devicedata,
    raw,
    lost: lost.length,
    duplicated: duplicated.length,
    redelivered,
    deadLettered: 0,
    wrong: wrong.length,
    delayMs,
  };
}

/** Whether all that was sent is there, once and right. */
export function isGood(verdict: Verdict): boolean {
  return verdict.lost === 0 && verdict.duplicated === 0 && verdict.deadLettered === 0 && verdict.wrong === 0;
}

const shownKeys = 5;

/** The first few keys behind each count that should be 0, a line a count; empty when all is well. */
export function describeFindings(comparison: Comparison): string[] {
  const line = (what: string, keys: readonly string[]) => {
    const more = keys.length > shownKeys ? ` and ${keys.length - shownKeys} more` : '';
    return keys.length === 0 ? [] : [`${what}: ${keys.slice(0, shownKeys).join(', ')}${more}`];
  };
  return [
    ...line('lost', comparison.lost),
    ...line('duplicated', comparison.duplicated),
    ...line('wrong', comparison.wrong),
  ];
}
