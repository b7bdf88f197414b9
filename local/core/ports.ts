import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { Log, Ports } from '../contracts';
import { readJson, writeJsonAtomic } from './state';

// Below the range from which operating systems take the ports of outgoing connections: a client that tries to connect
// again while its server restarts could otherwise hold the server's port itself.
const lowest = 20_000;
const highest = 32_767;

/** Ports on 127.0.0.1, each chosen free once per name, remembered, and the same after a restart. */
export class RememberedPorts implements Ports {
  private readonly ports: Record<string, number>;
  private readonly handedOut = new Map<string, Promise<number>>();

  /** @param file JSON file that remembers the ports */
  constructor(
    private readonly file: string,
    private readonly log: Log,
  ) {
    this.ports = readJson<Record<string, number>>(file) ?? {};
  }

  get(name: string): Promise<number> {
    const known = this.handedOut.get(name);
    if (known !== undefined) return known;
    const port = this.choose(name);
    this.handedOut.set(name, port);
    return port;
  }

  private async choose(name: string): Promise<number> {
    const remembered = this.ports[name];
    if (remembered !== undefined && (await isFree(remembered))) return remembered;
    let port: number;
    do port = randomInt(lowest, highest + 1);
    while (Object.values(this.ports).includes(port) || !(await isFree(port)));
    this.ports[name] = port;
    writeJsonAtomic(this.file, this.ports);
    if (remembered !== undefined) {
      this.log.warn(`Port ${remembered} of ${name} is taken by another program: ${name} now listens on ${port}.`);
    }
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
