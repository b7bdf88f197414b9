import { AuthenticationType, Message, NoRetry, type TransportConfig } from 'azure-iot-common';
import { Client } from 'azure-iot-device';
import { Mqtt } from 'azure-iot-device-mqtt';
import type { DeviceCredentials } from './deviceAuthority';
import { type ProvisioningEndpoint, provisionDevice, RegistrationRefused } from './provisionDevice';

/** A device-to-cloud message. */
export interface DeviceMessage {
  /**
   * JSON in UTF-8, the only form that routing queries can look into. At most 262,144 bytes together with the properties
   * (IoT Hub quotas: device-to-cloud messages of at most 256 KB).
   */
  readonly body: Buffer;
  /** Stays the same when the message is sent again, so that readers see that it is the same. */
  readonly messageId: string;
  /** When the message was made at the device, milliseconds since 1970; becomes `iothub-creation-time-utc`. */
  readonly creationTime: number;
  /** Application properties. */
  readonly properties?: Readonly<Record<string, string>>;
}

export interface DeviceConnection {
  readonly deviceId: string;
  readonly credentials: DeviceCredentials;
  /** PEM of the authority behind the TLS certificates of hub, provisioning service and gateway. */
  readonly serverAuthority: string;
  /** The Device Provisioning Service to ask for the hub; or else `hubHost`. */
  readonly provisioning?: ProvisioningEndpoint;
  /** `host` or `host:port` of the IoT hub of a device that is registered there already. */
  readonly hubHost?: string;
  /** `host` or `host:port` of the gateway through which the device sends, when it does not reach the hub itself. */
  readonly gatewayHost?: string;
  /** Messages that may wait for their acknowledgement at once. Default 32. */
  readonly maximumInFlight?: number;
}

interface Pending {
  readonly message: DeviceMessage;
  readonly acknowledged: () => void;
  readonly failed: (error: Error) => void;
}

const firstBackOffMilliseconds = 100;
const longestBackOffMilliseconds = 5_000;

/**
 * Connects a device with the real azure-iot-device client over MQTT and TLS, authenticated by X.509.
 * @returns the device once it is connected for the first time.
 * @throws RegistrationRefused when the provisioning service refuses it, Error when the hub or gateway does. What may
 *   pass by itself (nothing listens, a connection breaks) is tried again without end.
 */
export async function connectDevice(connection: DeviceConnection): Promise<ConnectedDevice> {
  const hubHost = connection.hubHost ?? (await assignedHub(connection));
  const device = new ConnectedDevice(connection, hubHost);
  await device.open();
  return device;
}

async function assignedHub(connection: DeviceConnection): Promise<string> {
  const { provisioning, deviceId, credentials, serverAuthority } = connection;
  if (provisioning === undefined) {
    throw new Error(`Device ${deviceId} has neither hubHost nor provisioning: give one of them.`);
  }
  for (let attempt = 0; ; attempt++) {
    try {
      return (await provisionDevice(provisioning, deviceId, credentials, serverAuthority)).hubHost;
    } catch (error) {
      if (error instanceof RegistrationRefused) throw error;
      await backOff(attempt);
    }
  }
}

/**
 * A device that keeps its connection: messages are sent in order, and what was not acknowledged when a connection broke
 * is sent again, oldest first, with the same message id. So a reader may see a message twice but never one missing.
 */
export class ConnectedDevice {
  private readonly waiting: Pending[] = [];
  /** Sent on the present connection, oldest first. */
  private inFlight: Pending[] = [];
  private client: Client | undefined;
  private closed = false;
  private reconnecting: Promise<void> | undefined;

  constructor(
    private readonly connection: DeviceConnection,
    readonly hubHost: string,
  ) {}

  get deviceId(): string {
    return this.connection.deviceId;
  }

  /** Connects for the first time; see `connectDevice`. */
  async open(): Promise<void> {
    await this.connectUntilOpen(isRefusal);
  }

  /** Resolves when the hub (or the gateway) has acknowledged the message. Rejects only after `close`. */
  send(message: DeviceMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(this.closedError());
      this.waiting.push({ message, acknowledged: resolve, failed: reject });
      this.pump();
    });
  }

  /** Ends the connection. Messages that were not acknowledged are rejected. */
  async close(): Promise<void> {
    this.closed = true;
    const unsent = [...this.inFlight, ...this.waiting.splice(0)];
    this.inFlight = [];
    await this.discardClient();
    for (const pending of unsent) pending.failed(this.closedError());
  }

  private closedError(): Error {
    return new Error(`Device ${this.deviceId} is closed.`);
  }

  private pump(): void {
    const client = this.client;
    while (client !== undefined && this.inFlight.length < (this.connection.maximumInFlight ?? 32)) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.inFlight.push(next);
      client.sendEvent(toSdkMessage(next.message), (error) => this.settle(client, next, error));
    }
  }

  private settle(client: Client, pending: Pending, error: Error | undefined): void {
    // An answer of a connection that has been given up: the message is already on its way again.
    if (client !== this.client) return;
    if (error) {
      this.connectionLost(client);
      return;
    }
    this.inFlight.splice(this.inFlight.indexOf(pending), 1);
    pending.acknowledged();
    this.pump();
  }

  private connectionLost(client: Client): void {
    if (client !== this.client || this.closed) return;
    void this.discardClient();
    this.waiting.unshift(...this.inFlight);
    this.inFlight = [];
    this.reconnecting ??= this.connectUntilOpen(() => false).finally(() => {
      this.reconnecting = undefined;
    });
  }

  private async connectUntilOpen(isFinal: (error: Error) => boolean): Promise<void> {
    for (let attempt = 0; !this.closed; attempt++) {
      const client = await newClient(this.connection, this.hubHost);
      try {
        await client.open();
      } catch (error) {
        if (isFinal(error as Error)) throw error;
        await backOff(attempt);
        continue;
      }
      if (this.closed) return void (await client.close());
      this.client = client;
      client.on('disconnect', () => this.connectionLost(client));
      return this.pump();
    }
  }

  private async discardClient(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client === undefined) return;
    client.removeAllListeners('disconnect');
    await client.close().catch(() => undefined);
  }
}

async function newClient(connection: DeviceConnection, hubHost: string): Promise<Client> {
  const transport: TransportConfig = {
    host: hubHost,
    deviceId: connection.deviceId,
    gatewayHostName: connection.gatewayHost,
    x509: { ...connection.credentials },
  };
  const client = Client.fromAuthenticationProvider(
    { type: AuthenticationType.X509, getDeviceCredentials: credentialsGetter(transport) },
    Mqtt,
  );
  // The client's own retries send each message again by itself, which changes their order.
  client.setRetryPolicy(new NoRetry());
  await client.setOptions({ ca: connection.serverAuthority });
  return client;
}

function credentialsGetter(transport: TransportConfig) {
  return ((callback?: (error?: Error, result?: TransportConfig) => void) =>
    callback ? callback(undefined, transport) : Promise.resolve(transport)) as {
    (callback: (error?: Error, result?: TransportConfig) => void): void;
    (): Promise<TransportConfig>;
  };
}

function toSdkMessage(message: DeviceMessage): Message {
  const sdk = new Message(message.body);
  sdk.messageId = message.messageId;
  sdk.contentType = 'application/json';
  sdk.contentEncoding = 'utf-8';
  // The client has no property for the creation time; in the topic it is a property like any other, named `$.ctime`.
  sdk.properties.add('$.ctime', new Date(message.creationTime).toISOString());
  for (const [name, value] of Object.entries(message.properties ?? {})) sdk.properties.add(name, value);
  return sdk;
}

/** The client calls every failure of a first connection "Not authorized"; what follows is the CONNACK's own reason. */
function isRefusal(error: Error): boolean {
  return /Connection refused: (Not authorized|Bad username or password|Identifier rejected)/.test(error.message);
}

function backOff(attempt: number): Promise<void> {
  const longest = Math.min(firstBackOffMilliseconds * 2 ** attempt, longestBackOffMilliseconds);
  return new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
}
