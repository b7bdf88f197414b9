import { spawn } from 'node:child_process';
import { createHmac, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, Message } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import mqtt from 'mqtt';
import type { ArmResource, AzureError } from '../local/contracts';
import { DeviceAuthority } from '../local/devices/deviceAuthority';
import type { DeviceRegistration } from '../local/iotHub/device';
import { parseQuery, type QuerySubject } from '../local/iotHub/routing/query';
import { iotHubAudience } from '../local/iotHub/serviceApi';
import { type TestContext, testContext } from './support/context';
import { type HubDeclaration, hubId, hubInputs, type TestHub, testHub, until } from './support/iotHub';

let context: TestContext;
let hub: TestHub;
const key = Buffer.from('the key of a device').toString('base64');
const otherKey = Buffer.from('another key').toString('base64');
const sasKeys = { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: otherKey.slice(4) } } as const;
const blink = { methodName: 'blink', payload: { times: 3 }, responseTimeoutInSeconds: 5 };
const open: { end(): Promise<unknown> }[] = [];

beforeEach(async () => {
  context = await testContext();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.end()));
  await hub?.hubs.close();
  context.close();
});

async function register(deviceId: string, registration: Partial<DeviceRegistration> = {}) {
  const owner = context.authority.principal('owner');
  context.authority.grant(owner, 'Microsoft.Devices/IotHubs/*', hubId);
  return hub.hubs.registry(hubId).createOrGet(owner, deviceId, {
    authentication: { type: 'certificateAuthority' },
    ...registration,
  });
}

/** The device SDK with the certificate that the ward's authority issued for the device. */
async function sdkDevice(deviceId: string, authority: DeviceAuthority = hub.devices): Promise<Client> {
  const client = Client.fromConnectionString(`HostName=localhost:${hub.port};DeviceId=${deviceId};x509=true`, Mqtt);
  await client.setOptions({ ca: context.certificates.authority, ...(await authority.credentials(deviceId)) });
  await client.open();
  open.push({ end: () => client.close() });
  return client;
}

/** Declares the hub anew, as a changed program would. */
async function declare(declaration: HubDeclaration): Promise<void> {
  const previous = context.resources.get(hubId) as ArmResource;
  const inputs = hubInputs(context, declaration);
  await hub.hubs.provision({ ...previous, inputs }, previous);
}

interface PlainOptions {
  readonly credentials?: { readonly cert?: string; readonly key?: string };
  readonly clientId?: string;
  readonly certificateOf?: string;
  readonly password?: string;
}

async function plainDevice(deviceId: string, options: PlainOptions = {}): Promise<mqtt.MqttClient> {
  const issued = () => hub.devices.credentials(options.certificateOf ?? deviceId);
  const certificate = options.password === undefined ? (options.credentials ?? (await issued())) : {};
  const client = await mqtt.connectAsync(`mqtts://localhost:${hub.port}`, {
    ca: context.certificates.authority,
    ...certificate,
    clientId: options.clientId ?? deviceId,
    username: `localhost:${hub.port}/${deviceId}/?api-version=2021-04-12`,
    ...(options.password === undefined ? {} : { password: options.password }),
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
  client.on('error', () => undefined);
  open.push({ end: () => client.endAsync(true) });
  return client;
}

function isClosed(client: mqtt.MqttClient): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()));
}

function sasToken(deviceId: string, key: string, expiry = Math.floor(Date.now() / 1000) + 3600): string {
  const resource = encodeURIComponent(`localhost:${hub.port}/devices/${deviceId}`);
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(`${resource}\n${expiry}`).digest('base64');
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}`;
}

function vitals(id: string, body: object = { hr: 72 }): Message {
  const message = new Message(JSON.stringify(body));
  message.messageId = id;
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  return message;
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly etag: string | undefined;
}

/** A call of the hub's REST API as the principal of that name. */
function call(
  as: string,
  method: string,
  path: string,
  body?: object,
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> {
  const token = context.authority.token(context.authority.principal(as), iotHubAudience);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port: hub.port,
        host: 'localhost',
        ca: context.certificates.authority,
        method,
        path: `${path}?api-version=2021-04-12`,
        headers: { authorization: `Bearer ${token}`, ...headers },
      },
      async (response) => {
        const parts: Buffer[] = [];
        for await (const part of response) parts.push(part as Buffer);
        const text = Buffer.concat(parts).toString();
        const etag = response.headers.etag;
        resolve({ status: response.statusCode ?? 0, body: text === '' ? {} : JSON.parse(text), etag });
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

describe('a device that sends', () => {
  it('reaches the event hub and the raw container with all that IoT Hub knows of the message', async () => {
    hub = await testHub(context, {
      routing: { enrichments: [{ key: 'hospitalId', value: 'st-anna', endpointNames: ['devicedata', 'raw'] }] },
    });
    await register('bed-01');
    const device = await sdkDevice('bed-01');
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
    hub = await testHub(context);
    const device = await register('bed-01', { authentication: sasKeys });
    await expect(plainDevice('bed-01', { password: sasToken('bed-01', key) })).rejects.toThrow('Not authorized');
    expect(context.logged.join()).toContain('disableDeviceSAS');
    expect(device.authentication.type).toBe('sas');

    await declare({ properties: { disableDeviceSAS: false } });
    const plain = await plainDevice('bed-01', { password: sasToken('bed-01', key) });
    await plain.publishAsync('devices/bed-01/messages/events/$.mid=plain', '1', { qos: 1 });
    const sdk = Client.fromConnectionString(
      `HostName=localhost:${hub.port};DeviceId=bed-01;SharedAccessKey=${key}`,
      Mqtt,
    );
    await sdk.setOptions({ ca: context.certificates.authority });
    await sdk.sendEvent(vitals('sdk'));
    open.push({ end: () => sdk.close() });
    await until('both messages', () => hub.eventHub.taken.length === 2);
    expect(hub.eventHub.taken.map(({ event }) => event.messageId)).toEqual(['plain', 'sdk']);
  });

  it('refuses what proves nothing', async () => {
    hub = await testHub(context, { properties: { disableDeviceSAS: false } });
    await register('bed-01');
    await register('bed-02', { status: 'disabled' });
    await register('bed-sas', { authentication: sasKeys });
    const strangers = await DeviceAuthority.open(join(context.folder, 'strangers'), 'Ward devices');
    const foreign = await strangers.credentials('bed-01');
    const expired = Math.floor(Date.now() / 1000) - 1;
    const attempts: [reason: string, attempt: () => Promise<unknown>][] = [
      ['signed by none of the 1 known authorities', () => plainDevice('bed-01', { credentials: foreign })],
      ['There is no device "bed-99"', () => plainDevice('bed-99')],
      ['is disabled', () => plainDevice('bed-02')],
      ['The certificate is for "bed-02"', () => plainDevice('bed-01', { certificateOf: 'bed-02' })],
      ['must be the device id', () => plainDevice('bed-01', { clientId: 'other' })],
      ['presented no certificate', () => plainDevice('bed-01', { credentials: {} })],
      ['not by a SAS token', () => plainDevice('bed-01', { password: sasToken('bed-01', key) })],
      ['signed with no key', () => plainDevice('bed-sas', { password: sasToken('bed-sas', otherKey) })],
      ['is expired', () => plainDevice('bed-sas', { password: sasToken('bed-sas', key, expired) })],
      ['The SAS token is for', () => plainDevice('bed-sas', { password: sasToken('bed-01', key) })],
    ];
    for (const [reason, attempt] of attempts) {
      await expect(attempt()).rejects.toThrow('Not authorized');
      expect(context.logged.at(-1)).toContain(reason);
    }
    expect(hub.hubs.stats()[0]).toMatchObject({ connectedDevices: 0 });
  });

  it('knows a device by the thumbprint of its own certificate', async () => {
    hub = await testHub(context);
    const own = await (await DeviceAuthority.open(join(context.folder, 'maker'))).credentials('bed-01');
    const primaryThumbprint = new X509Certificate(own.cert).fingerprint256.replaceAll(':', '');
    await register('bed-01', { authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint } } });
    const device = await plainDevice('bed-01', { credentials: own });
    await device.publishAsync('devices/bed-01/messages/events/', '1', { qos: 1 });
    await expect(plainDevice('bed-01')).rejects.toThrow('Not authorized');
  });

  it('lets no authority in that is not verified, and no device any more once its authority is gone', async () => {
    hub = await testHub(context);
    await register('bed-01');
    await hub.hubs.deprovision(context.resources.get(`${hubId}/certificates/devices`) as ArmResource);
    await expect(plainDevice('bed-01')).rejects.toThrow('Not authorized');
    const id = `${hubId}/certificates/unverified`;
    const properties = { certificate: hub.devices.certificate };
    await hub.hubs.provision(context.resources.put('iothub:Certificate', id, { properties }));
    await expect(plainDevice('bed-01')).rejects.toThrow('Not authorized');
  });

  it.each([
    ['the topic of another device', 'devices/bed-02/messages/events/', 1],
    ['a topic that is not of IoT Hub', 'wards/icu', 1],
    ['QoS 2', 'devices/bed-01/messages/events/', 2],
  ] as const)('closes the connection on %s', async (_what, topic, qos) => {
    hub = await testHub(context);
    await register('bed-01');
    await register('bed-02');
    const device = await plainDevice('bed-01');
    const closed = isClosed(device);
    device.publish(topic, '1', { qos }, () => undefined);
    await closed;
    expect(hub.eventHub.taken).toEqual([]);
    expect([...hub.hubs.accepted(hubId)]).toEqual([]);
  });

  it('closes the connection on a message above 256 KB and takes one below', async () => {
    hub = await testHub(context);
    await register('bed-01');
    const device = await plainDevice('bed-01');
    await device.publishAsync('devices/bed-01/messages/events/', Buffer.alloc(256 * 1024), { qos: 1 });
    const closed = isClosed(device);
    device.publish('devices/bed-01/messages/events/', Buffer.alloc(256 * 1024 + 1), { qos: 1 }, () => undefined);
    await closed;
    expect([...hub.hubs.accepted(hubId)]).toHaveLength(1);
  });

  it('keeps one connection for each device: a new one takes over', async () => {
    hub = await testHub(context);
    await register('bed-01');
    const first = await plainDevice('bed-01');
    const closed = isClosed(first);
    const second = await plainDevice('bed-01');
    await closed;
    await second.publishAsync('devices/bed-01/messages/events/', '1', { qos: 1 });
    expect(hub.hubs.stats()[0]).toMatchObject({ connectedDevices: 1 });
  });

  it('lets a gateway send for its children only', async () => {
    hub = await testHub(context);
    const gateway = await register('gateway', { iotEdge: true });
    await register('bed-01', { deviceScope: gateway.deviceScope });
    await register('bed-02');
    const uplink = await plainDevice('gateway');
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
    hub = await testHub(context);
    await register('bed-01');
    const device = await sdkDevice('bed-01');
    const twin = await device.getTwin();
    // The SDK subscribes to changes with its first listener only.
    twin.on('properties.desired', () => undefined);
    await call('owner', 'PATCH', '/twins/bed-01', { tags: { ward: 'icu' }, properties: { desired: { seconds: 5 } } });
    await until('the desired property', () => twin.properties.desired.seconds === 5);
    await new Promise<void>((resolve, reject) =>
      twin.properties.reported.update({ firmware: '1.2' }, (error: Error) => (error ? reject(error) : resolve())),
    );
    const { body } = await call('owner', 'GET', '/twins/bed-01');
    expect(body).toMatchObject({
      tags: { ward: 'icu' },
      connectionState: 'Connected',
      properties: { desired: { seconds: 5, $version: 2 }, reported: { firmware: '1.2', $version: 2 } },
    });
    await call('owner', 'PATCH', '/twins/bed-01', { properties: { desired: { seconds: null } } });
    await until('the desired property gone', () => twin.properties.desired.seconds === undefined);
  });

  it('calls a method of a device, and says when there is none to answer', async () => {
    hub = await testHub(context);
    await register('bed-01');
    const device = await sdkDevice('bed-01');
    device.onDeviceMethod('blink', (asked, answer) => {
      answer.send(202, { blinked: asked.payload.times }, () => undefined);
    });
    const path = '/twins/bed-01/methods';
    await until('the subscription', async () => (await call('owner', 'POST', path, blink)).status === 200);
    expect((await call('owner', 'POST', path, blink)).body).toEqual({ status: 202, payload: { blinked: 3 } });
    await register('bed-02');
    expect(await call('owner', 'POST', '/twins/bed-02/methods', blink)).toMatchObject({
      status: 404,
      body: { Message: expect.stringContaining('DeviceNotOnline') },
    });
  });

  it('wants a token and a role, and minds etags', async () => {
    hub = await testHub(context);
    await register('bed-01');
    expect(await call('nobody', 'GET', '/devices/bed-01')).toMatchObject({ status: 403 });
    expect(
      await call('owner', 'GET', '/devices/bed-01', undefined, { authorization: 'SharedAccessSignature x' }),
    ).toMatchObject({
      status: 401,
    });
    const made = await call('owner', 'PUT', '/devices/bed-05', { authentication: { type: 'sas' } });
    expect(made.body).toMatchObject({ deviceId: 'bed-05', status: 'enabled', authentication: { type: 'sas' } });
    expect((await call('owner', 'PUT', '/devices/bed-05', {})).status).toBe(409);
    const disabled = { status: 'disabled', authentication: { type: 'certificateAuthority' } };
    expect((await call('owner', 'PUT', '/devices/bed-05', disabled, { 'if-match': '"old"' })).status).toBe(412);
    expect((await call('owner', 'PUT', '/devices/bed-05', disabled, { 'if-match': made.etag })).status).toBe(200);
    expect((await call('owner', 'DELETE', '/devices/bed-05')).status).toBe(204);
    expect((await call('owner', 'GET', '/devices/bed-05')).status).toBe(404);
    expect((await call('owner', 'POST', '/devices/query', {})).status).toBe(501);
    expect((await call('owner', 'PUT', '/devices/b%C3%A4d', {})).status).toBe(400);
  });

  it('throws a device out that is disabled or deleted', async () => {
    hub = await testHub(context);
    await register('bed-01');
    const device = await plainDevice('bed-01');
    const closed = isClosed(device);
    expect((await call('owner', 'DELETE', '/devices/bed-01')).status).toBe(204);
    await closed;
    await expect(plainDevice('bed-01')).rejects.toThrow('Not authorized');
  });

  it('gives a gateway the automatic deployment of the highest priority that targets it', async () => {
    hub = await testHub(context);
    await register('gateway', { iotEdge: true, initialTwin: { tags: { ward: 'icu' } } });
    const content = { modulesContent: { $edgeAgent: {} } };
    const put = (id: string, targetCondition: string, priority: number) =>
      call('owner', 'PUT', `/configurations/${id}`, { content, targetCondition, priority });
    expect(hub.hubs.deploymentsFor(hubId, 'gateway')).toBeUndefined();
    const base = await put('base', '*', 1);
    expect((await put('icu', "tags.ward='icu' AND deviceId='gateway'", 10)).status).toBe(200);
    await put('other', "tags.ward='er'", 100);
    expect(hub.hubs.deploymentsFor(hubId, 'gateway')?.id).toBe('icu');
    expect((await put('base', '*', 1)).status).toBe(409);
    const changed = { content, targetCondition: '*', priority: 50 };
    expect((await call('owner', 'PUT', '/configurations/base', changed, { 'if-match': base.etag })).status).toBe(200);
    expect(hub.hubs.deploymentsFor(hubId, 'gateway')?.id).toBe('base');
    expect((await put('bad', 'ward = 1', 1)).body).toMatchObject({
      ExceptionMessage: expect.stringContaining('"ward"'),
    });
  });
});

describe('routing', () => {
  const route = { source: 'DeviceMessages', isEnabled: true, name: 'r', endpointNames: ['devicedata'] };

  async function send(deviceId: string, ...topics: [bag: string, body: string][]): Promise<void> {
    const device = await plainDevice(deviceId);
    for (const [bag, body] of topics) {
      await device.publishAsync(`devices/${deviceId}/messages/events/${bag}`, body, { qos: 1 });
    }
  }

  it('sends each message once to each endpoint that a route names, and the rest to the fallback', async () => {
    hub = await testHub(context, {
      routing: {
        routes: [
          { ...route, name: 'urgent', condition: "level = 'urgent'" },
          { ...route, name: 'fast', condition: '$body.hr > 100' },
          { ...route, name: 'tagged', condition: "$twin.tags.ward = 'er'" },
          { ...route, name: 'off', condition: 'true', isEnabled: false },
        ],
      },
    });
    await register('bed-01');
    await register('bed-02', { initialTwin: { tags: { ward: 'er' } } });
    const json = '$.ct=application%2Fjson&$.ce=utf-8';
    await send(
      'bed-01',
      ['level=urgent', '1'],
      [`${json}&level=urgent`, '{"hr":120}'],
      [json, '{"hr":80}'],
      ['', '{"hr":120}'],
    );
    await send('bed-02', ['', '5']);
    await until('what is routed', () => hub.eventHub.taken.length >= 3);
    expect(hub.eventHub.bodies().sort()).toEqual(['1', '5', '{"hr":120}']);
    expect(hub.hubs.stats()[0]).toMatchObject({ accepted: 5, fallback: 2, orphaned: 0 });
    expect([...hub.hubs.accepted(hubId)].filter(({ endpointNames }) => endpointNames.includes('events'))).toHaveLength(
      2,
    );

    await declare({
      routing: { routes: [], fallbackRoute: { ...route, endpointNames: ['events'], isEnabled: false } },
    });
    await send('bed-01', ['', '6']);
    expect(hub.hubs.stats()[0]).toMatchObject({ accepted: 6, fallback: 2, orphaned: 1 });
  });

  it('stamps messages with static values, the hub name and the twin', async () => {
    const enrichments = [
      { key: 'hospitalId', value: 'st-anna' },
      { key: 'hub', value: '$iothubname' },
      { key: 'ward', value: '$twin.tags.ward' },
      { key: 'rate', value: '$twin.properties.desired.rate' },
      { key: 'none', value: '$twin.tags.absent' },
      { key: 'elsewhere', value: 'x', endpointNames: ['raw'] },
    ].map((enrichment) => ({ endpointNames: ['devicedata'], ...enrichment }));
    hub = await testHub(context, { routing: { enrichments } });
    await register('bed-01', { initialTwin: { tags: { ward: 'icu' }, desired: { rate: 5 } } });
    await send('bed-01', ['hospitalId=forged', '1']);
    await until('the event', () => hub.eventHub.taken.length === 1);
    expect(hub.eventHub.taken[0]?.event.properties).toEqual({
      hospitalId: 'st-anna',
      hub: 'iot-ward',
      ward: 'icu',
      rate: '5',
    });
  });

  it('tells of devices that come, connect, change and go', async () => {
    const sources = ['DeviceLifecycleEvents', 'DeviceConnectionStateEvents', 'TwinChangeEvents'];
    hub = await testHub(context, {
      routing: { routes: sources.map((source) => ({ ...route, name: source, source })) },
    });
    await register('bed-01');
    const device = await plainDevice('bed-01');
    await call('owner', 'PATCH', '/twins/bed-01', { tags: { ward: 'icu' } });
    await device.endAsync();
    await until('the disconnect', () => hub.eventHub.taken.length === 4);
    await call('owner', 'DELETE', '/devices/bed-01');
    await until('all events', () => hub.eventHub.taken.length === 5);
    const events = hub.eventHub.taken.map(({ event }) => [
      event.systemProperties?.['iothub-message-source'],
      event.properties?.opType,
    ]);
    expect(events).toEqual([
      ['deviceLifecycleEvents', 'createDeviceIdentity'],
      ['deviceConnectionStateEvents', 'deviceConnected'],
      ['twinChangeEvents', 'updateTwin'],
      ['deviceConnectionStateEvents', 'deviceDisconnected'],
      ['deviceLifecycleEvents', 'deleteDeviceIdentity'],
    ]);
    expect(hub.eventHub.bodies()[2]).toContain('"tags":{"ward":"icu"}');
  });

  it('holds what an endpoint refuses, goes on with the others, and delivers all of it in order later', async () => {
    hub = await testHub(context);
    await register('bed-01');
    const giveBack = hub.revoke('send');
    await send('bed-01', ...Array.from({ length: 50 }, (_, index): [string, string] => ['', `${index}`]));
    await until('the failure to show', () => hub.hubs.health(hubId)[0]?.status === 'unhealthy');
    await context.clock.advanceTo(context.clock.now() + 60_000);
    expect(hub.blobs.lines()).toHaveLength(50);
    expect(hub.eventHub.taken).toEqual([]);
    expect(hub.hubs.health(hubId)).toMatchObject([
      { endpointName: 'devicedata', behind: 50, lastKnownError: expect.stringContaining('router may not') },
      { endpointName: 'raw', status: 'healthy', behind: 0 },
    ]);
    giveBack();
    await until('the held messages', () => hub.eventHub.taken.length === 50);
    expect(hub.eventHub.bodies()).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`));
    expect(hub.hubs.health(hubId)[0]).toMatchObject({ status: 'healthy', behind: 0 });
  });

  it("writes a batch for each period of the cloud's clock and for each chunk, and moves on when one is refused", async () => {
    const inputs = hubInputs(context) as { properties: { routing: { endpoints: { storageContainers: object[] } } } };
    const { endpoints } = inputs.properties.routing;
    hub = await testHub(context, {
      routing: {
        endpoints: {
          storageContainers: endpoints.storageContainers.map((raw) => ({ ...raw, maxChunkSizeInBytes: 2_000 })),
        },
        routes: [{ ...route, endpointNames: ['raw'] }],
      },
    });
    await register('bed-01');
    const giveBack = hub.revoke('write');
    await send('bed-01', ['', 'a'.repeat(1_000)], ['', 'b'.repeat(1_000)], ['', 'c']);
    await context.clock.advanceTo(context.clock.now() + 61_000);
    expect(hub.blobs.blobs.size).toBe(0);
    expect(hub.hubs.health(hubId)[0]).toMatchObject({ status: 'unhealthy' });
    giveBack();
    await until('three messages in blobs', () => hub.blobs.lines().length === 3);
    await send('bed-01', ['', 'd']);
    await context.clock.advanceTo(context.clock.now() + 60_000);
    const names = [...hub.blobs.blobs.keys()].map((name) => name.replace('/01/2026', '/00/2026'));
    expect(names).toEqual(['00/00.json', '00/00_1.json', '00/01.json'].map((name) => `iot-ward/00/2026/01/05/${name}`));
    expect(hub.blobs.lines().map(({ Body }) => Buffer.from(String(Body), 'base64').toString()[0])).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
  });

  it('is refused with every problem in it', async () => {
    hub = await testHub(context);
    const identity = { userAssignedIdentity: context.authority.identityId('stranger') };
    const bad = {
      routing: {
        endpoints: {
          eventHubs: [{ name: 'keyed', connectionString: 'Endpoint=...' }],
          storageContainers: [{ name: 'avro', authenticationType: 'identityBased', identity, encoding: 'avro' }],
          serviceBusQueues: [{ name: 'queue' }],
        },
        routes: [
          { ...route, condition: '$body.hr >> 3' },
          { ...route, name: 'unknown', condition: 'LENGTHY(a) = 1' },
          { ...route, name: 'nowhere', endpointNames: ['nothing'] },
        ],
      },
    };
    const refused = await declare(bad).catch((error: AzureError) => error);
    expect(refused).toMatchObject({ status: 400 });
    for (const part of [
      'serviceBusQueues',
      'keyed',
      'avro',
      'stranger',
      '"LENGTHY" is no function',
      'character 11',
      '"nothing"',
    ]) {
      expect((refused as AzureError).message).toContain(part);
    }
  });

  it('is refused while the identity has no role, with endpoint, role and scope; a restart does not ask again', async () => {
    hub = await testHub(context);
    hub.revoke('send');
    const changed = declare({ properties: { comments: 'changed' } });
    await expect(changed).rejects.toThrow(/devicedata: .*router.*Azure Event Hubs Data Sender.*eventhubs\/devicedata/);
    const resource = context.resources.get(hubId) as ArmResource;
    await expect(hub.hubs.provision(resource, { ...resource })).resolves.toMatchObject({
      properties: { hostName: `localhost:${hub.port}`, state: 'Active' },
    });
  });
});

describe('conditions', () => {
  const subject: QuerySubject = {
    properties: { level: 'urgent', count: '7', 'a.b': 'dotted', 'content-kind': 'x' },
    systemProperty: (name) => ({ connectionDeviceId: 'bed-01', contentType: 'application/json' })[name],
    body: () => ({ hr: 120, note: "it's", list: [{ x: 1 }], on: true, nothing: null }),
    twin: () => ({ tags: { ward: 'icu' }, properties: { desired: { rate: 5 } } }),
  };

  it.each([
    ['true', true],
    ['level = "urgent"', true],
    ["level <> 'urgent'", false],
    ["LEVEL = 'urgent'", false],
    ["absent = 'x' OR true", true],
    ["absent != 'x'", false],
    ["NOT absent = 'x'", false],
    ['count > 5', false],
    ['AS_NUMBER(count) > 5', true],
    ['as_number(count) * 2 - 4 = 10', true],
    ['$body.hr >= 120 AND $body.hr < 121', true],
    ['$body.hr + 1 = 121 AND -1 < 0', true],
    ["$body.note = 'it''s'", true],
    ['$body.list[0].x = 1', true],
    ['$body.on', true],
    ['$body.nothing = null', true],
    ['IS_NULL($body.nothing) AND NOT IS_DEFINED($body.absent)', true],
    ["$twin.tags.ward IN ['er', 'icu']", true],
    ['$twin.properties.desired.rate % 2 = 1', true],
    ["STARTS_WITH($connectionDeviceId, 'bed-') AND ENDS_WITH($connectionDeviceId, '01')", true],
    ["CONTAINS(level, 'gen') AND LENGTH(level) = 6 AND UPPER(level) = 'URGENT'", true],
    ["SUBSTRING(level, 0, 3) = 'urg' AND INDEX_OF(level, 'e') = 3", true],
    ["CONCAT(level, '!') = 'urgent!'", true],
    ["{a.b} = 'dotted' AND content-kind = 'x'", true],
    ["(level = 'x' OR level = 'urgent') AND $contentType = 'application/json'", true],
    ["level = 'x' OR level = 'urgent' AND false", false],
  ])('%s is %s', (condition, expected) => {
    expect(parseQuery(condition)(subject)).toBe(expected);
  });

  it.each(['level = ', '(true', '$nothing = 1', "level = 'x", 'LENGTH()', 'true false', '$body.a[x] = 1', ';'])(
    'cannot be %s',
    (condition) => {
      expect(() => parseQuery(condition)).toThrow();
    },
  );
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
      open.push({ end: () => client.endAsync(true) });
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
  open.push({ end: async () => child.kill('SIGKILL') });
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
