import type { Compatibility } from '../medtech/compatibility';
import { MedTechError } from '../medtech/errors';
import { connectorSystem, type Observation, type Resource } from '../medtech/fhir/resources';
import type { StepLog } from '../stream/stepLog';
import { type BatchAnswer, type BatchRequest, type Bundle, halves } from './batch';
import type { FhirClient } from './fhirClient';
import { isSuccess } from './fhirFault';
import { tokenOf } from './identitySearch';
import { hasIdentifier, refusal } from './knownResources';
import {
  asMedTechError,
  needsStored,
  type ObservationDraft,
  observationOf,
  type Unwritable,
  type WornMeasurement,
} from './observationDraft';

type Stored = Observation & { readonly meta?: { readonly versionId?: string; readonly lastUpdated?: string } };

/** A draft with what is stored of its Observation: undefined when there is none. */
interface Read<M extends WornMeasurement> {
  readonly draft: ObservationDraft<M>;
  readonly stored: Stored | undefined;
}

interface Put<M extends WornMeasurement> {
  readonly draft: ObservationDraft<M>;
  readonly request: BatchRequest;
}

/** Reads, merges and writes each Observation once; what is left over is for another round. */
export class WriteRound<M extends WornMeasurement> {
  readonly unwritable: Unwritable<M>[] = [];
  /** Of another round: somebody else wrote the Observation meanwhile, or its measurements are taken part by part. */
  readonly left: ObservationDraft<M>[] = [];
  written = 0;
  unchanged = 0;

  constructor(
    private readonly client: FhirClient,
    private readonly compatibility: Compatibility,
    private readonly log: StepLog,
  ) {}

  async run(drafts: readonly ObservationDraft<M>[]): Promise<void> {
    const puts: Put<M>[] = [];
    for (const read of await this.read(this.oneOfEach(drafts))) {
      const request = this.prepare(read);
      if (request !== undefined) puts.push({ draft: read.draft, request });
    }
    const answers = await this.client.batch(
      puts.map(({ request }) => request),
      this.log,
    );
    for (const [index, { draft, request }] of puts.entries()) {
      const { status } = answers[index] as BatchAnswer;
      // A version that was read and is not there any more: somebody deleted the Observation.
      const changed = [409, 412].includes(status) || (request.ifMatch !== undefined && [404, 410].includes(status));
      if (isSuccess(status)) this.written++;
      else if (changed) this.left.push(draft);
      else this.divide(draft, refusal());
    }
  }

  /** A batch may hold a resource once. */
  private oneOfEach(drafts: readonly ObservationDraft<M>[]): readonly ObservationDraft<M>[] {
    const first = new Map<string, ObservationDraft<M>>();
    for (const draft of drafts) {
      if (first.has(draft.id)) this.left.push(draft);
      else first.set(draft.id, draft);
    }
    return [...first.values()];
  }

  private async read(drafts: readonly ObservationDraft<M>[]): Promise<readonly Read<M>[]> {
    const wanted = drafts.filter((draft) => needsStored(draft, this.compatibility));
    const answers = await this.client.batch(
      wanted.map((draft) => ({ method: 'GET', url: this.whereIs(draft) })),
      this.log,
    );
    const byId = new Map(wanted.map(({ id }, index) => [id, answers[index] as BatchAnswer]));
    return drafts.flatMap((draft) => {
      try {
        return [{ draft, stored: storedIn(byId.get(draft.id), draft) }];
      } catch (error) {
        this.giveUp(draft.measurements, error);
        return [];
      }
    });
  }

  /**
   * Observations that a MedTech service made long ago have ids that the server gave, so `medtech` finds them by their
   * identifier, as the original does.
   */
  private whereIs({ id, identifier }: ObservationDraft): string {
    if (this.compatibility === 'r4') return `Observation/${id}`;
    return `Observation?identifier=${encodeURIComponent(tokenOf(identifier, connectorSystem))}`;
  }

  private prepare(read: Read<M>): BatchRequest | undefined {
    try {
      return this.requestOf(read);
    } catch {
      return this.prepareFitting(read);
    }
  }

  /** Without the measurements that fit neither by themselves nor in company. */
  private prepareFitting({ draft, stored }: Read<M>): BatchRequest | undefined {
    const measurements = this.fitting({ draft, stored });
    if (measurements.length === 0) return undefined;
    const healthy = { ...draft, measurements };
    try {
      return this.requestOf({ draft: healthy, stored });
    } catch (error) {
      // Each of them fits, but not all together, as two values of an hourly Quantity: one after the other.
      this.divide(healthy, error);
      return undefined;
    }
  }

  private fitting({ draft, stored }: Read<M>): readonly M[] {
    try {
      observationOf(draft, stored, this.compatibility);
      return draft.measurements;
    } catch (error) {
      if (draft.measurements.length > 1) {
        return halves(draft.measurements).flatMap((measurements) =>
          this.fitting({ draft: { ...draft, measurements }, stored }),
        );
      }
      this.giveUp(draft.measurements, error);
      return [];
    }
  }

  private requestOf({ draft, stored }: Read<M>): BatchRequest | undefined {
    const observation = observationOf(draft, stored, this.compatibility);
    if (observation !== undefined) return putOf(observation, stored, draft, this.compatibility);
    this.unchanged++;
    return undefined;
  }

  private divide(draft: ObservationDraft<M>, error: unknown): void {
    if (draft.measurements.length === 1) this.giveUp(draft.measurements, error);
    else this.left.push(...halves(draft.measurements).map((measurements) => ({ ...draft, measurements })));
  }

  private giveUp(measurements: readonly M[], error: unknown): void {
    this.unwritable.push(...measurements.map((measurement) => ({ measurement, error: asMedTechError(error) })));
  }
}

/** @throws MedTechError when the service refuses to say, or has several. */
function storedIn(answer: BatchAnswer | undefined, { identifier }: ObservationDraft): Stored | undefined {
  if (answer === undefined || [404, 410].includes(answer.status)) return undefined;
  const { status, resource } = answer;
  if (!isSuccess(status) || resource === undefined) throw refusal();
  if (resource.resourceType !== 'Bundle') return resource as Stored;
  const found = ((resource as Bundle).entry ?? [])
    .flatMap((entry): readonly Resource[] => (entry.resource === undefined ? [] : [entry.resource]))
    .filter((one) => hasIdentifier(one, { system: connectorSystem, value: identifier }));
  if (found.length <= 1) return found[0] as Stored | undefined;
  throw new MedTechError(
    'MultipleObservationFoundException',
    `${found.length} Observations have the identifier that the measurement's has.`,
  );
}

function putOf(
  observation: Stored,
  stored: Stored | undefined,
  draft: ObservationDraft,
  compatibility: Compatibility,
): BatchRequest {
  const { meta: { versionId: _version, lastUpdated: _updated, ...meta } = {}, ...content } = observation;
  const resource = Object.keys(meta).length > 0 ? { ...content, meta } : content;
  const request = { method: 'PUT', url: `Observation/${observation.id}`, resource } as const;
  if (!needsStored(draft, compatibility)) return request;
  const version = stored?.meta?.versionId;
  if (version !== undefined) return { ...request, ifMatch: `W/"${version}"` };
  return stored === undefined ? { ...request, ifNoneMatch: '*' } : request;
}
