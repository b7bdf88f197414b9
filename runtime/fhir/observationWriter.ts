import { setTimeout as pause } from 'node:timers/promises';
import type { FhirMapping } from '../medtech/mapping/fhirMapping';
import type { StepLog } from '../stream/stepLog';
import type { FhirClient } from './fhirClient';
import { draftObservations, type Unwritable, type WornMeasurement } from './observationDraft';
import { WriteRound } from './writeRound';

/** What writing a batch came to. */
export interface WriteOutcome<M> {
  readonly unwritable: readonly Unwritable<M>[];
  /** Observations that were put. */
  readonly written: number;
  /** Observations that the batch did not change. */
  readonly unchanged: number;
}

/** After so many rounds, writers of one Observation leave it alone for a random time, so that one of them gets through. */
const roundsWithoutPause = 3;
const longestPauseMs = 2_000;

/**
 * Writes measurements as Observations: one request of a batch for each Observation. Those that depend on what is stored
 * are read in one batch, merged, and put over the version that was read; where somebody else was faster, they are read
 * again. Measurements that spoil an Observation are found by dividing: the healthy ones are written without them.
 */
export class ObservationWriter {
  constructor(
    private readonly client: FhirClient,
    private readonly mapping: FhirMapping,
  ) {}

  async write<M extends WornMeasurement>(measurements: readonly M[], log: StepLog): Promise<WriteOutcome<M>> {
    const { drafts, unwritable } = draftObservations(measurements, this.mapping);
    const outcome = { unwritable: [...unwritable], written: 0, unchanged: 0 };
    let open = drafts;
    for (let rounds = 0; open.length > 0; rounds++) {
      if (rounds > roundsWithoutPause) await pause(Math.random() * Math.min(longestPauseMs, 50 * rounds));
      const round = new WriteRound<M>(this.client, this.mapping.compatibility, log);
      await round.run(open);
      outcome.unwritable.push(...round.unwritable);
      outcome.written += round.written;
      outcome.unchanged += round.unchanged;
      open = round.left;
    }
    return outcome;
  }
}
