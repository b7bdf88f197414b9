import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FhirRequest } from '@medplum/fhir-router';
import type { Resource } from '@medplum/fhirtypes';
import { loadDefinitions } from '../../local/fhir/definitions';
import { FhirFaults } from '../../local/fhir/faults';
import { statusOf } from '../../local/fhir/outcomes';
import { Repository } from '../../local/fhir/repository';
import { fhirRouter } from '../../local/fhir/router';
import { FhirStore } from '../../local/fhir/store';
import { type BatchRequest, type Bundle, batchBundle } from '../../runtime/fhir/batch';
import type { Answer, Transport } from '../../runtime/fhir/transport';

const base = 'https://fhir.test';

/**
 * The local cloud's FHIR service without its HTTP side, for tests that look at every request and step between them.
 */
export class FhirInProcess {
  readonly faults = new FhirFaults();
  /** Bundles that arrived, also those that were refused. */
  readonly batches: (readonly BatchRequest[])[] = [];
  /** When it writes, milliseconds since 1970. */
  now = 0;
  /** Called before a batch is served: where another writer can come in between. */
  beforeBatch: (requests: readonly BatchRequest[]) => Promise<void> = async () => {};
  private readonly folder = mkdtempSync(join(tmpdir(), 'fhir-'));
  private readonly store = new FhirStore(join(this.folder, 'fhir.sqlite'));
  private readonly router = fhirRouter(base, this.faults);
  private served: Promise<unknown> = Promise.resolve();

  constructor() {
    loadDefinitions();
  }

  /** How the code under test reaches it. */
  readonly transport: Transport = async (body) => {
    const bundle = JSON.parse(body) as Bundle;
    const requests = (bundle.entry ?? []).map(({ request, resource }) => ({ ...(request as BatchRequest), resource }));
    this.batches.push(requests);
    await this.beforeBatch(requests);
    const fault = this.faults.nextRequest();
    if (fault === undefined) return this.serve(bundle);
    const headers = new Headers({ 'retry-after': String(fault.retryAfterSeconds ?? 1) });
    return { status: fault.status, headers };
  };

  /** Writes resources under their ids, past the code under test. */
  async put(...resources: readonly Resource[]): Promise<void> {
    const requests = resources.map((resource) => ({
      method: 'PUT' as const,
      url: `${resource.resourceType}/${resource.id}`,
      resource: resource as BatchRequest['resource'],
    }));
    const { bundle } = await this.serve(batchBundle(requests));
    const refused = bundle?.entry?.find(({ response }) => Number(response?.status) >= 300);
    if (bundle === undefined || refused !== undefined) throw new Error(`Not written: ${JSON.stringify(refused)}`);
  }

  /** All current resources of a type, by id. */
  all<T extends object>(type: string): readonly T[] {
    const rows = this.store.versions('SELECT * FROM resource WHERE type = ? AND deleted = 0 ORDER BY id', type);
    return rows.map(({ id, version, content }) => ({ ...JSON.parse(content), id, version }) as T);
  }

  close(): void {
    this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** One request at a time, as the service does it. */
  private serve(bundle: Bundle): Promise<Answer> {
    const answer = this.served.then(() => this.answer(bundle));
    this.served = answer.catch(() => {});
    return answer;
  }

  private async answer(body: Bundle): Promise<Answer> {
    const request: FhirRequest = { method: 'POST', url: '/', pathname: '', params: {}, query: {}, headers: {}, body };
    const repository = new Repository({
      store: this.store,
      base,
      now: () => this.now,
      policy: () => 'versioned',
      allows: () => true,
      changed: () => {},
    });
    const [outcome, result] = await this.store.transaction(() => this.router.handleRequest(request, repository));
    const headers = new Headers();
    const status = statusOf(outcome);
    return status < 300 ? { status, headers, bundle: result as unknown as Bundle } : { status, headers };
  }
}
