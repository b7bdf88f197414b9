import { setImmediate as turn } from 'node:timers/promises';
import type { Transport } from '../../runtime/fhir/transport';
import type { FhirInProcess } from './fhirInProcess';

/** A process that dies at one of its requests: before the service gets it, or before the answer comes back. */
export class MortalTransport {
  /** Resolves once it is dead; whatever the process wanted after that never happens. */
  readonly death: Promise<'dead'>;
  private die: () => void = () => {};
  private left: number;

  constructor(
    private readonly fhir: FhirInProcess,
    requests: number,
    private readonly isServed: boolean,
  ) {
    this.left = requests;
    this.death = new Promise((resolve) => {
      this.die = () => resolve('dead');
    });
  }

  readonly transport: Transport = async (body) => {
    if (this.left < 0) return new Promise(() => {});
    if (this.left-- > 0) return this.fhir.transport(body);
    if (this.isServed) await this.fhir.transport(body);
    this.die();
    return new Promise(() => {});
  };
}

interface Waiting {
  readonly who: number;
  readonly go: () => Promise<void>;
}

/** Several processes beside each other, of which a given order says whose request is served next. */
export class Pace {
  private readonly waiting: Waiting[] = [];

  constructor(private readonly fhir: FhirInProcess) {}

  transport(who: number): Transport {
    return (body) =>
      new Promise((resolve, reject) => {
        const go = () => this.fhir.transport(body).then(resolve, reject);
        this.waiting.push({ who, go });
      });
  }

  /** @param order whose request is served next, where that process has one; at its end whose number is least */
  async run(processes: readonly Promise<void>[], order: readonly number[]): Promise<void> {
    let isOver = false;
    const all = Promise.all(processes).finally(() => {
      isOver = true;
    });
    for (let step = 0; !isOver; ) {
      for (let pass = 0; pass < 3; pass++) await turn();
      this.waiting.sort((one, other) => one.who - other.who);
      const wanted = this.waiting.findIndex(({ who }) => who === order[step]);
      const [next] = this.waiting.splice(Math.max(0, wanted), 1);
      if (next === undefined) continue;
      step++;
      await next.go();
    }
    await all;
  }
}
