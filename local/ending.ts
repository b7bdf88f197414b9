import type { Log } from './contracts';

/** Ends everything once, in the reverse order of the start, on Ctrl-C or when the work is done. */
export class Ending {
  /** Resolves when somebody asks for the end by SIGINT or SIGTERM. */
  readonly asked: Promise<'ended'>;
  private readonly closers: (() => Promise<unknown>)[] = [];

  constructor(private readonly log: Log) {
    let ask: (answer: 'ended') => void = () => {};
    this.asked = new Promise((resolve) => {
      ask = resolve;
    });
    const onSignal = () => {
      log.info('Ending');
      ask('ended');
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  }

  /** What has been started names here how it is closed. */
  closes(close: () => Promise<unknown>): void {
    this.closers.push(close);
  }

  async closeAll(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) {
      await close().catch((error: unknown) => this.log.warn(`While ending: ${error}`));
    }
  }
}
