import type { LakeContainer } from '../../runtime/lake/lakeContainer';
import type { JsonBlob, JsonBlobs } from '../../runtime/score/jsonBlobs';

/** A container in memory, as the runtime sees one: captured files, and JSON blobs with their conditions. */
export class MemoryContainer implements LakeContainer, Pick<JsonBlobs, 'read' | 'etagOf' | 'create' | 'replace'> {
  readonly blobs = new Map<string, { readonly content: Buffer; readonly etag: string }>();
  /** Folders that were listed. */
  readonly listed: string[] = [];
  private etags = 0;

  put(name: string, content: Buffer | string): string {
    const etag = `"${++this.etags}"`;
    this.blobs.set(name, { content: Buffer.from(content), etag });
    return etag;
  }

  async *list(folder: string): AsyncGenerator<string> {
    this.listed.push(folder);
    const names = new Set<string>();
    for (const name of this.names(folder)) {
      const end = name.indexOf('/', folder.length);
      names.add(end < 0 ? name : name.slice(0, end + 1));
    }
    yield* names;
  }

  async *listAll(folder: string): AsyncGenerator<string> {
    this.listed.push(folder);
    yield* this.names(folder);
  }

  /** In chunks that end anywhere. */
  async open(name: string): Promise<AsyncIterable<Buffer> | undefined> {
    const content = this.blobs.get(name)?.content;
    if (content === undefined) return undefined;
    return (async function* () {
      for (let at = 0; at < content.length; at += 997) yield content.subarray(at, at + 997);
    })();
  }

  read(name: string): Promise<AsyncIterable<Buffer> | undefined>;
  read<T>(name: string): Promise<JsonBlob<T> | undefined>;
  async read<T>(name: string): Promise<AsyncIterable<Buffer> | JsonBlob<T> | undefined> {
    const blob = this.blobs.get(name);
    if (blob === undefined || name.endsWith('.avro')) return this.open(name);
    return { content: JSON.parse(blob.content.toString()) as T, etag: blob.etag };
  }

  async etagOf(name: string): Promise<string | undefined> {
    return this.blobs.get(name)?.etag;
  }

  async create(name: string, content: unknown): Promise<string | undefined> {
    return this.blobs.has(name) ? undefined : this.put(name, JSON.stringify(content));
  }

  async replace(name: string, content: unknown, etag: string): Promise<string | undefined> {
    return this.blobs.get(name)?.etag === etag ? this.put(name, JSON.stringify(content)) : undefined;
  }

  private names(folder: string): string[] {
    return [...this.blobs.keys()].filter((name) => name.startsWith(folder)).sort();
  }
}
