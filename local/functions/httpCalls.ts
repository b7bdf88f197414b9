import type { FunctionProcess } from './functionProcess';
import type { HttpAnswer, HttpCall } from './messages';

/** What the host answers for a function that throws, or whose process ends meanwhile: nothing of why. */
const failed: HttpAnswer = { status: 500, headers: [], body: new Uint8Array() };

/** The calls of one function that wait for their answers. */
export class HttpCalls {
  private process: FunctionProcess | undefined;
  private readonly waiting = new Map<number, (answer: HttpAnswer) => void>();
  private calls = 0;

  /** Its process listens. */
  run(process: FunctionProcess): void {
    this.process = process;
  }

  /** Its process is down. */
  pause(): void {
    this.process = undefined;
    for (const resolve of this.waiting.values()) resolve(failed);
    this.waiting.clear();
  }

  /** Undefined where no process listens. */
  async call(call: HttpCall): Promise<HttpAnswer | undefined> {
    const { process } = this;
    if (process === undefined) return undefined;
    this.calls += 1;
    const id = this.calls;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      process.tell({ kind: 'call', id, call });
    });
  }

  answered(id: number, answer: HttpAnswer | undefined): void {
    this.waiting.get(id)?.(answer ?? failed);
    this.waiting.delete(id);
  }
}
