import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { StorageSharedKeyCredential } from '@azure/storage-blob';
import BlobRequestListenerFactory from 'azurite/dist/src/blob/BlobRequestListenerFactory';
import BlobGCManager from 'azurite/dist/src/blob/gc/BlobGCManager';
import LokiBlobMetadataStore from 'azurite/dist/src/blob/persistence/LokiBlobMetadataStore';
import azuriteLogger from 'azurite/dist/src/common/Logger';
import FSExtentStore from 'azurite/dist/src/common/persistence/FSExtentStore';
import LokiExtentMetadataStore from 'azurite/dist/src/common/persistence/LokiExtentMetadataStore';
import type { Log } from '../contracts';
import { LokiJournal } from './journal';
import { Retentions } from './retentions';

const retentionCollection = '$RETENTIONS$';

/**
 * Azurite's blob service on a port of its own that only this process has the key to. It is put together from Azurite's
 * parts rather than by its server class, because accounts come and go here, and what it acknowledges must be durable.
 */
export class Azurite {
  private constructor(
    private readonly server: Server,
    private readonly stores: {
      blobs: LokiBlobMetadataStore;
      extents: LokiExtentMetadataStore;
      content: FSExtentStore;
      garbage: BlobGCManager;
    },
    private readonly journals: readonly LokiJournal[],
    private readonly key: Buffer,
    /** Until when blobs are protected. Durable with `flush`. */
    readonly retentions: Retentions,
  ) {}

  static async start(folder: string, log: Log): Promise<Azurite> {
    const files = { blobs: join(folder, 'blobs.json'), extents: join(folder, 'extents.json') };
    for (const file of Object.values(files)) LokiJournal.recover(file);
    const blobs = new LokiBlobMetadataStore(files.blobs, false);
    const extents = new LokiExtentMetadataStore(files.extents, false);
    const content = new FSExtentStore(extents, contentLocations(folder), azuriteLogger);
    await blobs.init();
    await extents.init();
    await content.init();
    const retentions =
      blobs.db.getCollection(retentionCollection) ?? blobs.db.addCollection(retentionCollection, { unique: ['blob'] });
    // Extents first: no blob is ever durable without the extents that it refers to.
    const journals = [LokiJournal.follow(extents.db, files.extents), LokiJournal.follow(blobs.db, files.blobs)];
    const garbage = new BlobGCManager(
      blobs,
      extents,
      content,
      (error) => log.warn(`Blobs: space of deleted blobs is not freed any more: ${error.message}`),
      azuriteLogger,
    );
    await garbage.start();
    const key = randomBytes(32);
    const server = createServer(requestListener(blobs, content, key));
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    return new Azurite(server, { blobs, extents, content, garbage }, journals, key, new Retentions(retentions));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  credential(account: string): StorageSharedKeyCredential {
    return new StorageSharedKeyCredential(account, this.key.toString('base64'));
  }

  /** Makes durable what Azurite has done up to now. To be called before anything is acknowledged. */
  flush(): void {
    for (const journal of this.journals) journal.flush();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
    await this.stores.garbage.close();
    await this.stores.content.close();
    await this.stores.blobs.close();
    for (const journal of this.journals) journal.close();
  }
}

function contentLocations(folder: string): { locationId: string; locationPath: string; maxConcurrency: number }[] {
  const locationPath = join(folder, 'content');
  mkdirSync(locationPath, { recursive: true });
  return [{ locationId: 'Default', locationPath, maxConcurrency: 10 }];
}

function requestListener(blobs: object, content: object, key: Buffer) {
  const accounts = { getAccount: (name: string) => ({ name, key1: key }) };
  // Neither strict about headers it does not know nor about newer service versions: SDKs are newer than Azurite.
  const loose = true;
  const anyVersion = true;
  const pathStyleOnly = true;
  return new BlobRequestListenerFactory(
    blobs,
    content,
    accounts,
    false,
    undefined,
    loose,
    anyVersion,
    undefined,
    pathStyleOnly,
  ).createRequestListener();
}
