import type { ScoredWindow } from '../contracts/scored';
import type { StoredObservation, StoredResource } from '../enrich/fhirShapes';
import type { BatchAnswer, BatchRequest } from '../fhir/batch';
import type { FhirClient } from '../fhir/fhirClient';
import { isSuccess } from '../fhir/fhirFault';
import type { Resource } from '../medtech/fhir/resources';
import type { StepLog } from '../stream/stepLog';
import { basisOf, basisSearch, basisTimes } from './basis';
import { assessmentId, type ScoreCodes, scoreId, windowName } from './codes';
import { revisionOf, riskAssessmentOf } from './riskAssessment';
import { scoreObservationOf } from './scoreObservation';

/** What is stored of one resource: revision 0 when there is none. */
interface StoredRevision {
  readonly revision: number;
  /** As `W/"3"`; undefined when there is none. */
  readonly version?: string;
}

const nothing: StoredRevision = { revision: 0 };

/** What is stored of a window. */
export interface StoredResult {
  readonly assessment: StoredRevision;
  readonly score: StoredRevision;
}

/** A window to be written, and what is stored of it as far as it was read. */
export interface DueResult {
  readonly window: ScoredWindow;
  readonly stored: StoredResult | undefined;
}

interface Put {
  readonly window: ScoredWindow;
  readonly resource: Resource;
  readonly stored: StoredRevision;
}

/** Reads and writes RiskAssessments and scores, in which the revision is kept that they are from. */
export class ResultWriter {
  constructor(
    private readonly client: FhirClient,
    private readonly codes: ScoreCodes,
  ) {}

  /** What is stored of these windows, in their order; undefined where the service refuses to say. */
  async read(windows: readonly ScoredWindow[], log: StepLog): Promise<readonly (StoredResult | undefined)[]> {
    const urls = windows.flatMap((window) => [
      `RiskAssessment/${assessmentId(window)}`,
      `Observation/${scoreId(window)}`,
    ]);
    const answers = await this.get(urls, log);
    return windows.map((_, index) => {
      const [assessment, score] = [answers[2 * index], answers[2 * index + 1]];
      return assessment === undefined || score === undefined ? undefined : { assessment, score };
    });
  }

  /** The readings of many windows, by `windowName`: one batch of searches; what a search is refused for has none. */
  async findBasis(
    windows: readonly ScoredWindow[],
    log: StepLog,
  ): Promise<ReadonlyMap<string, readonly StoredObservation[]>> {
    const wanted = windows.flatMap((window) => basisTimes(window).map((time) => ({ window, time })));
    const searches = wanted.map(({ window, time }) => basisSearch(window.patient, time));
    const found = await this.client.search(searches, log);
    const byWindow = new Map<string, readonly StoredObservation[]>();
    for (const [index, { window }] of wanted.entries()) {
      const name = windowName(window);
      byWindow.set(name, [
        ...(byWindow.get(name) ?? []),
        ...((found[index]?.resources ?? []) as readonly StoredResource[] as readonly StoredObservation[]),
      ]);
    }
    return byWindow;
  }

  /**
   * Writes what is newer than what is stored; where somebody else was faster, that is read and compared.
   *
   * @param due each window once
   * @returns the windows of which something was written, and those that the service refuses
   */
  async write(
    due: readonly DueResult[],
    basis: ReadonlyMap<string, readonly StoredObservation[]>,
    log: StepLog,
  ): Promise<{ readonly written: ReadonlySet<ScoredWindow>; readonly refused: ReadonlySet<ScoredWindow> }> {
    const written = new Set<ScoredWindow>();
    const refused = new Set<ScoredWindow>();
    let open = due.flatMap((one) => this.putsOf(one, basis));
    while (open.length > 0) {
      const answers = await this.client.batch(open.map(requestOf), log);
      const left: Put[] = [];
      for (const [index, put] of open.entries()) {
        const { status } = answers[index] as BatchAnswer;
        if (isConflict(status, put.stored.version)) left.push(put);
        else (isSuccess(status) ? written : refused).add(put.window);
      }
      open = await this.newer(left, refused, log);
    }
    return { written, refused };
  }

  private putsOf(
    { window, stored }: DueResult,
    basis: ReadonlyMap<string, readonly StoredObservation[]>,
  ): readonly Put[] {
    const readings = basisOf(window, basis.get(windowName(window)) ?? []);
    const { assessment = nothing, score = nothing } = stored ?? {};
    return [
      { window, resource: riskAssessmentOf(window, readings), stored: assessment },
      { window, resource: scoreObservationOf(window, readings, this.codes), stored: score },
    ].filter((put) => put.stored.revision < window.revision);
  }

  /** Of what somebody else wrote meanwhile, that which is newer than theirs. */
  private async newer(puts: readonly Put[], refused: Set<ScoredWindow>, log: StepLog): Promise<Put[]> {
    const urls = puts.map(({ resource }) => `${resource.resourceType}/${resource.id}`);
    const answers = await this.get(urls, log);
    return puts.flatMap((put, index) => {
      const stored = answers[index];
      if (stored === undefined) refused.add(put.window);
      return stored !== undefined && stored.revision < put.window.revision ? [{ ...put, stored }] : [];
    });
  }

  private async get(urls: readonly string[], log: StepLog): Promise<readonly (StoredRevision | undefined)[]> {
    const answers = await this.client.batch(
      urls.map((url) => ({ method: 'GET', url })),
      log,
    );
    return answers.map(({ status, resource }) => {
      if ([404, 410].includes(status)) return nothing;
      const { versionId } = (resource as StoredResource | undefined)?.meta ?? {};
      if (!isSuccess(status) || versionId === undefined) return undefined;
      return { revision: revisionOf(resource), version: `W/"${versionId}"` };
    });
  }
}

/** Whether a PUT failed because somebody else was there: wrote it, or took away what was read. */
export function isConflict(status: number, version: string | undefined): boolean {
  return [409, 412].includes(status) || (version !== undefined && [404, 410].includes(status));
}

function requestOf({ resource, stored: { version } }: Put): BatchRequest {
  const request = { method: 'PUT', url: `${resource.resourceType}/${resource.id}`, resource } as const;
  return version === undefined ? { ...request, ifNoneMatch: '*' } : { ...request, ifMatch: version };
}
