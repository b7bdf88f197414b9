/** How an endpoint does, for people: IoT Hub's `get endpoint health`. */
export interface EndpointHealth {
  readonly endpointName: string;
  readonly status: 'healthy' | 'unhealthy';
  /** Why the last try failed; none when healthy. */
  readonly lastKnownError?: string;
  /** Messages that wait in the ingress log, those for other endpoints included. */
  readonly behind: number;
  /** Messages that the endpoint took since the start. */
  readonly sent: number;
}

const firstDelayMs = 100;
const longestDelayMs = 5_000;

/** Delays between tries at an endpoint that fails: doubling from 100 ms to 5 s, and for ever. */
export class BackOff {
  private failures = 0;
  lastError: string | undefined;

  failed(error: unknown): number {
    this.lastError = error instanceof Error ? error.message : String(error);
    this.failures++;
    return Math.min(firstDelayMs * 2 ** (this.failures - 1), longestDelayMs);
  }

  succeeded(): void {
    this.failures = 0;
    this.lastError = undefined;
  }
}
