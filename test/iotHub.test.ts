import { createHmac } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { Client, Message } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import mqtt from 'mqtt';
import { AzureError } from '../local/contracts';
import type { DeviceAuthority } from '../local/devices/deviceAuthority';
import type { DeviceRegistration } from '../local/iotHub/device';
import { iotHubAudience } from '../local/iotHub/serviceApi';
import { type TestContext, testContext } from './support/context';
import { hubId, hubInputs, type TestHub, testHub, until } from './support/iotHub';

let context: TestContext;
let hub: TestHub;
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

interface PlainOptions {
  readonly clientId?: string;
  readonly certificateOf?: string;
  readonly password?: string;
}

async function plainDevice(deviceId: string, options: PlainOptions = {}): Promise<mqtt.MqttClient> {
  const certificate =
    options.password === undefined ? await hub.devices.credentials(options.certificateOf ?? deviceId) : {};
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
