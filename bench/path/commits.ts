import type { Observation } from '@medplum/fhirtypes';
import type { LocalCloud } from '../../local/cloud';
import type { PathEvent } from '../../local/contracts';
import { machineTime } from '../childProcess';
import { readingKey } from './readingKey';

/** An Observation that the FHIR service has. */
export interface Commit {
  readonly reading: string;
  /** Milliseconds since 1970 at which it lay in the store for good. */
  readonly at: number;
}

/**
 * When the FHIR service had each Observation for good. It says after each transaction how many it has written (step 5c),
 * and keeps them in the order of their creation.
 */
export class Commits {
  /** For each transaction how many Observations there were after it, and when. */
  private readonly transactions: { readonly observations: number; readonly at: number }[] = [];
  private observations = 0;

  constructor(private readonly cloud: LocalCloud) {
    const { steps } = cloud;
    const emit = steps.emit.bind(steps);
    steps.emit = (event) => {
      this.note(event);
      emit(event);
    };
  }

  /** @throws Error when an Observation was written twice */
  times(): Commit[] {
    const { fhirServices } = this.cloud;
    const all = fhirServices.ids().flatMap((id) => [...fhirServices.resources(id, 'Observation')]) as Observation[];
    // Those of a device, and not scores, which are no part of step 5c.
    const stored = all.filter(({ device }) => device !== undefined);
    if (stored.length !== this.observations) {
      throw new Error(`${this.observations} Observations were written, and there are ${stored.length}.`);
    }
    let transaction = 0;
    return stored.map((observation, index) => {
      while ((this.transactions[transaction]?.observations ?? Number.POSITIVE_INFINITY) <= index) transaction++;
      return { reading: readingOf(observation), at: this.transactions[transaction]?.at ?? Number.NaN };
    });
  }

  private note({ step, count }: PathEvent): void {
    if (step !== '5c') return;
    this.observations += count;
    this.transactions.push({ observations: this.observations, at: machineTime() });
  }
}

function readingOf({ device, effectiveDateTime }: Observation): string {
  return readingKey(device?.reference?.replace('Device/device-', '') ?? '', effectiveDateTime ?? '');
}
