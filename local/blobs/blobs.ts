import { createHash } from 'node:crypto';
import { BlobServiceClient, type ContainerClient, RestError } from '@azure/storage-blob';
import {
  type ArmResource,
  AzureError,
  type BlobLister,
  type BlobStore,
  type BlobWriter,
  type Principal,
  type Properties,
  type Service,
  type ServiceContext,
} from '../contracts';
import { requireKeyAccess } from '../identity/encryptionKey';
import { Accounts, accountKeys, lastSegment, protectedFromDeletion, retentionKey, withinRetention } from './accounts';
import { Azurite } from './azurite';
import { BlobFront } from './front';
import { checkImmutability } from './immutability';
import { BlobStatistics, type ContainerStatistics } from './statistics';

interface Running {
  readonly azurite: Azurite;
  readonly front: BlobFront;
  readonly port: number;
}

const readAction = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read';
const writeAction = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write';

/**
 * Blob Storage: accounts, containers and blobs, with Azurite behind an HTTPS end that checks tokens, roles and retention.
 *
 * What differs from Azure: there are no versions, so a blob within its retention cannot be overwritten (Azure would keep
 * the old version and take the new one), nor appended to. Lifecycle management, soft delete, tiers and replication are recorded and have
 * no effect. There is no Data Lake (dfs) endpoint, no account key, and a SAS is one by user delegation for
 * reading a blob; times in answers are the machine's clock,
 * retention follows the virtual clock.
 */
export class Blobs implements Service, BlobWriter, BlobStore, BlobLister {
  readonly kinds = [
    'storage:StorageAccount',
    'storage:BlobContainer',
    'storage:BlobServiceProperties',
    'storage:ManagementPolicy',
  ] as const;

  private readonly accounts: Accounts;
  private readonly statistics = new BlobStatistics();
  private running: Promise<Running> | undefined;

  constructor(private readonly context: ServiceContext) {
    this.accounts = new Accounts(context);
  }

  async provision(resource: ArmResource, previous?: ArmResource): Promise<Properties> {
    switch (resource.kind) {
      case 'storage:StorageAccount':
        return this.provisionAccount(resource, previous);
      case 'storage:BlobContainer':
        return this.provisionContainer(resource);
      case 'storage:ManagementPolicy':
        return { lastModifiedTime: resource.createdAt };
      default:
        return {};
    }
  }

  async deprovision(resource: ArmResource): Promise<void> {
    if (resource.kind === 'storage:StorageAccount') await this.deprovisionAccount(resource);
    if (resource.kind === 'storage:BlobContainer') await this.deprovisionContainer(resource);
  }

  async close(): Promise<void> {
    if (this.running === undefined) return;
    const { front, azurite } = await this.running;
    await front.close();
    await azurite.close();
  }

  /** What was written since the start, by the ARM id of the container. */
  stats(): Record<string, ContainerStatistics> {
    return this.statistics.all();
  }

  async write(
    caller: Principal,
    containerId: string,
    blobName: string,
    content: Buffer,
    contentType = 'application/octet-stream',
  ): Promise<void> {
    const { account, container } = splitContainerId(containerId);
    this.accounts.authorize(caller, { account, container, action: writeAction });
    const { azurite } = await this.start();
    const blob = (await this.container(account, container)).getBlockBlobClient(blobName);
    const contentMd5 = createHash('md5').update(content).digest();
    try {
      await blob.upload(content, content.length, {
        conditions: { ifNoneMatch: '*' },
        blobHTTPHeaders: { blobContentType: contentType, blobContentMD5: contentMd5 },
      });
    } catch (error) {
      const refused = asAzureError(error);
      if (refused.code !== 'BlobAlreadyExists') throw refused;
      const { contentMD5 } = await blob.getProperties();
      if (contentMD5 !== undefined && contentMd5.equals(contentMD5)) return;
      throw new AzureError(
        409,
        refused.code,
        `The blob ${blobName} already exists in ${container} with other content.`,
      );
    }
    const period = this.accounts.retention(account);
    if (period > 0) {
      azurite.retentions.protect(
        retentionKey({ account, container, blob: blobName }),
        this.context.clock.now() + period,
      );
    }
    azurite.flush();
    this.statistics.count(this.accounts.containerId(account, container), 1, content.length);
  }

  async read(caller: Principal, containerId: string, blobName: string): Promise<Buffer | undefined> {
    const { account, container } = splitContainerId(containerId);
    this.accounts.authorize(caller, { account, container, action: readAction });
    const blob = (await this.container(account, container)).getBlobClient(blobName);
    try {
      return await blob.downloadToBuffer();
    } catch (error) {
      const refused = asAzureError(error);
      if (refused.code === 'BlobNotFound') return undefined;
      throw refused;
    }
  }

  async list(caller: Principal, containerId: string): Promise<{ name: string; etag: string }[]> {
    const { account, container } = splitContainerId(containerId);
    this.accounts.authorize(caller, { account, container, action: readAction });
    const found: { name: string; etag: string }[] = [];
    const client = await this.container(account, container);
    for await (const { name, properties } of client.listBlobsFlat()) found.push({ name, etag: properties.etag });
    return found;
  }

  async replace(caller: Principal, containerId: string, blobName: string, content: Buffer): Promise<void> {
    const { account, container } = splitContainerId(containerId);
    this.accounts.authorize(caller, { account, container, action: writeAction });
    const { azurite } = await this.start();
    const until = azurite.retentions.until(retentionKey({ account, container, blob: blobName })) ?? 0;
    if (until > this.context.clock.now()) throw withinRetention(until);
    try {
      await (await this.container(account, container)).getBlockBlobClient(blobName).upload(content, content.length);
    } catch (error) {
      throw asAzureError(error);
    }
    azurite.flush();
    this.statistics.count(this.accounts.containerId(account, container), 1, content.length);
  }

  private async provisionAccount(account: ArmResource, previous: ArmResource | undefined): Promise<Properties> {
    checkImmutability(account, previous);
    requireKeyAccess(account, previous, accountKeys, this.context);
    this.accounts.add(account);
    const { port } = await this.start();
    return {
      primaryEndpoints: { blob: `https://localhost:${port}/${lastSegment(account.id)}/` },
      primaryLocation: account.inputs.location,
      provisioningState: 'Succeeded',
      statusOfPrimary: 'available',
      creationTime: account.createdAt,
    };
  }

  private async deprovisionAccount(account: ArmResource): Promise<void> {
    const { azurite } = await this.start();
    const name = lastSegment(account.id);
    const blob = azurite.retentions.protectedBelow(`${name}/`, this.context.clock.now());
    if (blob !== undefined) throw protectedFromDeletion('account', blob);
    const service = this.service(name, azurite);
    for await (const container of service.listContainers()) await service.deleteContainer(container.name);
    azurite.retentions.forgetBelow(`${name}/`);
    azurite.flush();
    this.accounts.remove(account);
  }

  private async provisionContainer(resource: ArmResource): Promise<Properties> {
    const { account, container } = splitContainerId(resource.id);
    const client = await this.container(account, container);
    await client.createIfNotExists();
    (await this.start()).azurite.flush();
    return { hasImmutabilityPolicy: false, hasLegalHold: false, leaseState: 'Available', leaseStatus: 'Unlocked' };
  }

  private async deprovisionContainer(resource: ArmResource): Promise<void> {
    const { account, container } = splitContainerId(resource.id);
    const { azurite } = await this.start();
    const prefix = `${account}/${container}/`;
    const blob = azurite.retentions.protectedBelow(prefix, this.context.clock.now());
    if (blob !== undefined) throw protectedFromDeletion('container', blob);
    await (await this.container(account, container)).deleteIfExists();
    azurite.retentions.forgetBelow(prefix);
    azurite.flush();
  }

  private async container(account: string, container: string): Promise<ContainerClient> {
    const { azurite } = await this.start();
    return this.service(account, azurite).getContainerClient(container);
  }

  private service(account: string, azurite: Azurite): BlobServiceClient {
    return new BlobServiceClient(`http://127.0.0.1:${azurite.port}/${account}`, azurite.credential(account));
  }

  /** With the first account: Azurite takes a moment to load. */
  private start(): Promise<Running> {
    this.running ??= (async () => {
      const azurite = await Azurite.start(this.context.stateFolder('blobs'), this.context.log);
      const front = new BlobFront(this.context, azurite, this.accounts, this.statistics);
      return { azurite, front, port: await front.listen() };
    })();
    return this.running;
  }
}

function splitContainerId(id: string): { account: string; container: string } {
  const match = /\/storageAccounts\/([^/]+)\/blobServices\/default\/containers\/([^/]+)$/i.exec(id);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new AzureError(400, 'InvalidResourceId', `${id} is not the id of a blob container.`);
  }
  return { account: match[1], container: match[2] };
}

function asAzureError(error: unknown): AzureError {
  if (!(error instanceof RestError)) throw error;
  return new AzureError(error.statusCode ?? 500, error.code ?? 'InternalError', error.message);
}
