import { type ChildProcess, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import mqtt from 'mqtt';
import type { ArmResource } from '../local/contracts';
import { DeviceAuthority } from '../local/devices/deviceAuthority';
import { type TestContext, testContext } from './support/context';
import { hubId, until } from './support/iotHub';
import { HubUnderTest, isClosed, vitals } from './support/iotHubClients';

let context: TestContext;
let hub: HubUnderTest;
const processes: ChildProcess[] = [];
const stops: (() => void)[] = [];
const key = Buffer.from('the key of a device').toString('base64');
const otherKey = Buffer.from('another key').toString('base64');
const sasKeys = { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: otherKey.slice(4) } } as const;
const blink = { methodName: 'blink', payload: { times: 3 }, responseTimeoutInSeconds: 5 };

beforeEach(async () => {
  context = await testContext();
});

afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  for (const process of processes.splice(0)) process.kill('SIGKILL');
  await hub?.close();
  context.close();
});

describe('a device that sends', () => {
  it('reaches the event hub and the raw container with all that IoT Hub knows of the message', async () => {
    hub = await HubUnderTest.start(context, {
      routing: { enrichments: [{ key: 'hospitalId', value: 'st-anna', endpointNames: ['devicedata', 'raw'] }] },
    });
    await hub.register('bed-01');
    const device = await hub.sdkDevice('bed-01');
    const message = vitals('bed-01:0', { hr: 72, note: 'ä' });
    message.properties.add('ward', 'icu north');
    await device.sendEvent(message);

    await until('the event on devicedata', () => hub.eventHub.taken.length === 1);
    const taken = hub.eventHub.taken[0];
    expect(taken?.partitionKey).toBe('bed-01');
    expect(taken?.event).toMatchObject({
      properties: { ward: 'icu north', hospitalId: 'st-anna' },
      messageId: 'bed-01:0',
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      systemProperties: {
        'iothub-connection-device-id': 'bed-01',
        'iothub-connection-auth-method': expect.stringContaining('x509'),
        'iothub-enqueuedtime': new Date('2026-01-05T00:00:00Z'),
        'iothub-message-source': 'Telemetry',
      },
    });
    expect(taken?.event.body.toString()).toBe('{"hr":72,"note":"ä"}');

    expect(hub.blobs.blobs.size).toBe(0);
    await context.clock.advanceTo(Date.parse('2026-01-05T00:01:00Z'));
    expect([...hub.blobs.blobs.keys()]).toEqual([
      expect.stringMatching(/^iot-ward\/0[01]\/2026\/01\/05\/00\/00\.json$/),
    ]);
    expect(hub.blobs.lines()).toEqual([
      {
        EnqueuedTimeUtc: '2026-01-05T00:00:00.000Z',
        Properties: { ward: 'icu north', hospitalId: 'st-anna' },
        SystemProperties: expect.objectContaining({ connectionDeviceId: 'bed-01', messageId: 'bed-01:0' }),
        Body: { hr: 72, note: 'ä' },
      },
    ]);
    expect(hub.hubs.stats()[0]).toMatchObject({ accepted: 1, connectedDevices: 1, sent: { devicedata: 1, raw: 1 } });
  });
});

describe('who is let in', () => {
  it('refuses a SAS token on a hub for certificates, and takes it, from the device SDK too, on a hub for SAS', async () => {
    hub = await HubUnderTest.start(context);
    const device = await hub.register('bed-01', { authentication: sasKeys });
    await expect(hub.plainDevice('bed-01', { password: hub.sasToken('bed-01', key) })).rejects.toThrow(
      'Not authorized',
    );
    expect(context.logged.join()).toContain('disableDeviceSAS');
    expect(device.authentication.type).toBe('sas');

    await hub.declare({ properties: { disableDeviceSAS: false } });
    const plain = await hub.plainDevice('bed-01', { password: hub.sasToken('bed-01', key) });
    await plain.publishAsync('devices/bed-01/messages/events/$.mid=plain', '1', { qos: 1 });
    const sdk = Client.fromConnectionString(
      `HostName=localhost:${hub.port};DeviceId=bed-01;SharedAccessKey=${key}`,
      Mqtt,
    );
    await sdk.setOptions({ ca: context.certificates.authority });
    await sdk.sendEvent(vitals('sdk'));
    stops.push(() => void sdk.close());
    await until('both messages', () => hub.eventHub.taken.length === 2);
    expect(hub.eventHub.taken.map(({ event }) => event.messageId)).toEqual(['plain', 'sdk']);
  });

  it('refuses what proves nothing', async () => {
    hub = await HubUnderTest.start(context, { properties: { disableDeviceSAS: false } });
    await hub.register('bed-01');
    await hub.register('bed-02', { status: 'disabled' });
    await hub.register('bed-sas', { authentication: sasKeys });
    const strangers = await DeviceAuthority.open(join(context.folder, 'strangers'), 'Ward devices');
    const foreign = await strangers.credentials('bed-01');
    const expired = Math.floor(Date.now() / 1000) - 1;
    const attempts: [reason: string, attempt: () => Promise<unknown>][] = [
      ['signed by none of the 1 known authorities', () => hub.plainDevice('bed-01', { credentials: foreign })],
      ['There is no device "bed-99"', () => hub.plainDevice('bed-99')],
      ['is disabled', () => hub.plainDevice('bed-02')],
      ['The certificate is for "bed-02"', () => hub.plainDevice('bed-01', { certificateOf: 'bed-02' })],
      ['must be the device id', () => hub.plainDevice('bed-01', { clientId: 'other' })],
      ['presented no certificate', () => hub.plainDevice('bed-01', { credentials: {} })],
      ['not by a SAS token', () => hub.plainDevice('bed-01', { password: hub.sasToken('bed-01', key) })],
      ['signed with no key', () => hub.plainDevice('bed-sas', { password: hub.sasToken('bed-sas', otherKey) })],
      ['is expired', () => hub.plainDevice('bed-sas', { password: hub.sasToken('bed-sas', key, expired) })],
      ['The SAS token is for', () => hub.plainDevice('bed-sas', { password: hub.sasToken('bed-01', key) })],
    ];
    for (const [reason, attempt] of attempts) {
      await expect(attempt()).rejects.toThrow('Not authorized');
      expect(context.logged.at(-1)).toContain(reason);
    }
    expect(hub.hubs.stats()[0]).toMatchObject({ connectedDevices: 0 });
  });

  it('knows a device by the thumbprint of its own certificate', async () => {
    hub = await HubUnderTest.start(context);
    const own = await (await DeviceAuthority.open(join(context.folder, 'maker'))).credentials('bed-01');
    const primaryThumbprint = new X509Certificate(own.cert).fingerprint256.replaceAll(':', '');
    await hub.register('bed-01', { authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint } } });
    const device = await hub.plainDevice('bed-01', { credentials: own });
    await device.publishAsync('devices/bed-01/messages/events/', '1', { qos: 1 });
    await expect(hub.plainDevice('bed-01')).rejects.toThrow('Not authorized');
  });

  it('lets no authority in that is not verified, and no device any more once its authority is gone', async () => {
    hub = await HubUnderTest.start(context);
    await hub.register('bed-01');
    await hub.hubs.deprovision(context.resources.get(`${hubId}/certificates/devices`) as ArmResource);
    await expect(hub.plainDevice('bed-01')).rejects.toThrow('Not authorized');
    const id = `${hubId}/certificates/unverified`;
    const properties = { certificate: hub.devices.certificate };
    await hub.hubs.provision(context.resources.put('iothub:Certificate', id, { properties }));
    await expect(hub.plainDevice('bed-01')).rejects.toThrow('Not authorized');
  });

  it.each([
    ['the topic of another device', 'devices/bed-02/messages/events/', 1],
    ['a topic that is not of IoT Hub', 'wards/icu', 1],
    ['QoS 2', 'devices/bed-01/messages/events/', 2],
  ] as const)('closes the connection on %s', async (_what, topic, qos) => {
    hub = await HubUnderTest.start(context);
    await hub.register('bed-01');
    await hub.register('bed-02');
    const device = await hub.plainDevice('bed-01');
    const closed = isClosed(device);
    device.publish(topic, '1', { qos }, () => undefined);
    await closed;
    expect(hub.eventHub.taken).toEqual([]);
    expect([...hub.hubs.accepted(hubId)]).toEqual([]);
  });

  it('closes the connection on a message above 256 KB and takes one below', async () => {
    hub = await HubUnderTest.start(context);
    await hub.register('bed-01');
    const device = await hub.plainDevice('bed-01');
    await device.publishAsync('devices/bed-01/messages/events/', Buffer.alloc(256 * 1024), { qos: 1 });
    const closed = isClosed(device);
    device.publish('devices/bed-01/messages/events/', Buffer.alloc(256 * 1024 + 1), { qos: 1 }, () => undefined);
    await closed;
    expect([...hub.hubs.accepted(hubId)]).toHaveLength(1);
  });

  it('keeps one connection for each device: a new one takes over', async () => {
    hub = await HubUnderTest.start(context);
    await hub.register('bed-01');
    const first = await hub.plainDevice('bed-01');
    const closed = isClosed(first);
    const second = await hub.plainDevice('bed-01');
    await closed;
    await second.publishAsync('devices/bed-01/messages/events/', '1', { qos: 1 });
    expect(hub.hubs.stats()[0]).toMatchObject({ connectedDevices: 1 });
  });

  it('lets a gateway send for its children only', async () => {
    hub = await HubUnderTest.start(context);
    const gateway = await hub.register('gateway', { iotEdge: true });
    await hub.register('bed-01', { deviceScope: gateway.deviceScope });
    await hub.register('bed-02');
    const uplink = await hub.plainDevice('gateway');
    await uplink.publishAsync('devices/bed-01/messages/events/$.mid=1', '1', { qos: 1 });
    await until("the child's message", () => hub.eventHub.taken.length === 1);
    expect(hub.eventHub.taken[0]).toMatchObject({
      partitionKey: 'bed-01',
      event: { systemProperties: { 'iothub-connection-device-id': 'bed-01' } },
    });
    expect(hub.hubs.stats()[0]).toMatchObject({ accepted: 1, viaGateway: 1 });
    const closed = isClosed(uplink);
    uplink.publish('devices/bed-02/messages/events/', '1', { qos: 1 }, () => undefined);
    await closed;
    expect(hub.eventHub.taken).toHaveLength(1);
  });
});

describe('twins, methods and the REST API', () => {
  it('brings desired properties to the device and reported ones to the service', async () => {
    hub = await HubUnderTest.start(context);
    await hub.register('bed-01');
    const device = await hub.sdkDevice('bed-01');
    const twin = await device.getTwin();
    // The SDK subscribes to changes with its first listener only.
    twin.on('properties.desired', () => undefined);
    await hub.call('owner', 'PATCH', '/twins/bed-01', {
      tags: { ward: 'icu' },
      properties: { desired: { seconds: 5 } },
    });
    await until('the desired property', () => twin.properties.desired.seconds === 5);
    await new Promise<void>((resolve, reject) =>
      twin.properties.reported.update({ firmware: '1.2' }, (error: Error) => (error ? reject(error) : resolve())),
    );
    const { body } = await hub.call('owner', 'GET', '/twins/bed-01');
    expect(body).toMatchObject({
      tags: { ward: 'icu' },
      connectionState: 'Connected',
      properties: { desired: { seconds: 5, $version: 2 }, reported: { firmware: '1.2', $version: 2 } },
    });
    await hub.call('owner', 'PATCH', '/twins/bed-01', { properties: { desired: { seconds: null } } });
    await until('the desired property gone', () => twin.properties.desired.seconds === undefined);
  });

  it('calls a method of a device, and says when there is none to answer', async () => {
    hub = await HubUnderTest.start(context);
    await hub.register('bed-01');
    const device = await hub.sdkDevice('bed-01');
    device.onDeviceMethod('blink', (asked, answer) => {
      answer.send(202, { blinked: asked.payload.times }, () => undefined);
    });
    const path = '/twins/bed-01/methods';
    await until('the subscription', async () => (await hub.call('owner', 'POST', path, blink)).status === 200);
    expect((await hub.call('owner', 'POST', path, blink)).body).toEqual({ status: 202, payload: { blinked: 3 } });
    await hub.register('bed-02');
    expect(await hub.call('owner', 'POST', '/twins/bed-02/methods', blink)).toMatchObject({
      status: 404,
      body: { Message: expect.stringContaining('DeviceNotOnline') },
    });
  });

  it('wants a token and a role, and minds etags', async () => {
    hub = await HubUnderTest.start(context);
    await hub.register('bed-01');
    expect(await hub.call('nobody', 'GET', '/devices/bed-01')).toMatchObject({ status: 403 });
    expect(
      await hub.call('owner', 'GET', '/devices/bed-01', undefined, { authorization: 'SharedAccessSignature x' }),
    ).toMatchObject({
      status: 401,
    });
    const made = await hub.call('owner', 'PUT', '/devices/bed-05', { authentication: { type: 'sas' } });
    expect(made.body).toMatchObject({ deviceId: 'bed-05', status: 'enabled', authentication: { type: 'sas' } });
    expect((await hub.call('owner', 'PUT', '/devices/bed-05', {})).status).toBe(409);
    const disabled = { status: 'disabled', authentication: { type: 'certificateAuthority' } };
    expect((await hub.call('owner', 'PUT', '/devices/bed-05', disabled, { 'if-match': '"old"' })).status).toBe(412);
    expect((await hub.call('owner', 'PUT', '/devices/bed-05', disabled, { 'if-match': made.etag })).status).toBe(200);
    expect((await hub.call('owner', 'DELETE', '/devices/bed-05')).status).toBe(204);
    expect((await hub.call('owner', 'GET', '/devices/bed-05')).status).toBe(404);
    expect((await hub.call('owner', 'POST', '/devices/query', {})).status).toBe(501);
    expect((await hub.call('owner', 'PUT', '/devices/b%C3%A4d', {})).status).toBe(400);
  });

  it('throws a device out that is disabled or deleted', async () => {
    hub = await HubUnderTest.start(context);
    await hub.register('bed-01');
    const device = await hub.plainDevice('bed-01');
    const closed = isClosed(device);
    expect((await hub.call('owner', 'DELETE', '/devices/bed-01')).status).toBe(204);
    await closed;
    await expect(hub.plainDevice('bed-01')).rejects.toThrow('Not authorized');
  });

  it('gives a gateway the automatic deployment of the highest priority that targets it', async () => {
    hub = await HubUnderTest.start(context);
    await hub.register('gateway', { iotEdge: true, initialTwin: { tags: { ward: 'icu' } } });
    const content = { modulesContent: { $edgeAgent: {} } };
    const put = (id: string, targetCondition: string, priority: number) =>
      hub.call('owner', 'PUT', `/configurations/${id}`, { content, targetCondition, priority });
    expect(hub.hubs.deploymentsFor(hubId, 'gateway')).toBeUndefined();
    const base = await put('base', '*', 1);
    expect((await put('icu', "tags.ward='icu' AND deviceId='gateway'", 10)).status).toBe(200);
    await put('other', "tags.ward='er'", 100);
    expect(hub.hubs.deploymentsFor(hubId, 'gateway')?.id).toBe('icu');
    expect((await put('base', '*', 1)).status).toBe(409);
    const changed = { content, targetCondition: '*', priority: 50 };
    expect((await hub.call('owner', 'PUT', '/configurations/base', changed, { 'if-match': base.etag })).status).toBe(
      200,
    );
    expect(hub.hubs.deploymentsFor(hubId, 'gateway')?.id).toBe('base');
    expect((await put('bad', 'ward = 1', 1)).body).toMatchObject({
      ExceptionMessage: expect.stringContaining('"ward"'),
    });
  });
});

describe('a hub that is killed', () => {
  it('has lost nothing that it acknowledged and sends nothing twice', async () => {
    let child = await startHub(context.folder);
    const devices = await DeviceAuthority.open(join(context.folder, 'device-authority'));
    const acknowledged = new Set<string>();
    let sending = true;
    const senders = ['bed-01', 'bed-02', 'bed-03'].map(async (deviceId) => {
      const client = mqtt.connect(`mqtts://localhost:${child.port}`, {
        ca: context.certificates.authority,
        ...(await devices.credentials(deviceId)),
        clientId: deviceId,
        username: `localhost:${child.port}/${deviceId}/?api-version=2021-04-12`,
        protocolVersion: 4,
        reconnectPeriod: 20,
        clean: false,
      });
      client.on('error', () => undefined);
      stops.push(() => client.end(true));
      for (let index = 0; sending; index++) {
        const id = `${deviceId}:${index}`;
        await client.publishAsync(`devices/${deviceId}/messages/events/$.mid=${id}`, 'x', { qos: 1 });
        acknowledged.add(id);
      }
      await client.endAsync();
    });
    for (const goal of [300, 800, 1500]) {
      await until(`${goal} acknowledged`, () => acknowledged.size >= goal);
      await child.kill();
      child = await startHub(context.folder);
    }
    await until('some more', () => acknowledged.size >= 2000);
    sending = false;
    await Promise.all(senders);

    const accepted = await child.accepted();
    expect([...acknowledged].filter((id) => !(id in accepted))).toEqual([]);
    const total = Object.values(accepted).reduce((sum, count) => sum + count, 0);
    await until('everything at the event hub', () => takenIds(context.folder).length >= total);
    await until('everything in blobs', () => blobIds(context.folder).length >= total);
    await child.kill();
    expect(counted(takenIds(context.folder))).toEqual(accepted);
    expect(counted(blobIds(context.folder))).toEqual(accepted);
  });
});

interface HubProcess {
  readonly port: number;
  accepted(): Promise<Record<string, number>>;
  kill(): Promise<void>;
}

async function startHub(folder: string): Promise<HubProcess> {
  const program = join(__dirname, 'support', 'iotHubProcess.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  processes.push(child);
  const lines = createInterface(child.stdout);
  const next = async () => String((await once(lines, 'line'))[0]);
  const port = Number((await next()).split(' ')[1]);
  return {
    port,
    accepted: () => {
      child.stdin.write('accepted\n');
      return next().then((line) => JSON.parse(line) as Record<string, number>);
    },
    kill: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function takenIds(folder: string): string[] {
  return readFileSync(join(folder, 'taken.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { messageId: string }).messageId);
}

function blobIds(folder: string): string[] {
  return readdirSync(join(folder, 'blobs')).flatMap((blob) =>
    readFileSync(join(folder, 'blobs', blob), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { SystemProperties: { messageId: string } }).SystemProperties.messageId),
  );
}

function counted(ids: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const id of ids) counts[id] = (counts[id] ?? 0) + 1;
  return counts;
}
