import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Certificates } from '../contracts';
import { Connection, type Door } from './connection';

/**
 * The TDS 8.0 end of one server: TLS from the first byte (`encrypt: 'strict'`), as Azure SQL speaks it. Clients of older
 * versions, which greet before they encrypt, do not get in.
 */
export class Listener {
  private readonly server: Server;
  private readonly connections = new Set<Connection>();

  constructor(
    { server: { key, cert } }: Certificates,
    private readonly port: number,
    door: Door,
  ) {
    this.server = createServer(
      { key, cert, minVersion: 'TLSv1.2', ALPNProtocols: ['tds/8.0'] },
      (socket: TLSSocket) => {
        if (socket.alpnProtocol !== 'tds/8.0') {
          socket.destroy();
          return;
        }
        socket.setNoDelay(true);
        const connection = new Connection(socket, door);
        this.connections.add(connection);
        socket.on('close', () => void connection.closed().then(() => this.connections.delete(connection)));
      },
    );
    this.server.on('tlsClientError', (_, socket) => socket.destroy());
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(this.port, '127.0.0.1', resolve);
    });
  }

  /** Ends connections: all of them, or those to one database. */
  async drop(databaseName?: string): Promise<void> {
    const concerned = [...this.connections].filter(
      (connection) => databaseName === undefined || connection.databaseName === databaseName,
    );
    for (const connection of concerned) connection.destroy();
    await Promise.all(concerned.map((connection) => connection.closed()));
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    await this.drop();
    await closed;
  }
}
