import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../contracts';
import { changesBetween } from './changes';
import type { Snapshot } from './snapshot';

const intervalMs = 250;
const keepAliveEvery = 40;
/** A browser that reads no more (a tab asleep) is let go; it comes back by itself and gets a whole snapshot. */
const unreadLimitBytes = 8 * 1024 * 1024;

/** Server-sent events: a whole snapshot at once, then what changes, at most four times a second. */
export class SnapshotFeed {
  private readonly viewers = new Set<ServerResponse>();
  private timer: NodeJS.Timeout | undefined;
  private last: Snapshot | undefined;
  private quietTicks = 0;
  private failed = false;

  constructor(
    private readonly source: () => Snapshot,
    private readonly log: Log,
  ) {}

  serve(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.write('retry: 1000\n\n');
    if (this.viewers.size === 0) this.last = this.read();
    if (this.last) response.write(eventText('snapshot', this.last));
    this.viewers.add(response);
    request.on('close', () => this.leave(response));
    this.timer ??= setInterval(() => this.tick(), intervalMs);
  }

  close(): void {
    for (const viewer of [...this.viewers]) {
      viewer.end();
      this.leave(viewer);
    }
  }

  private leave(viewer: ServerResponse): void {
    this.viewers.delete(viewer);
    if (this.viewers.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private tick(): void {
    const next = this.read();
    if (!next) return;
    const changes = this.last && changesBetween(this.last, next);
    if (!this.last) this.send(eventText('snapshot', next));
    else if (changes) this.send(eventText('changes', changes));
    else if (++this.quietTicks % keepAliveEvery === 0) this.send(': nothing new\n\n');
    this.last = next;
  }

  private send(text: string): void {
    for (const viewer of this.viewers) {
      if (viewer.writableLength > unreadLimitBytes) viewer.destroy();
      else viewer.write(text);
    }
  }

  /** A fault in what is shown must not end the local cloud that it is shown of. */
  private read(): Snapshot | undefined {
    try {
      const snapshot = this.source();
      this.failed = false;
      return snapshot;
    } catch (error) {
      if (!this.failed) this.log.warn(`The live page cannot be brought up to date: ${(error as Error).message}`);
      this.failed = true;
      return undefined;
    }
  }
}

function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
