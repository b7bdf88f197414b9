import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import type { ArmResource, BlobWriter, Properties } from '../local/contracts';
import { eventHub as eventHubKind } from '../local/controlPlane/kinds/eventHubs';
import { EventHubs } from '../local/eventHubs/eventHubs';
import { type CapturedRecord, CapturingHubs, containerIdOf, lakeId, nameFormat } from './support/capture';
import { startOfTime, type TestContext, testContext } from './support/context';
import { hubIdOf, namespaceId, until } from './support/eventHubs';

const trusted = getCACertificates('default');
const minute = 60_000;

let context: TestContext;
let capturing: CapturingHubs;

async function open(folder?: string): Promise<void> {
  context = await testContext(folder);
  setDefaultCACertificates([...trusted, context.certificates.authority]);
  capturing = await new CapturingHubs(context).start();
}

afterEach(async () => {
  await capturing.close();
  context.close();
  setDefaultCACertificates(trusted);
});

const bodiesOf = (records: readonly CapturedRecord[] = []) => records.map(({ Body }) => String(Body));
const captured = (hub: string) => capturing.stats(hub).capture;
const allCaptured = (hub: string) => until(`all of ${hub} is captured`, () => captured(hub)?.behind === 0);

describe('files', () => {
  beforeEach(() => open());

  test('have the schema, the name and the times of Event Hubs Capture, one partition each', async () => {
    const id = await capturing.hub('enriched', { partitionCount: 4 });
    await context.clock.advanceTo(startOfTime + 13 * 3_600_000 + 5 * minute + 7_250);
    const properties = { 'iomt-kind': 'clock-mark', count: 3, half: 0.5, at: new Date(startOfTime), none: null };
    const system = { 'iothub-connection-device-id': 'dev-1' };
    await capturing.hubs.send(capturing.judge, id, [
      {
        partitionKey: 'a',
        event: { body: Buffer.from([0, 255]), properties, systemProperties: system, messageId: 'm' },
      },
      { partitionKey: 'a', event: { body: Buffer.from('{"hr":60}') } },
      { partitionKey: 'b', event: { body: Buffer.from('other') } },
    ]);
    await allCaptured('enriched');

    const files = await capturing.files('bronze');
    expect(Object.keys(files)).toHaveLength(2);
    for (const name of Object.keys(files)) {
      expect(name).toMatch(/^enriched\/[0-3]\/2026\/01\/05\/13\/05\/07-evhns-test\.avro$/);
    }
    const records = Object.values(files).find(({ length }) => length === 2) ?? [];
    expect(records.map(({ SequenceNumber }) => SequenceNumber)).toEqual([0, 1]);
    expect(records[0]).toMatchObject({
      Offset: '0',
      EnqueuedTimeUtc: '1/5/2026 1:05:07 PM',
      SystemProperties: {
        'iothub-connection-device-id': { string: 'dev-1' },
        'x-opt-partition-key': { string: 'a' },
        'x-opt-enqueued-time': { long: context.clock.now() },
        'message-id': { string: 'm' },
      },
      Properties: {
        'iomt-kind': { string: 'clock-mark' },
        count: { long: 3 },
        half: { double: 0.5 },
        at: { long: startOfTime },
        none: null,
      },
      Body: Buffer.from([0, 255]),
    });
    expect(bodiesOf(records)[1]).toBe('{"hr":60}');
    // Step 9 of the live page: data, not clock marks.
    expect(context.events.steps().find(({ id }) => id === '9')?.count).toBe(2);
  });

  test('are closed when the interval since their first event is over, by the cloud’s clock', async () => {
    const id = await capturing.hub('enriched', { intervalInSeconds: 60 });
    for (const [seconds, body] of [
      [0, '1'],
      [59, '2'],
      [60, '3'],
      [125, '4'],
    ] as const) {
      await context.clock.advanceTo(startOfTime + seconds * 1000);
      await capturing.send(id, 'a', [body]);
    }
    await context.clock.advanceTo(startOfTime + 200_000);
    const files = await capturing.files('bronze');
    const inFiles = Object.entries(files).map(([name, records]) => [name.slice(-21, -16), bodiesOf(records)]);
    expect(inFiles).toEqual([
      ['00/00', ['1', '2']],
      ['01/00', ['3']],
      ['02/05', ['4']],
    ]);
  });

  test('are closed before the event that goes beyond the size; files of one second have different names', async () => {
    const id = await capturing.hub('enriched', { sizeLimitInBytes: 50_000 });
    const bodies = Array.from({ length: 30 }, (_, number) => `${number} ${'x'.repeat(9_000)}`);
    for (const body of bodies) await capturing.send(id, 'a', [body]);
    await allCaptured('enriched');
    const files = await capturing.files('bronze');
    expect(Object.values(files).map(({ length }) => length)).toEqual([5, 5, 5, 5, 5, 5]);
    expect(new Set(Object.keys(files).map((name) => name.slice(0, name.indexOf('evhns-test')))).size).toBe(1);
    const all = Object.values(files).flat();
    const inOrder = all.sort((one, other) => one.SequenceNumber - other.SequenceNumber);
    expect(bodiesOf(inOrder)).toEqual(bodies);
  });

  test('hold nothing when nothing came and empty ones are not skipped', async () => {
    await capturing.hub('enriched', { intervalInSeconds: 60, skipEmptyArchives: false });
    await context.clock.advanceTo(startOfTime + 3 * minute);
    const files = await capturing.files('bronze');
    expect(Object.values(files)).toEqual([[], [], []]);
  });

  test('hold what comes after Capture was turned on, also where the hub was there before', async () => {
    const id = hubIdOf('enriched');
    await capturing.hubs.provision(context.resources.put('eventhub:EventHub', id, { partitionCount: 1 }));
    await capturing.send(id, 'a', ['before']);
    expect(captured('enriched')).toBeUndefined();
    await capturing.hub('enriched');
    await capturing.send(id, 'a', ['after']);
    await allCaptured('enriched');
    expect(Object.values(await capturing.files('bronze')).map(bodiesOf)).toEqual([['after']]);
  });
});

describe('a foreign reader', () => {
  const absent = python3Absent();
  (absent ? test.skip : test)(
    `fastavro for Python reads files of both codecs${absent ? ` (skipped: ${absent})` : ''}`,
    async () => {
      await open();
      const python = await fastavroPython();
      for (const [encoding, codec] of [
        ['Avro', 'null'],
        ['AvroDeflate', 'deflate'],
      ] as const) {
        const hub = `hub-${codec}`;
        const id = await capturing.hub(hub, { encoding });
        const bodies = Array.from({ length: 2_000 }, (_, number) => `{"number":${number},"text":"${'y'.repeat(60)}"}`);
        await capturing.send(id, 'a', bodies, { ward: 'A', count: 2 });
        await allCaptured(hub);
        const container = capturing.container('bronze');
        const names: string[] = [];
        for await (const { name } of container.listBlobsFlat({ prefix: `${hub}/` })) names.push(name);
        expect(names).toHaveLength(1);
        const file = join(context.folder, `${codec}.avro`);
        writeFileSync(file, await container.getBlobClient(names[0] ?? '').downloadToBuffer());
        const script = join(__dirname, 'support', 'python', 'read_avro.py');
        const { stdout } = await promisify(execFile)(python, [script, file], { maxBuffer: 64 * 1024 * 1024 });
        const read = JSON.parse(stdout);
        expect(read.codec).toBe(codec);
        expect(read.schema).toMatchObject({ type: 'record', name: 'Microsoft.ServiceBus.Messaging.EventData' });
        expect(read.records.map(({ Body }: { Body: string }) => Body)).toEqual(bodies);
        expect(read.records[0].Properties).toEqual({ ward: 'A', count: 2 });
      }
    },
    300_000,
  );
});

function python3Absent(): string | undefined {
  return spawnSync('python3', ['--version']).status === 0 ? undefined : 'python3 is not on the PATH';
}

async function fastavroPython(): Promise<string> {
  const setup = join(__dirname, '..', 'setup', 'python.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [setup, 'fastavro==1.13.1'], { timeout: 240_000 });
  return stdout.trim();
}

describe('faults', () => {
  test('a role that is taken away holds files back, says so, and loses nothing; retention waits for them', async () => {
    await open();
    const id = await capturing.hub('enriched', { intervalInSeconds: 60, retentionHours: 1 });
    await capturing.send(id, 'a', ['1']);
    await allCaptured('enriched');
    capturing.revoke();
    await capturing.send(id, 'a', ['2', '3']);
    await until('the refusal is said', () => captured('enriched')?.error !== undefined);
    expect(captured('enriched')).toMatchObject({ capturedThrough: [0], behind: 2 });
    expect(context.logged.filter((line) => line.includes('Capture of the event hub enriched'))).toEqual([
      expect.stringMatching(/^warning: .*partition 0 fails and is tried again.*id-capture/),
    ]);
    await context.clock.advanceTo(startOfTime + 5 * 3_600_000);
    await capturing.send(id, 'a', ['4']);
    capturing.grant();
    await allCaptured('enriched');
    expect(
      Object.values(await capturing.files('bronze'))
        .flatMap(bodiesOf)
        .sort(),
    ).toEqual(['1', '2', '3', '4']);
    expect(captured('enriched')).toEqual({ capturedThrough: [3], behind: 0 });
    expect(context.logged.filter((line) => line.includes('goes on'))).toHaveLength(1);
  });

  test('a file whose writer died before it was noted as written is the same file again', async () => {
    await open();
    await capturing.hub('enriched');
    const id = hubIdOf('captured-twice');
    let deaths = 0;
    const dying: BlobWriter = {
      write: async (...file) => {
        await capturing.blobs.write(...file);
        if (deaths++ === 0) throw new Error('killed');
      },
    };
    const namespace = context.resources.get(namespaceId) as ArmResource;
    const resource = context.resources.get(hubIdOf('enriched')) as ArmResource;
    await capturing.hubs.close();
    let hubs = new EventHubs(context, dying);
    for (const again of [false, true]) {
      await hubs.provision(namespace);
      await hubs.provision(
        context.resources.put('eventhub:EventHub', id, resource.inputs),
        again ? resource : undefined,
      );
      if (!again) {
        await hubs.send(capturing.judge, id, [{ partitionKey: 'a', event: { body: Buffer.from('1') } }]);
        await until('the file is written', () => deaths > 0);
        await hubs.close();
        hubs = new EventHubs(context, dying);
      }
    }
    // What came meanwhile does not change the file that was begun.
    await hubs.send(capturing.judge, id, [{ partitionKey: 'a', event: { body: Buffer.from('2') } }]);
    await until('both are captured', () => hubs.stats()[0]?.capture?.behind === 0);
    await hubs.close();
    const files = await capturing.files('bronze');
    expect(Object.values(files).map(bodiesOf).sort()).toEqual([['1'], ['2']]);
  });

  test('kill -9 in the middle, four times: every event is in one file, once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'capture-'));
    let taken = 0;
    for (let round = 0; round < 4; round++) {
      const child = captureProcess(folder);
      const enough = taken + 150;
      for await (const line of createInterface(child.stdout as NodeJS.ReadableStream)) {
        taken = Math.max(taken, Number(line));
        if (taken >= enough) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    await open(folder);
    await capturing.hub('enriched', { intervalInSeconds: 60 });
    await allCaptured('enriched');
    const records = Object.values(await capturing.files('bronze')).flat();
    const numbers = records.map(({ SequenceNumber }) => SequenceNumber).sort((one, other) => one - other);
    const last = capturing.stats('enriched').lastSequences[0] ?? -1;
    expect(last + 1).toBeGreaterThanOrEqual(taken);
    expect(numbers).toEqual(Array.from({ length: last + 1 }, (_, number) => number));
    for (const { SequenceNumber, Body } of records) expect(String(Body)).toBe(String(SequenceNumber));
  }, 120_000);
});

function captureProcess(folder: string): ChildProcess {
  const args = ['--import', 'tsx', join(__dirname, 'support', 'captureProcess.ts'), folder];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

describe('what is refused when Capture is turned on', () => {
  beforeEach(() => open());

  test('an identity without its role, until it has it; what stays as it is is not asked again', async () => {
    capturing.revoke();
    await expect(capturing.hub('enriched')).rejects.toMatchObject({ status: 403 });
    context.resources.remove(hubIdOf('enriched'));
    capturing.grant();
    await capturing.hub('enriched');
    capturing.revoke();
    await capturing.hub('enriched');
    await expect(capturing.hub('enriched', { intervalInSeconds: 120 })).rejects.toMatchObject({ status: 403 });
  });

  test('by the control plane: a tier without it, parts that are missing, an identity that is not the namespace’s', async () => {
    const problems = (captureDescription: Properties, namespace: Properties) => {
      const around = {
        resources: context.resources,
        exists: () => true,
        id: hubIdOf('enriched'),
        subscriptionId: '',
        tenantId: '',
        current: undefined,
      };
      context.resources.put('eventhub:Namespace', namespaceId, namespace);
      const failures = (eventHubKind.rules ?? []).flatMap((rule) => rule({ captureDescription }, around));
      return failures.map(({ property, reason }) => `${property}: ${reason}`);
    };
    const id = context.authority.identityId('id-capture');
    const destination = {
      name: 'EventHubArchive.AzureBlockBlob',
      storageAccountResourceId: lakeId,
      blobContainer: containerIdOf('bronze').split('/').at(-1),
      archiveNameFormat: nameFormat,
      identity: { type: 'UserAssigned', userAssignedIdentity: id },
    };
    const capture = { enabled: true, encoding: 'Avro', intervalInSeconds: 300, destination };
    const identity = { type: 'UserAssigned', userAssignedIdentities: [id.toUpperCase()] };
    expect(problems(capture, { sku: { name: 'Standard' }, identity })).toEqual([]);
    expect(problems(capture, { sku: { name: 'Standard' } })).toEqual([
      expect.stringMatching(
        /userAssignedIdentity: identity '.*id-capture' is not attached to the namespace .*evhns-test/,
      ),
    ]);
    expect(problems({ enabled: true }, { sku: { name: 'Basic' }, identity })).toEqual([
      expect.stringContaining('enabled: captureDescription.enabled is true on Basic; Capture needs Standard'),
      expect.stringContaining('captureDescription.encoding is missing'),
      expect.stringContaining('captureDescription.destination.name is missing'),
      expect.stringContaining('captureDescription.destination.storageAccountResourceId is missing'),
      expect.stringContaining('captureDescription.destination.blobContainer is missing'),
    ]);
  });
});
