import { ManagedIdentityCredential } from '@azure/identity';
import { ContainerClient } from '@azure/storage-blob';
import type { JsonBlob, JsonBlobs, ListedBlob } from './jsonBlobs';

/** The JSON blobs of a container, read and written by the user-assigned identity of that client id. */
export function jsonContainer(url: string, clientId: string): JsonBlobs {
  return new JsonContainer(new ContainerClient(url, new ManagedIdentityCredential({ clientId })));
}

const headers = { blobContentType: 'application/json' };

export class JsonContainer implements JsonBlobs {
  constructor(private readonly container: ContainerClient) {}

  async read<T>(name: string): Promise<JsonBlob<T> | undefined> {
    return unless([404], async () => {
      const client = this.container.getBlobClient(name);
      const { etag = '', readableStreamBody } = await client.download();
      const chunks: Buffer[] = [];
      for await (const chunk of readableStreamBody ?? []) chunks.push(Buffer.from(chunk as Buffer));
      return { content: JSON.parse(Buffer.concat(chunks).toString('utf8')) as T, etag };
    });
  }

  async etagOf(name: string): Promise<string | undefined> {
    return unless([404], async () => (await this.container.getBlobClient(name).getProperties()).etag);
  }

  create(name: string, content: unknown): Promise<string | undefined> {
    return unless([409, 412], () => this.upload(name, content, { ifNoneMatch: '*' }));
  }

  replace(name: string, content: unknown, etag: string): Promise<string | undefined> {
    return unless([404, 412], () => this.upload(name, content, { ifMatch: etag }));
  }

  async write(name: string, content: unknown): Promise<void> {
    await this.upload(name, content, {});
  }

  async list(prefix: string, limit: number): Promise<readonly ListedBlob[]> {
    const pages = this.container.listBlobsFlat({ prefix }).byPage({ maxPageSize: limit });
    for await (const page of pages) {
      const now = page.date?.getTime() ?? Number.NaN;
      // A file system with folders lists these too.
      const found = page.segment.blobItems.filter(({ name }) => name.endsWith('.json'));
      if (found.length === 0) continue;
      return found.map(({ name, properties }) => ({
        name,
        etag: quoted(properties.etag),
        ageSeconds: Math.max(0, (now - properties.lastModified.getTime()) / 1000),
      }));
    }
    return [];
  }

  async remove(name: string, etag: string): Promise<boolean> {
    const client = this.container.getBlobClient(name);
    const removed = await unless([404, 412], async () => {
      await client.delete({ conditions: { ifMatch: etag } });
      return true;
    });
    return removed ?? (await this.etagOf(name)) === undefined;
  }

  private async upload(
    name: string,
    content: unknown,
    conditions: { ifMatch?: string; ifNoneMatch?: string },
  ): Promise<string> {
    const bytes = Buffer.from(JSON.stringify(content));
    const client = this.container.getBlockBlobClient(name);
    const { etag } = await client.upload(bytes, bytes.length, { conditions, blobHTTPHeaders: headers });
    return etag ?? '';
  }
}

/** Lists give ETags without the quotes that conditions have. */
function quoted(etag: string): string {
  return etag.startsWith('"') ? etag : `"${etag}"`;
}

/** What the request gives; undefined where it is refused with one of these status codes. */
async function unless<T>(statuses: readonly number[], request: () => Promise<T>): Promise<T | undefined> {
  try {
    return await request();
  } catch (error) {
    if (statuses.includes((error as { statusCode?: number }).statusCode ?? 0)) return undefined;
    throw error;
  }
}
