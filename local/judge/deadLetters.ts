import type { ContainerClient } from '@azure/storage-blob';
import { replayedMetadata } from '../../runtime/contracts/deadLetter';

/** Dead letters that have not been sent again; what was, the replay command notes in the blob's metadata. */
export async function countDeadLetters(container: ContainerClient): Promise<number> {
  let count = 0;
  for await (const { metadata } of container.listBlobsFlat({ includeMetadata: true })) {
    if (metadata?.[replayedMetadata] === undefined) count++;
  }
  return count;
}
