import type { ReplayProgress } from './replay';

/** Where progress is shown: `process.stderr`, or a text collector. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const terminalMs = 200;
const lineMs = 10_000;

/** Shows how far a replay is: one line that renews itself on a terminal, else a line every 10 s and a last one. */
export class ProgressLine {
  private readonly begunAt: number;
  private first: ReplayProgress | undefined;
  private shownAt = Number.NEGATIVE_INFINITY;
  private latest: ReplayProgress | undefined;

  constructor(
    private readonly stream: ProgressStream,
    private readonly now: () => number = () => Date.now(),
  ) {
    this.begunAt = now();
  }

  show(progress: ReplayProgress): void {
    this.first ??= progress;
    this.latest = progress;
    if (this.now() - this.shownAt >= (this.stream.isTTY ? terminalMs : lineMs)) this.write(progress);
  }

  /** Shows the last state and leaves the line. */
  end(): void {
    if (this.latest) this.write(this.latest);
    if (this.stream.isTTY) this.stream.write('\n');
  }

  private write(progress: ReplayProgress): void {
    this.shownAt = this.now();
    const text = describe(progress, this.first ?? progress, (this.now() - this.begunAt) / 1000);
    // A line wider than the terminal would wrap, and leave its first part behind at every renewal.
    this.stream.write(this.stream.isTTY ? `\r\x1b[K${text.slice(0, (this.stream.columns ?? 120) - 1)}` : `${text}\n`);
  }
}

/** One line: virtual time, messages, rate a second since this process began, time to go at the pace so far. */
function describe(progress: ReplayProgress, first: ReplayProgress, seconds: number): string {
  const rate = seconds > 0 ? (progress.acknowledged - first.acknowledged) / seconds : 0;
  const virtualRate = seconds > 0 ? (progress.time - first.time) / seconds : 0;
  const done = progress.acknowledged === progress.total;
  const toGo = virtualRate > 0 ? duration((progress.end - progress.time) / virtualRate) : '?';
  const time = new Date(progress.time).toISOString().slice(0, 19);
  const percent = progress.total === 0 ? 100 : Math.floor((100 * progress.acknowledged) / progress.total);
  const counts = `${progress.acknowledged}/${progress.total} messages (${percent} %), ${rate.toFixed(0)}/s`;
  return `replay ${time}Z  ${counts}, ${done ? `done in ${duration(seconds)}` : `${toGo} to go`}`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
