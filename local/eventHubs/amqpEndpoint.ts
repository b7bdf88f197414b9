import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { type Connection, create_container, type EventContext } from 'rhea';
import type { Certificates } from '../contracts';
import type { AmqpRefusal } from './amqpRefusal';
import { ClientConnection, type NamespaceParts } from './clientConnection';
import type { EventHub } from './eventHub';
import { largestMessage } from './sendingLink';
import { onSocketClosed } from './wire';

/** Event Hubs' own numbers, as its gateway sends them in OPEN. */
const open = { max_frame_size: 65_536, channel_max: 4999, idle_time_out: 240_000 };

/** The AMQP endpoint of one namespace: TLS 1.2 or newer on a port of its own. */
export class AmqpEndpoint {
  readonly #connections = new Map<Connection, ClientConnection>();
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async listen(port: number, certificates: Certificates, namespace: NamespaceParts): Promise<AmqpEndpoint> {
    const container = create_container({ id: 'event-hubs' });
    const anonymous = () => ({ outcome: true, start: () => {} });
    // Who a client is comes by $cbs; SASL only opens the way, as in Azure.
    container.sasl_server_mechanisms.enable_anonymous();
    Object.assign(container.sasl_server_mechanisms, { MSSBCBS: anonymous, EXTERNAL: anonymous });
    const server = container.listen({
      ...open,
      transport: 'tls',
      host: '127.0.0.1',
      port,
      key: certificates.server.key,
      cert: certificates.server.cert,
      minVersion: 'TLSv1.2',
      receiver_options: { autoaccept: false, max_message_size: largestMessage },
      sender_options: { snd_settle_mode: 1, max_message_size: largestMessage },
    });
    const endpoint = new AmqpEndpoint(server);
    container.on('connection_open', ({ connection }: EventContext) => {
      endpoint.#connections.set(connection, new ClientConnection(connection, namespace));
      onSocketClosed(connection, () => endpoint.#gone(connection));
    });
    container.on('connection_close', ({ connection }: EventContext) => endpoint.#gone(connection));
    container.on('disconnected', () => {});
    container.on('error', () => {});
    server.on('connection', (socket) => {
      // What is small waits for nothing: acknowledgements that wait for each other cost a client 40 ms a send.
      socket.setNoDelay(true);
      endpoint.#sockets.add(socket);
      socket.once('close', () => endpoint.#sockets.delete(socket));
    });
    await once(server, 'listening');
    return endpoint;
  }

  async checkAccess(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection.checkAccess()));
  }

  endLinksTo(hub: EventHub, refusal: AmqpRefusal): void {
    for (const connection of this.#connections.values()) connection.endLinksTo(hub, refusal);
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const connection of [...this.#connections.keys()]) this.#gone(connection);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #gone(connection: Connection): void {
    this.#connections.get(connection)?.close();
    this.#connections.delete(connection);
  }
}
