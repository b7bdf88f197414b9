import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs';

type Entry =
  | { readonly sent: readonly string[]; readonly at: number }
  | { readonly acknowledged: string; readonly at: number };

/**
 * What a replay has sent and what was acknowledged, message by message, so that after kill -9 it goes on where it was:
 * a message that is in doubt (sent, not known as acknowledged) is sent again under the same natural key.
 * One JSON line an entry; a torn last line does not count. Times are the machine's clock, for delays.
 */
export class ReplayJournal {
  private readonly file: number;
  private readonly firstSent = new Map<string, number>();
  private readonly acknowledgedKeys = new Set<string>();

  constructor(path: string) {
    this.file = openSync(path, 'a+', 0o600);
    const text = readFileSync(path, 'utf8');
    for (const entry of completeLines(text)) this.take(entry as Entry);
    // The torn line gets an end of its own, or the next entry would be lost with it.
    if (text !== '' && !text.endsWith('\n')) appendFileSync(this.file, '\n');
  }

  /** Messages are about to be sent, at `at` (milliseconds since 1970, machine's clock). */
  sent(keys: readonly string[], at: number): void {
    this.write({ sent: keys, at });
  }

  acknowledged(key: string, at: number): void {
    this.write({ acknowledged: key, at });
  }

  isAcknowledged(key: string): boolean {
    return this.acknowledgedKeys.has(key);
  }

  /** When each message was sent for the first time in this run, in milliseconds since 1970. */
  get sendTimes(): ReadonlyMap<string, number> {
    return this.firstSent;
  }

  close(): void {
    closeSync(this.file);
  }

  private write(entry: Entry): void {
    appendFileSync(this.file, `${JSON.stringify(entry)}\n`);
    this.take(entry);
  }

  private take(entry: Entry): void {
    if ('acknowledged' in entry) this.acknowledgedKeys.add(entry.acknowledged);
    else for (const key of entry.sent) if (!this.firstSent.has(key)) this.firstSent.set(key, entry.at);
  }
}

/** The JSON lines of an appended file; a line that a kill cut short is left out. */
export function completeLines(text: string): unknown[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as unknown];
    } catch {
      return [];
    }
  });
}
