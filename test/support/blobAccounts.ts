import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import type { Blobs } from '../../local/blobs/blobs';
import { resourceGroupId, type TestContext } from './context';

/** The accounts that `blobWriter` writes into: one plain, one whose blobs are protected for a week. */
export async function provisionWriterAccounts(
  context: TestContext,
  blobs: Blobs,
): Promise<{ lake: ContainerClient; raw: ContainerClient }> {
  const writer = context.authority.principal('writer');
  const container = async (account: string, name: string, inputs: object): Promise<ContainerClient> => {
    const id = `${resourceGroupId}/providers/Microsoft.Storage/storageAccounts/${account}`;
    const { primaryEndpoints } = await blobs.provision(
      context.resources.put('storage:StorageAccount', id, { ...inputs }),
    );
    const containerId = `${id}/blobServices/default/containers/${name}`;
    await blobs.provision(context.resources.put('storage:BlobContainer', containerId, {}));
    context.authority.grant(writer, 'Microsoft.Storage/*', id);
    const { blob } = primaryEndpoints as { blob: string };
    const service = new BlobServiceClient(blob, context.authority.credential(writer), {
      retryOptions: { maxTries: 1 },
    });
    return service.getContainerClient(name);
  };
  const immutabilityPolicy = { state: 'Unlocked', immutabilityPeriodSinceCreationInDays: 7 };
  return {
    lake: await container('stlake', 'lake', {}),
    raw: await container('stprotected', 'raw', {
      immutableStorageWithVersioning: { enabled: true, immutabilityPolicy },
    }),
  };
}
