import { AzureError } from '../contracts';

/** What a device answered to a direct method. */
export interface MethodAnswer {
  /** The device's own status, as 200. */
  readonly status: number;
  readonly payload: unknown;
}

interface Waiting {
  readonly answer: (answer: MethodAnswer) => void;
  readonly timer: NodeJS.Timeout;
}

/** The calls of direct methods that wait for their devices. They are in memory only: a call does not outlive the hub. */
export class DirectMethods {
  private readonly waiting = new Map<string, Waiting>();
  private lastRequest = 0;

  /**
   * @param timeoutSeconds of the machine's clock, since a caller waits for it; Azure allows 5 to 300
   * @param call tells the device; what it throws is thrown
   * @throws AzureError 504 GatewayTimeout when the device does not answer in time
   */
  invoke(timeoutSeconds: number, call: (requestId: string) => void): Promise<MethodAnswer> {
    const requestId = (++this.lastRequest).toString(16);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(requestId);
        reject(new AzureError(504, 'GatewayTimeout', `The device did not answer within ${timeoutSeconds} s.`));
      }, timeoutSeconds * 1000).unref();
      this.waiting.set(requestId, { answer: resolve, timer });
      try {
        call(requestId);
      } catch (error) {
        clearTimeout(timer);
        this.waiting.delete(requestId);
        reject(error);
      }
    });
  }

  answered(requestId: string, status: number, payload: Buffer): void {
    const waiting = this.waiting.get(requestId);
    if (waiting === undefined) return;
    this.waiting.delete(requestId);
    clearTimeout(waiting.timer);
    waiting.answer({ status, payload: parse(payload) });
  }
}

function parse(payload: Buffer): unknown {
  try {
    return payload.length === 0 ? null : JSON.parse(payload.toString('utf8'));
  } catch {
    return payload.toString('utf8');
  }
}
