import type { TLSSocket } from 'node:tls';
import type { Client, PublishPacket } from 'aedes';
import type { Log } from '../contracts';
import { parsePropertyBag, parsePublishTopic } from '../iotHub/topics';
import { verifyClientCertificate } from '../mqtt/clientCertificates';
import { EndpointBroker, notAuthorized } from '../mqtt/endpointBroker';
import { SharedTlsListener } from '../mqtt/sharedTlsListener';
import type { StoredMessage } from './messageStore';

/** IoT Hub quotas: a device-to-cloud message has at most 256 KB, body and properties. */
const largestMessageBytes = 256 * 1024;

export interface LeafListenerOptions {
  readonly port: number;
  readonly server: { readonly key: string; readonly cert: string };
  /** PEM of the authorities that sign the certificates of leaf devices. */
  readonly deviceAuthorities: readonly string[];
  /** Called for each message before it is acknowledged; the device gets its PUBACK when the promise resolves. */
  readonly store: (message: StoredMessage) => Promise<void>;
  readonly log: Log;
}

/**
 * The side of the gateway that leaf devices see: MQTT over TLS with IoT Hub's topics, so that a device needs nothing
 * but the gateway's host name. Devices prove themselves by X.509; the common name is the device id. Telemetry only:
 * twins, methods and cloud-to-device messages do not pass this stand-in, subscriptions to them are refused.
 */
export class LeafListener {
  private readonly connected = new Set<Client>();

  private constructor(private readonly options: LeafListenerOptions) {}

  static async listen(options: LeafListenerOptions): Promise<{ close(): Promise<void>; connectedDevices(): number }> {
    const leaves = new LeafListener(options);
    const broker = await EndpointBroker.start({
      authenticate: (client, username, _password, done) => {
        const reason = leaves.refusal(client, username ?? '');
        if (reason === undefined) return done(null, true);
        options.log.warn(`Edge gateway: ${reason}`);
        done(notAuthorized(reason), false);
      },
      authorizeSubscribe: (_client, _subscription, done) => done(null, null),
      authorizePublish: (client, packet, done) => {
        leaves.take(client, packet).then(
          () => done(null),
          (error: Error) => {
            options.log.warn(`Edge gateway: closed the connection of ${client?.id}: ${error.message}`);
            done(error);
          },
        );
      },
    });
    broker.on('clientReady', (client) => leaves.connected.add(client));
    broker.on('clientDisconnect', (client) => leaves.connected.delete(client));
    broker.on('clientError', () => undefined);
    broker.on('connectionError', () => undefined);
    const listener = await SharedTlsListener.listen({
      port: options.port,
      server: options.server,
      onMqtt: (socket) => void broker.handle(socket),
      onRequest: (_request, response) => void response.writeHead(501).end('The gateway serves MQTT only.'),
    });
    const close = async () => {
      await broker.stop();
      await listener.close();
    };
    return { close, connectedDevices: () => leaves.connected.size };
  }

  private refusal(client: Client, username: string): string | undefined {
    const deviceId = username.split('/')[1] ?? '';
    if (deviceId === '' || client.id !== deviceId) {
      return `the user name must be {hub host}/{device id}/?api-version=..., and the client id the device id "${client.id}".`;
    }
    try {
      const { commonName } = verifyClientCertificate(client.conn as TLSSocket, this.options.deviceAuthorities);
      return commonName === deviceId
        ? undefined
        : `the certificate of "${commonName}" is not that of device "${deviceId}".`;
    } catch (error) {
      return (error as Error).message;
    }
  }

  private async take(client: Client | null, packet: PublishPacket): Promise<void> {
    if (packet.qos === 2) throw new Error('QoS 2 is not supported; publish with QoS 0 or 1.');
    const publish = parsePublishTopic(packet.topic);
    if (publish?.kind !== 'telemetry' || publish.deviceId !== client?.id) {
      throw new Error(`the topic ${packet.topic} is not that of its own telemetry.`);
    }
    const body = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    // What the hub would refuse must not get into the store, where it would block what comes after it.
    parsePropertyBag(publish.propertyBag);
    const bytes = body.length + publish.propertyBag.length;
    if (bytes > largestMessageBytes)
      throw new Error(`a message has ${bytes} bytes; at most ${largestMessageBytes} are allowed.`);
    await this.options.store({ deviceId: publish.deviceId, propertyBag: publish.propertyBag, body });
  }
}
