/** A fault of whole requests. */
export interface RequestFault {
  /** 429 is throttling, 503 an outage. */
  readonly status: 429 | 503;
  /** How many requests get it; until it is taken back when left out. */
  readonly requests?: number;
  /** What Retry-After asks for, in seconds; default 1. */
  readonly retryAfterSeconds?: number;
}

/** A fault of single entries of batches, by a pattern that is the same in each run. */
export interface EntryFault {
  /** Each nth entry that arrives is answered with 429: 1 means all, 10 a tenth. */
  readonly every: number;
  /** How many entries get it; until it is taken back when left out. */
  readonly entries?: number;
}

/** Plain JSON, so that a control channel can carry it. A part that is left out is no fault. */
export interface FaultSettings {
  readonly requests?: RequestFault;
  readonly entries?: EntryFault;
}

/** Faults on demand, as a FHIR service has them under load or in an outage: for tests and demonstrations. */
export class FhirFaults {
  private settings: FaultSettings = {};
  private requestsLeft = 0;
  private entriesLeft = 0;
  private entriesSeen = 0;

  /** Takes the place of all faults before. `{}` takes them back. */
  set(settings: FaultSettings): void {
    const every = settings.entries?.every;
    if (every !== undefined && !(Number.isInteger(every) && every >= 1)) {
      throw new RangeError(`every is ${every}; allowed are whole numbers from 1.`);
    }
    this.settings = settings;
    this.requestsLeft = settings.requests?.requests ?? Number.POSITIVE_INFINITY;
    this.entriesLeft = settings.entries?.entries ?? Number.POSITIVE_INFINITY;
    this.entriesSeen = 0;
  }

  /** The fault of the request that has just arrived. */
  nextRequest(): RequestFault | undefined {
    if (!this.settings.requests || this.requestsLeft <= 0) return undefined;
    this.requestsLeft--;
    return this.settings.requests;
  }

  /** Whether the next entry of a batch is throttled. */
  nextEntry(): boolean {
    const { entries } = this.settings;
    if (!entries || this.entriesLeft <= 0) return false;
    this.entriesSeen++;
    if (this.entriesSeen % entries.every !== 0) return false;
    this.entriesLeft--;
    return true;
  }
}
