import type { FhirClient } from '../fhir/fhirClient';
import type { StepLog } from '../stream/stepLog';
import type { ScoreCodes } from './codes';
import { FlagStore } from './flagStore';
import { HotPathBatch, type HotPathOutcome } from './hotPathBatch';
import type { Arrival } from './hotPathRound';
import { PartitionMemories, type PartitionRange } from './patientFlags';
import { ResultWriter } from './resultWriter';

export interface HotPathSettings {
  /** Length of the windows that flags go by; longer ones get a RiskAssessment and a score. */
  readonly windowMs: number;
  readonly codes: ScoreCodes;
}

/**
 * Steps 13a and 13b: writes scored windows as RiskAssessment, score and Flag. A patient's windows are followed in their order; Flags
 * are written first, each over the version that was read, then RiskAssessment and score, whose stored revision says that a
 * window is done. So whoever comes after a death, or beside another process, finds a window done or follows it again to the same
 * end. One for a process.
 */
export class HotPathWriter {
  private readonly results: ResultWriter;
  private readonly flags: FlagStore;
  private readonly memories = new PartitionMemories();

  constructor(
    client: FhirClient,
    private readonly settings: HotPathSettings,
  ) {
    this.results = new ResultWriter(client, settings.codes);
    this.flags = new FlagStore(client);
  }

  /** @param range where the results come from; null: not from a partition */
  async write<Source>(
    arrivals: readonly Arrival<Source>[],
    range: PartitionRange | null,
    log: StepLog,
  ): Promise<HotPathOutcome<Source>> {
    const memory = range === null ? { isNew: false, patients: new Map() } : this.memories.take(range);
    const batch = new HotPathBatch<Source>(this.results, this.flags, this.settings.windowMs, memory, log);
    const outcome = await batch.run(arrivals);
    if (range !== null) this.memories.give(range, memory, outcome.written > 0 && outcome.ignored === 0);
    return outcome;
  }
}
