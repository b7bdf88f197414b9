/** The windows that scoring goes by: tumbling, aligned to UTC, each due to close its lateness after its end. */
export interface Windows {
  readonly windowMs: number;
  readonly latenessMs: number;
}

/**
 * Whether something arrived when its window was due to close. Clock marks say that nothing earlier than their time comes after
 * them, so that what arrives at the very moment may come after the mark that closes the window: it is late.
 */
export function isLate(time: number, arrival: number, { windowMs, latenessMs }: Windows): boolean {
  const end = (Math.floor(time / windowMs) + 1) * windowMs;
  return arrival >= end + latenessMs;
}

/** Start of the earliest window that was not yet due to close. */
export function earliestOpen(arrival: number, { windowMs, latenessMs }: Windows): number {
  return Math.floor((arrival - latenessMs) / windowMs) * windowMs;
}
