import { ManagedIdentityCredential } from '@azure/identity';
import { ContainerClient } from '@azure/storage-blob';

/** What is asked of a container of the lake. Names lie in folders, as in an account with a hierarchical namespace. */
export interface LakeContainer {
  /** Names directly below a folder (which ends with `/`, or is empty), in their order. Folders among them end with `/`. */
  list(folder: string): AsyncIterable<string>;
  /** Names of all blobs below a folder, however deep, in their order. Folders may be among them. */
  listAll(folder: string): AsyncIterable<string>;
  /** The content of a blob, as it comes in; undefined when there is no such blob. */
  read(name: string): Promise<AsyncIterable<Buffer | string | Uint8Array> | undefined>;
}

/** Reads as the user-assigned identity of that client id. */
export function lakeContainer(url: string, clientId: string): LakeContainer {
  return lakeIn(new ContainerClient(url, new ManagedIdentityCredential({ clientId })));
}

/** By blob calls alone: these work on an account with a hierarchical namespace as on one without. */
export function lakeIn(container: ContainerClient): LakeContainer {
  return {
    async *list(folder) {
      for await (const item of container.listBlobsByHierarchy('/', { prefix: folder })) {
        yield item.name;
      }
    },
    async *listAll(folder) {
      for await (const { name } of container.listBlobsFlat({ prefix: folder })) yield name;
    },
    async read(name) {
      try {
        const { readableStreamBody } = await container.getBlobClient(name).download();
        return (readableStreamBody ?? []) as AsyncIterable<Buffer>;
      } catch (error) {
        if (statusOf(error) === 404 && codeOf(error) === 'BlobNotFound') return undefined;
        throw error;
      }
    },
  };
}

const statusOf = (error: unknown) => (error as { statusCode?: unknown } | null)?.statusCode;
const codeOf = (error: unknown) => (error as { code?: unknown } | null)?.code;
