import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import * as tls from 'node:tls';

/** First byte of an MQTT CONNECT packet (MQTT 3.1.1 section 3.1). No HTTP method begins with it. */
const mqttConnect = 0x10;
const firstByteDeadlineMs = 30_000;

export interface SharedTlsListenerOptions {
  /** Port on 127.0.0.1; 0 lets the machine choose. */
  readonly port: number;
  /** PEM of the server's key and certificate. */
  readonly server: { readonly key: string; readonly cert: string };
  /** A client whose first packet is an MQTT CONNECT. Its certificate, if it sent one, is not verified yet. */
  readonly onMqtt: (socket: tls.TLSSocket) => void;
  /** A request of a client that speaks HTTP. */
  readonly onRequest: http.RequestListener;
}

/**
 * One TLS port (1.2 or newer) for MQTT and HTTPS, as a device service has one host name for both. It asks each client for a
 * certificate and accepts any: who is behind it is decided by `verifyClientCertificate`, since the authorities belong
 * to the resource (and change with it), not to the port.
 */
export class SharedTlsListener {
  private readonly sockets = new Set<tls.TLSSocket>();

  private constructor(
    private readonly tlsServer: tls.Server,
    private readonly httpServer: http.Server,
  ) {}

  /** @throws when the port is taken. */
  static async listen(options: SharedTlsListenerOptions): Promise<SharedTlsListener> {
    const httpServer = http.createServer(options.onRequest);
    const tlsServer = tls.createServer({
      ...options.server,
      minVersion: 'TLSv1.2',
      requestCert: true,
      rejectUnauthorized: false,
    });
    const listener = new SharedTlsListener(tlsServer, httpServer);
    tlsServer.on('secureConnection', (socket) => listener.accept(socket, options.onMqtt));
    tlsServer.on('tlsClientError', (_error, socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      tlsServer.once('error', reject);
      tlsServer.listen(options.port, '127.0.0.1', resolve);
    });
    return listener;
  }

  get port(): number {
    return (this.tlsServer.address() as AddressInfo).port;
  }

  /** Ends every connection and stops listening. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.tlsServer.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    this.httpServer.close();
    await closed;
  }

  private accept(socket: tls.TLSSocket, onMqtt: (socket: tls.TLSSocket) => void): void {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    const deadline = setTimeout(() => socket.destroy(), firstByteDeadlineMs).unref();
    const ignoreReset = () => undefined;
    socket.on('error', ignoreReset);
    socket.once('close', () => {
      clearTimeout(deadline);
      this.sockets.delete(socket);
    });
    const dispatch = () => {
      const first: Buffer | null = socket.read(1);
      if (first === null) {
        socket.once('readable', dispatch);
        return;
      }
      clearTimeout(deadline);
      socket.unshift(first);
      // In the next turn, when the stream has forgotten our own listener and calls the new one for what it holds.
      setImmediate(() => {
        if (socket.destroyed) return;
        if (first[0] === mqttConnect) onMqtt(socket);
        else this.httpServer.emit('connection', socket);
      });
    };
    dispatch();
  }
}
