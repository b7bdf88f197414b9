import type { TLSSocket } from 'node:tls';
import type { Client, PublishPacket } from 'aedes';
import { EndpointBroker, notAuthorized, sendTo } from '../mqtt/endpointBroker';
import { type Device, isObject, isParentOf } from './device';
import { type AuthenticatedDevice, type AuthenticationRules, authenticateDevice } from './deviceAuthentication';
import type { IotHubMessage } from './message';
import { maySubscribe, parsePropertyBag, parsePublishTopic } from './topics';

/** IoT Hub quotas: a device-to-cloud message has at most 256 KB, properties included. */
const mostMessageBytes = 256 * 1024;

interface Session extends AuthenticatedDevice {
  readonly client: Client;
  readonly subscriptions: Set<string>;
}

/** What the hub does for its devices. */
export interface DeviceEndpointHandlers {
  readonly rules: () => AuthenticationRules;
  readonly find: (deviceId: string) => Device | undefined;
  /** Resolves once the message is safe. @param viaGateway it came from an IoT Edge device in the name of its child */
  readonly accept: (message: IotHubMessage, viaGateway: boolean) => Promise<void>;
  readonly reportProperties: (deviceId: string, patch: Readonly<Record<string, unknown>>) => Promise<Device>;
  readonly methodAnswered: (deviceId: string, requestId: string, status: number, payload: Buffer) => void;
  readonly connectionChanged: (device: Device, connected: boolean) => void;
  readonly refused: (reason: string) => void;
}

/**
 * The devices' side of a hub, over MQTT 3.1.1: telemetry (QoS 0 and 1), twins and direct methods. A second connection of
 * one device takes over from the first. What Azure closes a connection for is a closed connection here too: QoS 2, a
 * topic that is not the device's own, a message above 256 KB.
 *
 * An IoT Edge device may publish to the topic of a device whose `parentScopes` name its own scope: that is how the
 * gateway of the local cloud sends in the name of its children (edgeHub of Azure IoT Edge does it over AMQP links).
 */
export class DeviceEndpoint {
  private readonly sessions = new Map<string, Session>();
  private readonly authenticated = new WeakMap<Client, Session>();

  private constructor(
    private readonly broker: EndpointBroker,
    private readonly handlers: DeviceEndpointHandlers,
  ) {}

  static async start(handlers: DeviceEndpointHandlers): Promise<DeviceEndpoint> {
    const broker = await EndpointBroker.start({ concurrency: 1000, queueLimit: 1000 });
    const endpoint = new DeviceEndpoint(broker, handlers);
    endpoint.install();
    return endpoint;
  }

  /** Takes a connection whose first packet is an MQTT CONNECT. */
  handle(socket: TLSSocket): void {
    this.broker.handle(socket);
  }

  get connected(): number {
    return this.sessions.size;
  }

  isConnected(deviceId: string): boolean {
    return this.sessions.has(deviceId);
  }

  /** Ends the connection of a device that was disabled, deleted or given other credentials. */
  disconnect(deviceId: string): void {
    this.sessions.get(deviceId)?.client.close();
  }

  /** Tells a connected device what its desired properties have become. */
  notifyDesired(device: Device, patch: Readonly<Record<string, unknown>>): void {
    const session = this.sessions.get(device.deviceId);
    if (!session?.subscriptions.has('$iothub/twin/PATCH/properties/desired/#')) return;
    const { version } = device.twin.desired;
    const payload = Buffer.from(JSON.stringify({ ...patch, $version: version }));
    sendTo(session.client, `$iothub/twin/PATCH/properties/desired/?$version=${version}`, payload);
  }

  /** Calls a direct method; false when the device is not connected or listens to no methods. */
  callMethod(deviceId: string, methodName: string, requestId: string, payload: Buffer): boolean {
    const session = this.sessions.get(deviceId);
    if (!session?.subscriptions.has('$iothub/methods/POST/#')) return false;
    sendTo(session.client, `$iothub/methods/POST/${encodeURIComponent(methodName)}/?$rid=${requestId}`, payload);
    return true;
  }

  async close(): Promise<void> {
    await this.broker.stop();
  }

  private install(): void {
    const { broker } = this;
    broker.authenticate = (client, username, password, done) => {
      try {
        this.authenticate(client, username, password);
        done(null, true);
      } catch (error) {
        this.handlers.refused((error as Error).message);
        done(notAuthorized((error as Error).message), false);
      }
    };
    broker.authorizeSubscribe = (client, subscription, done) => {
      const session = this.authenticated.get(client);
      const allowed = session !== undefined && maySubscribe(session.device.deviceId, subscription.topic);
      if (allowed) session.subscriptions.add(subscription.topic);
      done(null, allowed ? subscription : null);
    };
    broker.authorizePublish = (client, packet, done) => {
      const session = client === null ? undefined : this.authenticated.get(client);
      this.published(session, packet).then(
        () => done(null),
        (error: Error) => {
          this.handlers.refused(error.message);
          done(error);
        },
      );
    };
    broker.on('client', (client) => this.opened(client));
    broker.on('clientDisconnect', (client) => this.ended(client));
    broker.on('clientError', () => undefined);
    broker.on('connectionError', () => undefined);
  }

  private authenticate(client: Client, username: string | undefined, password: Readonly<Buffer> | undefined): void {
    const socket = client.conn as TLSSocket;
    const connect = { clientId: client.id, username, password: password as Buffer | undefined, socket };
    const authenticated = authenticateDevice(connect, this.handlers.rules());
    this.authenticated.set(client, { ...authenticated, client, subscriptions: new Set() });
  }

  private opened(client: Client): void {
    const session = this.authenticated.get(client);
    if (session === undefined) return;
    this.sessions.set(session.device.deviceId, session);
    this.handlers.connectionChanged(session.device, true);
  }

  private ended(client: Client): void {
    const session = this.authenticated.get(client);
    if (session === undefined || this.sessions.get(session.device.deviceId) !== session) return;
    this.sessions.delete(session.device.deviceId);
    this.handlers.connectionChanged(session.device, false);
  }

  private async published(session: Session | undefined, packet: PublishPacket): Promise<void> {
    if (session === undefined) throw new Error('A client that is not authenticated has published.');
    const { deviceId } = session.device;
    if (packet.qos === 2)
      throw new Error(`The device "${deviceId}" has published with QoS 2, which IoT Hub does not take.`);
    const publish = parsePublishTopic(packet.topic);
    switch (publish?.kind) {
      case 'telemetry':
        return this.takeTelemetry(session, publish.deviceId, publish.propertyBag, packet);
      case 'getTwin':
        return this.answerTwin(session, publish.requestId);
      case 'patchReported':
        return this.takeReported(session, publish.requestId, payloadOf(packet));
      case 'methodResponse':
        return this.handlers.methodAnswered(deviceId, publish.requestId, publish.status, payloadOf(packet));
      default:
        throw new Error(
          `The device "${deviceId}" has published to ${topicForLog(packet.topic)}, which is no topic of IoT Hub.`,
        );
    }
  }

  private takeTelemetry(session: Session, deviceId: string, propertyBag: string, packet: PublishPacket): Promise<void> {
    const sender = this.senderOf(session, deviceId);
    const body = payloadOf(packet);
    if (body.length + propertyBag.length > mostMessageBytes) {
      throw new Error(
        `A message of "${deviceId}" has ${body.length + propertyBag.length} bytes; at most ${mostMessageBytes} are allowed.`,
      );
    }
    const { properties, ...senderProperties } = parsePropertyBag(propertyBag);
    // "IoT Hub doesn't persist retain messages": it says so to the reader (MQTT support, "Sending device-to-cloud messages").
    if (packet.retain) properties['mqtt-retain'] = 'true';
    const { authMethod } = session;
    const message = { source: 'DeviceMessages', deviceId, authMethod, generationId: sender.generationId } as const;
    return this.handlers.accept({ ...message, ...senderProperties, properties, body }, sender !== session.device);
  }

  /** The device in whose name the message comes: the connected one, or a child of it. */
  private senderOf({ device }: Session, deviceId: string): Device {
    if (deviceId === device.deviceId) return device;
    const child = this.handlers.find(deviceId);
    const gateway = this.handlers.find(device.deviceId);
    if (child === undefined || gateway === undefined || child.status !== 'enabled' || !isParentOf(gateway, child)) {
      throw new Error(`The device "${device.deviceId}" may not publish in the name of "${deviceId}".`);
    }
    return child;
  }

  private answerTwin(session: Session, requestId: string): void {
    const device = this.handlers.find(session.device.deviceId);
    if (device === undefined) throw new Error(`The device "${session.device.deviceId}" is gone.`);
    const { desired, reported } = device.twin;
    const twin = {
      desired: { ...desired.values, $version: desired.version },
      reported: { ...reported.values, $version: reported.version },
    };
    sendTo(session.client, `$iothub/twin/res/200/?$rid=${requestId}`, Buffer.from(JSON.stringify(twin)));
  }

  private async takeReported(session: Session, requestId: string, payload: Buffer): Promise<void> {
    const patch = readObject(payload);
    if (patch === undefined) {
      sendTo(session.client, `$iothub/twin/res/400/?$rid=${requestId}`, Buffer.alloc(0));
      return;
    }
    const device = await this.handlers.reportProperties(session.device.deviceId, patch);
    const { version } = device.twin.reported;
    sendTo(session.client, `$iothub/twin/res/204/?$rid=${requestId}&$version=${version}`, Buffer.alloc(0));
  }
}

function payloadOf(packet: PublishPacket): Buffer {
  return typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
}

function readObject(payload: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Without the property bag, which may hold what should not be in a log. */
function topicForLog(topic: string): string {
  return topic.split(/[?&=]/)[0]?.slice(0, 100) ?? '';
}
