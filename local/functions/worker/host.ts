import type { FromFunction } from '../messages';

/** Tells the local cloud; nothing once it is gone. */
export function tell(message: FromFunction): void {
  if (process.connected) process.send?.(message);
}

/** A reason that is told only when it is not the last one told, so that what is tried again and again says it once. */
export class Waiting {
  private last: string | undefined;

  because(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === this.last) return;
    this.last = reason;
    tell({ kind: 'waiting', reason });
  }

  /** It works again. */
  over(): void {
    if (this.last === undefined) return;
    this.last = undefined;
    tell({ kind: 'running' });
  }
}
