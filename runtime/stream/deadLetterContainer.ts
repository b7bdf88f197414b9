import { ManagedIdentityCredential } from '@azure/identity';
import { ContainerClient } from '@azure/storage-blob';
import type { DeadLetterStore } from './deadLetters';

/** Keeps dead letters as blobs of a container, written by the user-assigned identity of that client id. */
export function deadLetterContainer(url: string, clientId: string): DeadLetterStore {
  return storeIn(new ContainerClient(url, new ManagedIdentityCredential({ clientId })));
}

export function storeIn(container: ContainerClient): DeadLetterStore {
  return {
    async put(name, content, metadata) {
      await container.getBlockBlobClient(name).upload(content, Buffer.byteLength(content), {
        metadata: { ...metadata },
        blobHTTPHeaders: { blobContentType: 'application/json' },
      });
    },
  };
}
