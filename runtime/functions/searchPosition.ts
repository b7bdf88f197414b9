import { ManagedIdentityCredential } from '@azure/identity';
import { ContainerClient } from '@azure/storage-blob';

/** How far a search got, and the version of that note. */
export interface Position {
  /** Exclusive; milliseconds since 1970. */
  readonly upTo: number;
  readonly etag: string;
}

/** Keeps how far a search got. */
export interface PositionStore {
  read(): Promise<Position | undefined>;
  /** @returns false when somebody else wrote it since it was read */
  write(upTo: number, before: Position | undefined): Promise<boolean>;
}

const blobName = 'charted-search.json';

/** In a blob of a container, as the user-assigned identity of that client id. */
export function positionIn(url: string, clientId: string): PositionStore {
  return positionStore(new ContainerClient(url, new ManagedIdentityCredential({ clientId })));
}

export function positionStore(container: ContainerClient): PositionStore {
  const blob = container.getBlockBlobClient(blobName);
  return {
    async read() {
      try {
        const { etag = '' } = await blob.getProperties();
        const content = await blob.downloadToBuffer(0, undefined, { conditions: { ifMatch: etag } });
        const { upTo } = JSON.parse(content.toString('utf8')) as { upTo: string };
        return { upTo: Date.parse(upTo), etag };
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    },
    async write(upTo, before) {
      const content = JSON.stringify({ upTo: new Date(upTo).toISOString() });
      const conditions = before === undefined ? { ifNoneMatch: '*' } : { ifMatch: before.etag };
      try {
        await blob.upload(content, Buffer.byteLength(content), {
          conditions,
          blobHTTPHeaders: { blobContentType: 'application/json' },
        });
        return true;
      } catch (error) {
        if ([409, 412].includes(statusOf(error) ?? 0)) return false;
        throw error;
      }
    },
  };
}

function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number } | null)?.statusCode;
}
