import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '../contracts';
import { type Asset, pageAssets } from './pageAssets';
import type { Snapshot } from './snapshot';
import { SnapshotFeed } from './snapshotFeed';

export interface LivePageOptions {
  /** TCP port on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Answers what is to be shown now. Called at most four times a second, and only while somebody looks. */
  readonly snapshot: () => Snapshot;
  readonly log: Log;
}

export interface LivePage {
  readonly url: string;
  close(): Promise<void>;
}

const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

/**
 * Serves the live page of the local cloud on 127.0.0.1. It shows vital signs, so no other machine and no other web site
 * gets at it: it listens on the loopback address only, and refuses a Host header that is not its own (DNS rebinding).
 */
export async function startLivePage(options: LivePageOptions): Promise<LivePage> {
  const assets = await pageAssets();
  const feed = new SnapshotFeed(options.snapshot, options.log);
  const server = createServer((request, response) => answer(request, response, assets, feed));
  const port = await listen(server, options.port);
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      feed.close();
      return closeServer(server);
    },
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  assets: ReadonlyMap<string, Asset>,
  feed: SnapshotFeed,
): void {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
  const path = request.url?.split('?')[0] ?? '/';
  const asset = assets.get(path);
  const refusal = refusalOf(request);
  if (refusal) refuse(response, ...refusal);
  else if (path === '/events' && request.method === 'GET') feed.serve(request, response);
  else if (!asset) refuse(response, 404, 'There is no such page here; the live page is at /.');
  else response.writeHead(200, { 'Content-Type': asset.contentType }).end(asset.content);
}

function refusalOf({ headers, method, socket }: IncomingMessage): [status: number, sentence: string] | undefined {
  const port = socket.localPort;
  if (headers.host !== `127.0.0.1:${port}` && headers.host !== `localhost:${port}`) {
    return [421, `This is the live page of a local cloud: open it as http://127.0.0.1:${port}/.`];
  }
  return method === 'GET' || method === 'HEAD' ? undefined : [405, 'The live page can only be read.'];
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${sentence}\n`);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
