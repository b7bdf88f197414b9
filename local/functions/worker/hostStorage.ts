import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { connectionCredential, connectionSetting } from './settings';

const connection = 'AzureWebJobsStorage';

/** A container of the app's host storage, made when it is not there, as the app's own identity. */
export async function hostContainer(name: string): Promise<ContainerClient> {
  const endpoint = connectionSetting(connection, 'blobServiceUri');
  const container = new BlobServiceClient(endpoint, connectionCredential(connection)).getContainerClient(name);
  await container.createIfNotExists();
  return container;
}
