import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { Log } from '../local/contracts';
import { openCertificates } from '../local/core/certificates';
import { VirtualClock } from '../local/core/clock';
import { RememberedPorts } from '../local/core/ports';
import { readJson, StateFolder, writeJsonAtomic } from '../local/core/state';

let folder: string;
let warnings: string[];
let log: Log;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomt-core-'));
  warnings = [];
  log = { info: () => {}, warn: (line) => warnings.push(line) };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('clock', () => {
  const clockAt = (start: number, mode?: 'held' | 'running') =>
    new VirtualClock({ file: join(folder, 'clock'), start, mode, log });

  test('a held clock stops at each due time, in order, until what was due is done', async () => {
    const clock = clockAt(1000);
    const seen: [string, number][] = [];
    clock.at(1300, () => void seen.push(['last', clock.now()]));
    clock.at(1100, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(['first', clock.now()]);
      clock.at(1200, () => void seen.push(['added meanwhile', clock.now()]));
    });
    clock.at(1150, () => void seen.push(['taken back', clock.now()]))();
    clock.at(9999, () => void seen.push(['not due', clock.now()]));
    await clock.advanceTo(1500);
    expect(seen).toEqual([
      ['first', 1100],
      ['added meanwhile', 1200],
      ['last', 1300],
    ]);
    expect(clock.now()).toBe(1500);
    await clock.advanceTo(1400);
    expect(clock.now()).toBe(1500);
    clock.close();
  });

  test('what fails is logged and does not stop time; what is due already is called without an advance', async () => {
    const clock = clockAt(1000);
    clock.at(1001, () => {
      throw new Error('broken');
    });
    await clock.advanceTo(1002);
    expect(warnings.join()).toContain('broken');
    await new Promise<void>((resolve) => clock.at(500, resolve));
    expect(clock.now()).toBe(1002);
    clock.close();
  });

  test('never goes back over a restart, however the last process ended', async () => {
    const first = clockAt(1000);
    await first.advanceTo(123_456);
    // No close: as after kill -9.
    const second = clockAt(2000, 'running');
    expect(second.now()).toBeGreaterThanOrEqual(123_456);
    const due = second.now() + 20;
    await new Promise<void>((resolve) => second.at(due, resolve));
    const last = second.now();
    expect(last).toBeGreaterThanOrEqual(due);
    const third = clockAt(2000);
    expect(third.now()).toBeGreaterThanOrEqual(last);
    for (const clock of [first, second, third]) clock.close();
  });
});

describe('ports', () => {
  test('are the same after a restart, differ by name, and make way for another program with a word', async () => {
    const file = join(folder, 'ports.json');
    const first = new RememberedPorts(file, log);
    const hub = await first.get('iot hub');
    const blob = await first.get('blobs');
    expect(hub).not.toBe(blob);
    expect(await first.get('iot hub')).toBe(hub);

    const other = createTcpServer().listen(hub, '127.0.0.1');
    await once(other, 'listening');
    const second = new RememberedPorts(file, log);
    expect(await second.get('blobs')).toBe(blob);
    expect(await second.get('iot hub')).not.toBe(hub);
    expect(warnings.join()).toContain(`Port ${hub} of iot hub is taken`);
    other.close();
  });
});

describe('certificates', () => {
  async function handshake(key: string, cert: string, ca: string, host: string): Promise<boolean> {
    const server = createServer({ key, cert }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const socket: TLSSocket = connect({ host: '127.0.0.1', servername: host, port, ca });
    try {
      await once(socket, 'secureConnect');
      return socket.authorized;
    } finally {
      socket.destroy();
      server.close();
    }
  }

  test('clients that trust the authority reach localhost, and the authority stays over restarts', async () => {
    const first = await openCertificates(folder);
    expect(await handshake(first.server.key, first.server.cert, first.authority, 'localhost')).toBe(true);
    const second = await openCertificates(folder);
    expect(second).toEqual(first);
    expect(readFileSync(first.authorityFile, 'utf8')).toBe(first.authority);
    expect(statSync(join(folder, 'server-key.pem')).mode & 0o077).toBe(0);
    await expect(handshake(first.server.key, first.server.cert, first.authority, 'example.org')).rejects.toThrow();
  });

  test('a server certificate that does not fit its authority is issued anew', async () => {
    const first = await openCertificates(folder);
    rmSync(join(folder, 'authority-key.pem'));
    const second = await openCertificates(folder);
    expect(second.authority).not.toBe(first.authority);
    expect(await handshake(second.server.key, second.server.cert, second.authority, 'localhost')).toBe(true);
  });
});

describe('state folder', () => {
  test('forgets what is its own and nothing else', () => {
    const state = StateFolder.open(join(folder, 'state'));
    writeJsonAtomic(join(state.folder('hub'), 'data.json'), { kept: true });
    expect(readJson(join(state.folder('hub'), 'data.json'))).toEqual({ kept: true });
    const foreign = join(state.path, 'thesis.txt');
    writeFileSync(foreign, 'mine');
    state.forget();
    expect(existsSync(join(state.path, 'hub'))).toBe(false);
    expect(readFileSync(foreign, 'utf8')).toBe('mine');
    expect(() => state.folder('../elsewhere')).toThrow('letters, digits');
    state.release();
    StateFolder.open(state.path).release();
  });

  test('refuses a folder with foreign content', () => {
    mkdirSync(join(folder, 'photos'));
    expect(() => StateFolder.open(folder)).toThrow(/photos.*--state/);
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  test('is held by one process; a dead one loses it', async () => {
    const path = join(folder, 'state');
    const code = `require(${JSON.stringify(join(__dirname, '..', 'local', 'core', 'state.ts'))}).StateFolder.open(${JSON.stringify(path)}); console.log('open'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--import', 'tsx', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    expect(() => StateFolder.open(path)).toThrow(new RegExp(`process ${holder.pid}.*--state`));
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const state = StateFolder.open(path);
    state.release();
    expect(existsSync(join(path, 'lock'))).toBe(false);
  });
});
