import type { PathEvents } from '../contracts';
import type { Change } from './repository';

/** What a FHIR service did since it was started, for the live page. */
export interface FhirStatistics {
  readonly requests: number;
  /** Entries of the bundles among them. */
  readonly entries: number;
  /** Versions written, by resource type. */
  readonly written: Readonly<Record<string, number>>;
}

/** One interaction with the service: a request of its own, or an entry of a bundle. */
export interface Interaction {
  readonly method: string;
  /** Relative to the service, as `Patient/a` or `Device?identifier=x`. */
  readonly url: string;
}

/**
 * Who asks, told by the right to write: the MedTech engine records what it asked for (steps 5a and 5b), ML Input only reads
 * (step 7).
 */
export type FhirReaderKind = 'medTech' | 'mlInput';

const identityTypes: readonly string[] = ['Device', 'DeviceUseStatement', 'Encounter', 'Patient'];

/** Counts requests, and shows steps 5a to 5c, 7, 13a and 13b on the path. */
export class Counter {
  private requests = 0;
  private entries = 0;
  private readonly written = new Map<string, number>();

  constructor(private readonly events: PathEvents) {}

  statistics(): FhirStatistics {
    return { requests: this.requests, entries: this.entries, written: Object.fromEntries(this.written) };
  }

  arrived(interactions: readonly Interaction[], isBundle: boolean, reader: FhirReaderKind): void {
    this.requests++;
    if (isBundle) this.entries += interactions.length;
    if (reader === 'medTech') this.emit('5a', interactions.filter(asksForIdentity).length);
  }

  /** @param answered those of the interactions that succeeded */
  answered(answered: readonly Interaction[], changes: readonly Change[], reader: FhirReaderKind): void {
    this.emit(reader === 'medTech' ? '5b' : '7', answered.filter(asksForIdentity).length);
    for (const { type } of changes) this.written.set(type, (this.written.get(type) ?? 0) + 1);
    const written = (resourceType: string) =>
      changes.filter(({ type, kind }) => type === resourceType && kind !== 'Deleted').length;
    // Scores come together with their RiskAssessments: Observations among these are no readings.
    const assessments = written('RiskAssessment');
    if (assessments === 0) this.emit('5c', written('Observation'));
    this.emit('13a', assessments);
    this.emit('13b', written('Flag'));
  }

  private emit(step: string, count: number): void {
    if (count > 0) this.events.emit({ step, count });
  }
}

/** Step 5a: who is this device on, and who is that. */
function asksForIdentity({ method, url }: Interaction): boolean {
  const [type = '', rest] = url.replace(/^\//, '').split(/[/?]/);
  return identityTypes.includes(type) && (method === 'GET' || (method === 'POST' && rest === '_search'));
}
