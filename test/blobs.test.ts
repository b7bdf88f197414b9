import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as tls from 'node:tls';
import { BlobCheckpointStore } from '@azure/eventhubs-checkpointstore-blob';
import { BlobServiceClient, type ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import LokiExtentMetadataStore from 'azurite/dist/src/common/persistence/LokiExtentMetadataStore';
import { Blobs } from '../local/blobs/blobs';
import { LokiJournal } from '../local/blobs/journal';
import type { ArmResource, Principal } from '../local/contracts';
import { provisionWriterAccounts } from './support/blobAccounts';
import { resourceGroupId, startOfTime, type TestContext, testContext } from './support/context';

const day = 24 * 60 * 60 * 1000;
const actions = 'Microsoft.Storage/storageAccounts/blobServices/';
const trusted = tls.getCACertificates('default');

let context: TestContext;
let blobs: Blobs;
let owner: Principal;
let plain: ArmResource;
let raw: ArmResource;
let plainUrl: string;
let rawUrl: string;

const accountId = (name: string) => `${resourceGroupId}/providers/Microsoft.Storage/storageAccounts/${name}`;
const containerId = (account: string, container: string) =>
  `${accountId(account)}/blobServices/default/containers/${container}`;

function client(url: string, principal: Principal): BlobServiceClient {
  return new BlobServiceClient(url, context.authority.credential(principal), { retryOptions: { maxTries: 1 } });
}

async function provisionAll(): Promise<void> {
  plain = context.resources.put('storage:StorageAccount', accountId('stplain'), {
    location: 'westeurope',
    allowSharedKeyAccess: false,
  });
  raw = context.resources.put('storage:StorageAccount', accountId('straw'), {
    location: 'westeurope',
    allowSharedKeyAccess: false,
    immutableStorageWithVersioning: {
      enabled: true,
      immutabilityPolicy: { state: 'Unlocked', immutabilityPeriodSinceCreationInDays: 7 },
    },
  });
  plainUrl = ((await blobs.provision(plain)).primaryEndpoints as { blob: string }).blob;
  rawUrl = ((await blobs.provision(raw)).primaryEndpoints as { blob: string }).blob;
  for (const [account, container] of [
    ['stplain', 'lake'],
    ['straw', 'raw'],
  ] as const) {
    await blobs.provision(context.resources.put('storage:BlobContainer', containerId(account, container), {}));
  }
}

beforeAll(async () => {
  context = await testContext();
  tls.setDefaultCACertificates([...trusted, context.certificates.authority]);
  blobs = new Blobs(context);
  await provisionAll();
  owner = context.authority.principal('owner');
  for (const account of ['stplain', 'straw']) context.authority.grant(owner, `${actions}*`, accountId(account));
});

afterAll(async () => {
  await blobs.close();
  context.close();
  tls.setDefaultCACertificates(trusted);
});

async function read(container: ContainerClient, blob: string): Promise<string> {
  return (await container.getBlobClient(blob).downloadToBuffer()).toString();
}

describe('what the SDK does', () => {
  test('names in any script, metadata, listing by folder, ranges and large uploads in blocks', async () => {
    const lake = client(plainUrl, owner).getContainerClient('lake');
    const name = 'Gerät 7/心拍/a b%25+ü.json';
    await lake.getBlockBlobClient(name).upload('{"hr":61}', 9, {
      metadata: { ward: 'icu' },
      blobHTTPHeaders: { blobContentType: 'application/json' },
    });
    expect(await read(lake, name)).toBe('{"hr":61}');
    const properties = await lake.getBlobClient(name).getProperties();
    expect(properties.metadata).toEqual({ ward: 'icu' });
    expect(properties.contentType).toBe('application/json');
    expect((await lake.getBlobClient(name).downloadToBuffer(2, 2)).toString()).toBe('hr');

    const folders: string[] = [];
    for await (const item of lake.listBlobsByHierarchy('/', { prefix: 'Gerät 7/' })) folders.push(item.name);
    expect(folders).toEqual(['Gerät 7/心拍/']);

    const large = randomBytes(10 * 1024 * 1024);
    await lake.getBlockBlobClient('large').uploadData(large, { blockSize: 4 * 1024 * 1024, maxSingleShotSize: 1024 });
    expect(large.equals(await lake.getBlobClient('large').downloadToBuffer())).toBe(true);
    expect(blobs.stats()[containerId('stplain', 'lake')]?.bytes).toBeGreaterThan(large.length);
  });

  test('a container can be made and deleted with the role; a condition that does not hold is refused', async () => {
    const service = client(plainUrl, owner);
    const made = service.getContainerClient('made-here');
    await made.create();
    const blob = made.getBlockBlobClient('a');
    const { etag } = await blob.upload('1', 1);
    await blob.upload('2', 1, { conditions: { ifMatch: etag } });
    await expect(blob.upload('3', 1, { conditions: { ifMatch: etag } })).rejects.toMatchObject({
      statusCode: 412,
      code: 'ConditionNotMet',
    });
    await made.delete();
    await expect(blob.getProperties()).rejects.toMatchObject({ statusCode: 404 });
  });

  test('the checkpoint store of Event Hubs claims partitions by ETag and keeps checkpoints', async () => {
    const container = client(plainUrl, owner).getContainerClient('checkpoints');
    await container.create();
    const store = new BlobCheckpointStore(container);
    const hub = { fullyQualifiedNamespace: 'localhost', eventHubName: 'devicedata', consumerGroup: 'raw' };
    const claim = { ...hub, partitionId: '0', ownerId: 'one' };
    const [first] = await store.claimOwnership([claim]);
    expect(first?.etag).toBeTruthy();
    // Both take the partition from the same state: one of them must lose.
    expect(await store.claimOwnership([{ ...first, ...claim, ownerId: 'two' }])).toHaveLength(1);
    expect(await store.claimOwnership([{ ...first, ...claim, ownerId: 'three' }])).toHaveLength(0);
    const [held] = await store.listOwnership('localhost', 'devicedata', 'raw');
    expect(held?.ownerId).toBe('two');
    await store.updateCheckpoint({ ...hub, partitionId: '0', offset: '512', sequenceNumber: 7 });
    expect(await store.listCheckpoints('localhost', 'devicedata', 'raw')).toMatchObject([{ sequenceNumber: 7 }]);
  });
});

describe('who may do what', () => {
  test('a principal without the role gets the code that Azure gives, and one sentence about what is missing', async () => {
    const stranger = client(plainUrl, context.authority.principal('stranger')).getContainerClient('lake');
    await expect(stranger.getBlockBlobClient('x').upload('x', 1)).rejects.toMatchObject({
      statusCode: 403,
      code: 'AuthorizationPermissionMismatch',
      message: expect.stringContaining(
        `stranger needs ${actions}containers/blobs/write on ${containerId('stplain', 'lake')}`,
      ),
    });
    // Also when the answer stands before the whole body has been sent.
    const large = Buffer.alloc(20 * 1024 * 1024);
    await expect(stranger.getBlockBlobClient('x').upload(large, large.length)).rejects.toMatchObject({
      statusCode: 403,
    });
    const nowhere = client(plainUrl, owner).getContainerClient('nowhere').getBlockBlobClient('x');
    await expect(nowhere.upload(large, large.length)).rejects.toMatchObject({ code: 'ContainerNotFound' });
    await expect(stranger.getBlobClient('x').getProperties()).rejects.toMatchObject({ statusCode: 403 });
  });

  test('a role on one container opens that one, and only for what it holds', async () => {
    const reader = context.authority.principal('reader');
    context.authority.grant(reader, `${actions}containers/blobs/read`, containerId('stplain', 'lake'));
    const service = client(plainUrl, reader);
    await client(plainUrl, owner).getContainerClient('lake').getBlockBlobClient('shared').upload('seen', 4);
    await client(plainUrl, owner).createContainer('other');
    const lake = service.getContainerClient('lake');
    expect(await read(lake, 'shared')).toBe('seen');
    for await (const blob of lake.listBlobsFlat()) expect(blob.name).toBeTruthy();
    const forbidden = { statusCode: 403, code: 'AuthorizationPermissionMismatch' };
    await expect(lake.getBlobClient('shared').delete()).rejects.toMatchObject(forbidden);
    await expect(lake.getBlockBlobClient('shared').upload('', 0)).rejects.toMatchObject(forbidden);
    await expect(lake.delete()).rejects.toMatchObject(forbidden);
    const others = service.getContainerClient('other').listBlobsFlat().next();
    await expect(others).rejects.toMatchObject(forbidden);
    await expect(service.listContainers().next()).rejects.toMatchObject(forbidden);
  });

  test('neither a container nor a role is reached around the path', async () => {
    const reader = context.authority.principal('path walker');
    context.authority.grant(reader, `${actions}*`, containerId('stplain', 'lake'));
    const get = (path: string) =>
      fetch(`${new URL(plainUrl).origin}${path}`, {
        headers: { authorization: `Bearer ${context.authority.token(reader, 'https://storage.azure.com')}` },
      });
    expect((await get('/stplain/lake/nothing')).status).toBe(404);
    for (const path of [
      '/stplain/lake/..%2F..%2Fother/x',
      '/stplain/lake%2F..%2Fother/x',
      '/stplain/lake?restype=container&restype=x&comp=list',
    ]) {
      expect([path, (await get(path)).status]).toEqual([path, 400]);
    }
  });

  test('account keys, SAS, foreign tokens and no token at all are refused', async () => {
    const code = { code: 'KeyBasedAuthenticationNotPermitted' };
    const byKey = new StorageSharedKeyCredential('stplain', randomBytes(32).toString('base64'));
    const keyed = new BlobServiceClient(plainUrl, byKey, { retryOptions: { maxTries: 1 } });
    await expect(keyed.getContainerClient('lake').getProperties()).rejects.toMatchObject(code);
    const signature = encodeURIComponent(createHmac('sha256', 'x').update('x').digest('base64'));
    const signed = new BlobServiceClient(`${plainUrl}?sv=2024-11-04&sig=${signature}`);
    await expect(signed.getContainerClient('lake').getBlobClient('x').download()).rejects.toMatchObject(code);
    const anonymous = new BlobServiceClient(plainUrl).getContainerClient('lake').getBlobClient('x');
    await expect(anonymous.download()).rejects.toMatchObject({ statusCode: 401 });

    const forAnother = context.authority.token(owner, 'https://eventhubs.azure.net');
    const answer = await fetch(`${plainUrl}lake/x`, { headers: { authorization: `Bearer ${forAnother}` } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('x-ms-error-code')).toBe('InvalidAuthenticationInfo');
  });

  test('what is not offered is refused by name', async () => {
    const lake = client(plainUrl, owner).getContainerClient('lake');
    await expect(lake.getBlobClient('copy').syncCopyFromURL(`${plainUrl}lake/shared`)).rejects.toMatchObject({
      statusCode: 501,
      message: expect.stringContaining('Copying from a URL'),
    });
    await expect(client(plainUrl, owner).createContainer('open', { access: 'blob' })).rejects.toMatchObject({
      code: 'PublicAccessNotPermitted',
    });
  });
});

describe('raw data', () => {
  test('cannot be overwritten, changed or deleted within its retention, and can be deleted after it', async () => {
    const container = client(rawUrl, owner).getContainerClient('raw');
    const blob = container.getBlockBlobClient('hub/00/2026/01/05/00/00.json');
    await blob.upload('first', 5);
    const immutable = { statusCode: 409, code: 'BlobImmutableDueToPolicy' };
    await expect(blob.upload('second', 6)).rejects.toMatchObject(immutable);
    await expect(blob.setMetadata({ a: 'b' })).rejects.toMatchObject(immutable);
    await expect(blob.delete()).rejects.toMatchObject(immutable);
    await expect(container.delete()).rejects.toMatchObject({ code: 'ContainerProtectedFromDeletion' });
    await expect(blobs.deprovision(raw)).rejects.toMatchObject({ status: 409 });
    expect(await read(container, blob.name)).toBe('first');

    await context.clock.advanceTo(startOfTime + 7 * day - 1);
    await expect(blob.delete()).rejects.toMatchObject(immutable);
    await context.clock.advanceTo(startOfTime + 7 * day);
    await blob.delete();
    expect(await blob.exists()).toBe(false);
  });

  test('of many that create the same blob at the same time, one succeeds', async () => {
    const blob = client(rawUrl, owner).getContainerClient('raw').getBlockBlobClient('race');
    const results = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => blob.upload(String(n), 1)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });

  test('a service writes once: the same again is taken as written, something else is refused', async () => {
    const hub = context.authority.principal('hub');
    const id = containerId('straw', 'raw');
    const write = (content: string) => blobs.write(hub, id, 'from-hub', Buffer.from(content));
    await expect(write('a')).rejects.toMatchObject({ status: 403 });
    context.authority.grant(hub, `${actions}containers/blobs/write`, id);
    await write('a');
    await write('a');
    await expect(write('b')).rejects.toMatchObject({ status: 409, code: 'BlobAlreadyExists' });
    const container = client(rawUrl, owner).getContainerClient('raw');
    expect(await read(container, 'from-hub')).toBe('a');
    await expect(container.getBlobClient('from-hub').delete()).rejects.toMatchObject({
      code: 'BlobImmutableDueToPolicy',
    });
    context.authority.grant(hub, `${actions}containers/blobs/write`, accountId('straw'));
    await expect(blobs.write(hub, containerId('straw', 'nowhere'), 'x', Buffer.from('x'))).rejects.toMatchObject({
      status: 404,
    });
  });

  test('an immutability policy is checked as Azure checks it', async () => {
    const account = (immutabilityPolicy: object, more: object = {}) => ({
      ...raw,
      id: accountId('stpolicy'),
      inputs: { immutableStorageWithVersioning: { enabled: true, immutabilityPolicy }, ...more },
    });
    const locked = account({ state: 'Locked', immutabilityPeriodSinceCreationInDays: 30 });
    await expect(blobs.provision(locked)).rejects.toThrow('Disabled or Unlocked');
    const shorter = account({ state: 'Locked', immutabilityPeriodSinceCreationInDays: 29 });
    await expect(blobs.provision(shorter, locked)).rejects.toThrow('only be made longer');
    await expect(blobs.provision(account({}, { isHnsEnabled: true }))).rejects.toThrow('isHnsEnabled');
  });
});

test('deleting a resource deletes what lies in it', async () => {
  const account = context.resources.put('storage:StorageAccount', accountId('stgone'), { location: 'westeurope' });
  context.authority.grant(owner, `${actions}*`, account.id);
  const { blob } = (await blobs.provision(account)).primaryEndpoints as { blob: string };
  const container = context.resources.put('storage:BlobContainer', containerId('stgone', 'data'), {});
  await blobs.provision(container);
  await client(blob, owner).getContainerClient('data').getBlockBlobClient('a').upload('a', 1);
  await blobs.deprovision(account);
  await expect(client(blob, owner).getContainerClient('data').getProperties()).rejects.toMatchObject({
    code: 'ResourceNotFound',
  });
  await blobs.provision(account);
  await blobs.provision(container);
  expect(await client(blob, owner).getContainerClient('data').getBlobClient('a').exists()).toBe(false);
  await expect(blobs.provision({ ...account, id: account.id.replace('rg-test', 'rg-other') })).rejects.toMatchObject({
    code: 'StorageAccountAlreadyTaken',
  });
});

describe('what was acknowledged', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'iomt-blobs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs the writer until it has acknowledged enough, ends it as kill -9 does, and answers the last line it wrote. */
  async function writeUntilKilled(acknowledgements: number): Promise<number> {
    const writer = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'support', 'blobWriter.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let last = -1;
    let lines = 0;
    for await (const line of createInterface(writer.stdout)) {
      last = Number(line);
      lines += 1;
      if (lines === acknowledgements) writer.kill('SIGKILL');
    }
    return last;
  }

  test('survives kill -9, twice: new blobs, overwritten ones, deleted ones and their retention', async () => {
    await writeUntilKilled(40);
    const last = await writeUntilKilled(40);
    expect(last).toBeGreaterThanOrEqual(79);
    const restarted = await testContext(folder);
    const service = new Blobs(restarted);
    tls.setDefaultCACertificates([...trusted, restarted.certificates.authority]);
    try {
      const { lake, raw: rawContainer } = await provisionWriterAccounts(restarted, service);
      for (let n = 0; n <= last; n++) {
        expect(await read(lake, `new/${n}`)).toBe(`content ${n}`);
        await expect(rawContainer.getBlobClient(`${n}`).delete()).rejects.toMatchObject({
          code: 'BlobImmutableDueToPolicy',
        });
        expect(await lake.getBlobClient(`deleted/${n}`).exists()).toBe(false);
      }
      expect(Number(await read(lake, 'overwritten'))).toBeGreaterThanOrEqual(last);
      await lake.getBlockBlobClient('new/after').upload('x', 1);
      const names: string[] = [];
      for await (const item of lake.listBlobsFlat({ prefix: 'new/' })) names.push(item.name);
      expect(new Set(names).size).toBe(names.length);
    } finally {
      await service.close();
      restarted.close();
      tls.setDefaultCACertificates([...trusted, context.certificates.authority]);
    }
  });

  test('survives the folding of a journal that has become long, and a line that was cut off', async () => {
    const file = join(folder, 'extents.json');
    const extent = (n: number) => ({
      id: `extent-${n}`,
      locationId: 'Default',
      path: '',
      size: n,
      lastModifiedInMS: 0,
    });
    const written = new LokiExtentMetadataStore(file, false);
    await written.init();
    const journal = LokiJournal.follow(written.db, file, 300);
    for (let n = 0; n < 20; n++) {
      await written.updateExtent(extent(n));
      journal.flush();
    }
    await written.deleteExtent('extent-3');
    journal.flush();
    expect(statSync(`${file}.journal`).size).toBeLessThan(800);
    appendFileSync(`${file}.journal`, '{"name":"$EXTENTS_COLLECTION$","operation":"I","obj":{"id":"cut o');

    LokiJournal.recover(file);
    const recovered = new LokiExtentMetadataStore(file, false);
    await recovered.init();
    LokiJournal.follow(recovered.db, file);
    await recovered.updateExtent(extent(20));
    const ids = recovered.db.getCollection('$EXTENTS_COLLECTION$')?.find({}) as { id: string }[];
    const expected = Array.from({ length: 21 }, (_, n) => `extent-${n}`).filter((id) => id !== 'extent-3');
    expect(ids.map(({ id }) => id)).toEqual(expected);
    await recovered.close();
    await written.close();
  });
});
