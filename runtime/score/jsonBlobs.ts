/** A blob's content, and the ETag by which a change of it is noticed. */
export interface JsonBlob<T> {
  readonly content: T;
  readonly etag: string;
}

export interface ListedBlob {
  readonly name: string;
  readonly etag: string;
  /** How long it has lain there by the storage's own clock. */
  readonly ageSeconds: number;
}

/** JSON blobs of one container. Conditions that do not hold are results, not errors; every other failure is thrown. */
export interface JsonBlobs {
  read<T>(name: string): Promise<JsonBlob<T> | undefined>;
  /** Undefined when there is none. */
  etagOf(name: string): Promise<string | undefined>;
  /** @returns the new ETag; undefined when there is one of that name already */
  create(name: string, content: unknown): Promise<string | undefined>;
  /** @returns the new ETag; undefined when it is not as it was at `etag` any more */
  replace(name: string, content: unknown, etag: string): Promise<string | undefined>;
  write(name: string, content: unknown): Promise<void>;
  /** In the order of the names, at most `limit`. */
  list(prefix: string, limit: number): Promise<readonly ListedBlob[]>;
  /** Whether it was removed; false when it is not as it was at `etag`. One that is not there counts as removed. */
  remove(name: string, etag: string): Promise<boolean>;
}
