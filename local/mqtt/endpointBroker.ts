import {
  Aedes,
  type AedesOptions,
  type AuthErrorCode,
  type AuthenticateError,
  type Client,
  type PublishPacket,
} from 'aedes';

type Done = (error?: Error) => void;

/**
 * MQTT server of a device service. What a client publishes is for the service alone (take it in `authorizePublish`,
 * which is called before the PUBACK): it is forwarded to no other client and kept nowhere, since IoT Hub and DPS are no
 * general brokers. The service answers one client with `sendTo`.
 */
export class EndpointBroker extends Aedes {
  static async start(options: AedesOptions): Promise<EndpointBroker> {
    const broker = new EndpointBroker(options);
    await broker.listen();
    return broker;
  }

  /** Called by aedes after `authorizePublish` and for its own notices to other brokers: nothing is left to do. */
  override publish(_packet: PublishPacket, clientOrDone: Client | Done, done?: Done): void {
    const finished = typeof clientOrDone === 'function' ? clientOrDone : done;
    finished?.();
  }

  /** Ends every connection. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.close(() => resolve()));
  }
}

/** Sends one packet to one client, at most once (QoS 0). Does nothing when the client is gone. */
export function sendTo(client: Client, topic: string, payload: Buffer): void {
  if (!client.connected) return;
  client.publish({ cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false }, () => undefined);
}

/** What `authenticate` answers to refuse a client: CONNACK code 5, "not authorized". */
export function notAuthorized(reason: string): AuthenticateError {
  return Object.assign(new Error(reason), { returnCode: 5 satisfies AuthErrorCode.NOT_AUTHORIZED as AuthErrorCode });
}
