import { createHmac } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { Client, Message } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import mqtt from 'mqtt';
import type { ArmResource } from '../../local/contracts';
import type { Device, DeviceRegistration } from '../../local/iotHub/device';
import { iotHubAudience } from '../../local/iotHub/serviceApi';
import type { TestContext } from './context';
import { type HubDeclaration, hubId, hubInputs, type TestHub, testHub } from './iotHub';

export interface PlainOptions {
  /** Another certificate than the one that the ward's authority issued for the device; `{}` for none. */
  readonly credentials?: { readonly cert?: string; readonly key?: string };
  readonly clientId?: string;
  readonly certificateOf?: string;
  readonly password?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly etag: string | undefined;
}

/** A hub with the clients that a test has open on it: devices by SDK and by plain MQTT, and callers of the REST API. */
export class HubUnderTest {
  private readonly ends: (() => Promise<unknown>)[] = [];

  private constructor(
    private readonly context: TestContext,
    private readonly hub: TestHub,
  ) {}

  static async start(context: TestContext, declaration: HubDeclaration = {}): Promise<HubUnderTest> {
    return new HubUnderTest(context, await testHub(context, declaration));
  }

  get hubs(): TestHub['hubs'] {
    return this.hub.hubs;
  }

  get eventHub(): TestHub['eventHub'] {
    return this.hub.eventHub;
  }

  get blobs(): TestHub['blobs'] {
    return this.hub.blobs;
  }

  get devices(): TestHub['devices'] {
    return this.hub.devices;
  }

  get port(): number {
    return this.hub.port;
  }

  revoke(role: 'send' | 'write'): () => void {
    return this.hub.revoke(role);
  }

  async close(): Promise<void> {
    await Promise.all(this.ends.splice(0).map((end) => end()));
    await this.hub.hubs.close();
  }

  /** Declares the hub anew, as a changed program would. */
  async declare(declaration: HubDeclaration): Promise<void> {
    const previous = this.context.resources.get(hubId) as ArmResource;
    await this.hubs.provision({ ...previous, inputs: hubInputs(this.context, declaration) }, previous);
  }

  register(deviceId: string, registration: Partial<DeviceRegistration> = {}): Promise<Device> {
    const owner = this.context.authority.principal('owner');
    this.context.authority.grant(owner, 'Microsoft.Devices/IotHubs/*', hubId);
    const authentication = { type: 'certificateAuthority' } as const;
    return this.hubs.registry(hubId).createOrGet(owner, deviceId, { authentication, ...registration });
  }

  /** The device SDK with the certificate that the ward's authority issued for the device. */
  async sdkDevice(deviceId: string): Promise<Client> {
    const client = Client.fromConnectionString(`HostName=localhost:${this.port};DeviceId=${deviceId};x509=true`, Mqtt);
    const credentials = await this.hub.devices.credentials(deviceId);
    await client.setOptions({ ca: this.context.certificates.authority, ...credentials });
    await client.open();
    this.ends.push(() => client.close());
    return client;
  }

  async plainDevice(deviceId: string, options: PlainOptions = {}): Promise<mqtt.MqttClient> {
    const issued = () => this.hub.devices.credentials(options.certificateOf ?? deviceId);
    const certificate = options.password === undefined ? (options.credentials ?? (await issued())) : {};
    const client = await mqtt.connectAsync(`mqtts://localhost:${this.port}`, {
      ca: this.context.certificates.authority,
      ...certificate,
      clientId: options.clientId ?? deviceId,
      username: `localhost:${this.port}/${deviceId}/?api-version=2021-04-12`,
      ...(options.password === undefined ? {} : { password: options.password }),
      protocolVersion: 4,
      reconnectPeriod: 0,
    });
    client.on('error', () => undefined);
    this.ends.push(() => client.endAsync(true));
    return client;
  }

  sasToken(deviceId: string, key: string, expiry = Math.floor(Date.now() / 1000) + 3600): string {
    const resource = encodeURIComponent(`localhost:${this.port}/devices/${deviceId}`);
    const hmac = createHmac('sha256', Buffer.from(key, 'base64')).update(`${resource}\n${expiry}`);
    return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(hmac.digest('base64'))}&se=${expiry}`;
  }

  /** A call of the hub's REST API as the principal of that name. */
  call(as: string, method: string, path: string, body?: object, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    const token = this.context.authority.token(this.context.authority.principal(as), iotHubAudience);
    const options = {
      port: this.port,
      host: 'localhost',
      ca: this.context.certificates.authority,
      method,
      path: `${path}?api-version=2021-04-12`,
      headers: { authorization: `Bearer ${token}`, ...headers },
    };
    return new Promise((resolve, reject) => {
      const sent = request(options, async (response) => {
        const parts: Buffer[] = [];
        for await (const part of response) parts.push(part as Buffer);
        const text = Buffer.concat(parts).toString();
        const etag = response.headers.etag;
        resolve({ status: response.statusCode ?? 0, body: text === '' ? {} : JSON.parse(text), etag });
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

export function isClosed(client: mqtt.MqttClient): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()));
}

export function vitals(id: string, body: object = { hr: 72 }): Message {
  const message = new Message(JSON.stringify(body));
  message.messageId = id;
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  return message;
}
