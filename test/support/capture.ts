import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { streams } from 'avsc';
import { Blobs } from '../../local/blobs/blobs';
import type { Principal } from '../../local/contracts';
import type { EventHubStats } from '../../local/eventHubs/eventHub';
import { EventHubs } from '../../local/eventHubs/eventHubs';
import { resourceGroupId, type TestContext } from './context';
import { hubIdOf, namespaceId } from './eventHubs';

export const lakeId = `${resourceGroupId}/providers/Microsoft.Storage/storageAccounts/stlake`;
export const containerIdOf = (name: string) => `${lakeId}/blobServices/default/containers/${name}`;
export const blobActions = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*';
/** The name that the library gives captured files. */
export const nameFormat = '{EventHub}/{PartitionId}/{Year}/{Month}/{Day}/{Hour}/{Minute}/{Second}-{Namespace}';

export interface CaptureOptions {
  readonly partitionCount?: number;
  readonly intervalInSeconds?: number;
  readonly sizeLimitInBytes?: number;
  readonly skipEmptyArchives?: boolean;
  readonly encoding?: string;
  readonly container?: string;
  readonly retentionHours?: number;
}

/** Event Hubs and a lake to capture into, as a program's resources would make them. */
export class CapturingHubs {
  readonly blobs: Blobs;
  readonly hubs: EventHubs;
  /** Takes the capture identity's role away. */
  revoke: () => void = () => {};
  private url = '';

  constructor(readonly context: TestContext) {
    this.blobs = new Blobs(context);
    this.hubs = new EventHubs(context, this.blobs);
  }

  async start(): Promise<this> {
    const { resources } = this.context;
    const account = await this.blobs.provision(
      resources.put('storage:StorageAccount', lakeId, { isHnsEnabled: true, allowSharedKeyAccess: false }),
    );
    this.url = (account.primaryEndpoints as { blob: string }).blob;
    for (const name of ['bronze', 'scored', 'baselines']) {
      await this.blobs.provision(resources.put('storage:BlobContainer', containerIdOf(name), {}));
    }
    await this.hubs.provision(
      resources.put('eventhub:Namespace', namespaceId, { sku: { name: 'Standard', tier: 'Standard' } }),
    );
    this.context.authority.grant(this.judge, '*', lakeId);
    this.context.authority.grant(this.judge, '*', namespaceId);
    this.grant();
    return this;
  }

  get judge(): Principal {
    return this.context.authority.principal('judge');
  }

  /** Gives the capture identity its role. */
  grant(): void {
    const { authority } = this.context;
    this.revoke = authority.grant(authority.principal('id-capture'), blobActions, lakeId);
  }

  async hub(name: string, options: CaptureOptions = {}): Promise<string> {
    const { partitionCount = 1, container = 'bronze', retentionHours = 168, ...capture } = options;
    const { resources, authority } = this.context;
    const id = hubIdOf(name);
    const previous = resources.get(id);
    const destination = {
      name: 'EventHubArchive.AzureBlockBlob',
      storageAccountResourceId: lakeId,
      blobContainer: container,
      archiveNameFormat: nameFormat,
      identity: { type: 'UserAssigned', userAssignedIdentity: authority.identityId('id-capture') },
    };
    const captureDescription = {
      enabled: true,
      encoding: 'Avro',
      intervalInSeconds: 300,
      sizeLimitInBytes: 314_572_800,
      skipEmptyArchives: true,
      destination,
      ...capture,
    };
    const retentionDescription = { cleanupPolicy: 'Delete', retentionTimeInHours: retentionHours };
    const inputs = { partitionCount, captureDescription, retentionDescription };
    await this.hubs.provision(resources.put('eventhub:EventHub', id, inputs), previous);
    return id;
  }

  async send(hubId: string, key: string, bodies: readonly string[], properties?: Record<string, unknown>) {
    const events = bodies.map((body) => ({ partitionKey: key, event: { body: Buffer.from(body), properties } }));
    await this.hubs.send(this.judge, hubId, events);
  }

  stats(hub: string): EventHubStats {
    const found = this.hubs.stats().find(({ eventHub }) => eventHub === hub);
    if (!found) throw new Error(`There is no event hub ${hub}.`);
    return found;
  }

  container(name: string): ContainerClient {
    return new BlobServiceClient(this.url, this.context.authority.credential(this.judge), {
      retryOptions: { maxTries: 1 },
    }).getContainerClient(name);
  }

  /** The captured events by file name, as avsc reads them. */
  async files(container: string): Promise<Record<string, CapturedRecord[]>> {
    const client = this.container(container);
    const files: Record<string, CapturedRecord[]> = {};
    for await (const { name } of client.listBlobsFlat()) {
      files[name] = await recordsOf(await client.getBlobClient(name).downloadToBuffer());
    }
    return files;
  }

  async close(): Promise<void> {
    await this.hubs.close();
    await this.blobs.close();
  }
}

/** An event as Capture writes it, unions as avsc has them. */
export interface CapturedRecord {
  readonly SequenceNumber: number;
  readonly Offset: string;
  readonly EnqueuedTimeUtc: string;
  readonly SystemProperties: Record<string, unknown>;
  readonly Properties: Record<string, unknown>;
  readonly Body: Buffer | null;
}

export async function recordsOf(file: Buffer): Promise<CapturedRecord[]> {
  const decoder = new streams.BlockDecoder();
  decoder.end(file);
  const records: CapturedRecord[] = [];
  for await (const record of decoder) records.push(record as CapturedRecord);
  return records;
}
