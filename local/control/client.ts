import { setTimeout as wait } from 'node:timers/promises';
import { readControlAddress, secretHeader } from './address';

interface Answer {
  readonly ok: boolean;
  readonly body: { readonly error?: string };
}

const firstPauseMs = 100;
const longestPauseMs = 2000;

/**
 * Talks to the control API of a local cloud from another process. While the local cloud is away (killed, being started
 * again) a request waits for it and reads its address anew; all requests may be made twice without harm.
 */
export class ControlClient {
  /** @param addressFile what `startControlServer` wrote; it need not exist yet */
  constructor(
    private readonly addressFile: string,
    private readonly signal?: AbortSignal,
  ) {}

  /** Virtual time, milliseconds since 1970. */
  async now(): Promise<number> {
    return ((await this.request('GET', '/clock')) as unknown as { now: number }).now;
  }

  /** Resolves when virtual time is at `time` or past it, and what was due is done. */
  async advanceTo(time: number): Promise<void> {
    await this.request('POST', '/clock', { advanceTo: time });
  }

  async acceptedCounts(): Promise<ReadonlyMap<string, number>> {
    const { counts } = (await this.request('GET', '/accepted')) as unknown as { counts: Record<string, number> };
    return new Map(Object.entries(counts));
  }

  stats(): Promise<unknown> {
    return this.request('GET', '/stats');
  }

  health(): Promise<unknown> {
    return this.request('GET', '/health');
  }

  /** Breaks something on purpose, or mends it. */
  async setFault(name: string, broken: boolean): Promise<void> {
    await this.request('POST', '/faults', { name, broken });
  }

  async reportReplay(progress: unknown): Promise<void> {
    await this.request('POST', '/replay', progress);
  }

  /** @throws Error with the sentence of the control API when it refuses, or when the signal aborts. */
  private async request(method: string, path: string, body?: unknown): Promise<unknown> {
    for (let pause = firstPauseMs; ; pause = Math.min(2 * pause, longestPauseMs)) {
      this.signal?.throwIfAborted();
      const answer = await this.attempt(method, path, body);
      if (answer?.ok) return answer.body;
      if (answer) throw new Error(answer.body.error ?? `The control API refused ${method} ${path}.`);
      await wait(pause, undefined, { signal: this.signal });
    }
  }

  /** Undefined when nobody listens there now. */
  private async attempt(method: string, path: string, body: unknown): Promise<Answer | undefined> {
    const address = readControlAddress(this.addressFile);
    if (!address) return undefined;
    const headers = { [secretHeader]: address.secret, 'content-type': 'application/json' };
    try {
      const request = {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: this.signal,
      };
      const response = await fetch(`${address.url}${path}`, request);
      return { ok: response.ok, body: (await response.json()) as Answer['body'] };
    } catch (error) {
      this.signal?.throwIfAborted();
      // fetch says TypeError for all that goes wrong with a connection, SyntaxError comes of an answer cut short.
      if (['TypeError', 'SyntaxError'].includes((error as Error).name)) return undefined;
      throw error;
    }
  }
}
