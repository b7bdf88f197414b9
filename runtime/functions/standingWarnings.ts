import type { StepLog } from '../stream/stepLog';

/** Within the fifteen minutes that the alerts look back. */
const againMs = 10 * 60_000;

/**
 * Says what stays wrong at once, when it changes, and every ten minutes while it lasts: as often as an alert needs it, and no
 * more. One for a process.
 */
export class StandingWarnings {
  private readonly said = new Map<string, { readonly details: string; readonly at: number }>();

  /**
   * @param details of what is wrong; undefined: nothing is
   * @param at milliseconds since 1970, by the clock that the data have
   */
  tell(name: string, details: string | undefined, at: number, log: StepLog): void {
    const last = this.said.get(name);
    if (details === undefined) this.said.delete(name);
    else if (last === undefined || last.details !== details || at - last.at >= againMs) {
      this.said.set(name, { details, at });
      log.warn(`${name} ${details}`);
    }
  }
}
