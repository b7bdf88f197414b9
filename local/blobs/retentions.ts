import type { LokiCollection } from './journal';

interface Retention {
  /** `<account>/<container>/<blob>`, decoded. */
  readonly blob: string;
  /** Milliseconds since 1970, on the virtual clock. */
  readonly until: number;
}

/** Until when blobs may be neither overwritten nor deleted; kept beside Azurite's own records, as durable as they are. */
export class Retentions {
  constructor(private readonly records: LokiCollection) {}

  until(blob: string): number | undefined {
    return this.record(blob)?.until;
  }

  protect(blob: string, until: number): void {
    this.forget(blob);
    this.records.insert({ blob, until } satisfies Retention);
  }

  forget(blob: string): void {
    const record = this.record(blob);
    if (record !== undefined) this.records.remove(record);
  }

  /** Of the blobs below `prefix` (`<account>/` or `<account>/<container>/`), one that is protected at `now`. */
  protectedBelow(prefix: string, now: number): string | undefined {
    const records = this.records.find({ until: { $gt: now } }) as Retention[];
    return records.find((record) => record.blob.startsWith(prefix))?.blob;
  }

  forgetBelow(prefix: string): void {
    for (const record of this.records.find({}) as Retention[]) {
      if (record.blob.startsWith(prefix)) this.records.remove(record);
    }
  }

  private record(blob: string): Retention | undefined {
    return (this.records.by('blob', blob) as Retention | null | undefined) ?? undefined;
  }
}
