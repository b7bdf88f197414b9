import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isOk, type WithId } from '@medplum/core';
import type { FhirRequest, FhirRouter, HttpMethod } from '@medplum/fhir-router';
import type { Bundle, OperationOutcome, Resource } from '@medplum/fhirtypes';
import type { EventHubSender, Principal, ServiceContext } from '../contracts';
import { Delivery } from '../eventGrid/delivery';
import { loadDefinitions } from './definitions';
import { FhirOutbox } from './events';
import { FhirFaults } from './faults';
import { refused, statusOf } from './outcomes';
import { type Change, type DataAction, Repository, type VersionPolicy } from './repository';
import { resourceOf } from './resources';
import { fhirRouter } from './router';
import { Counter, type FhirStatistics, type Interaction } from './statistics';
import { FhirStore } from './store';

const dataAction = 'Microsoft.HealthcareApis/workspaces/fhirservices/resources';

export interface FhirServiceOptions {
  /** ARM id: the scope at which roles are asked for. */
  readonly id: string;
  readonly workspaceId: string;
  /** `https://localhost:<port>`. */
  readonly base: string;
  readonly folder: string;
  readonly context: ServiceContext;
  readonly eventHubs: EventHubSender;
}

/** A request whose caller is known. */
export interface FhirCall {
  readonly caller: Principal;
  readonly method: string;
  /** Path and query below the service. */
  readonly url: string;
  readonly headers: FhirRequest['headers'];
  readonly body?: unknown;
}

export interface FhirAnswer {
  readonly status: number;
  readonly body: Resource;
}

/** One FHIR service: its resources, who may use them, and what their changes set off. */
export class FhirService {
  readonly faults = new FhirFaults();
  /** Set at creation and at each update of the service. */
  policy: VersionPolicy = () => 'versioned';
  private readonly store: FhirStore;
  private readonly router: FhirRouter;
  private readonly outbox: FhirOutbox;
  private readonly delivery: Delivery;
  private readonly counter: Counter;
  private line: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: FhirServiceOptions) {
    loadDefinitions();
    const { context, base, folder, workspaceId, eventHubs } = options;
    this.store = new FhirStore(join(folder, 'fhir.sqlite'));
    this.router = fhirRouter(base, this.faults);
    this.counter = new Counter(context.events);
    this.outbox = new FhirOutbox(this.store, context.resources, { workspaceId, host: new URL(base).host });
    const { resources, authority, log } = context;
    this.delivery = new Delivery({ sourceId: workspaceId, outbox: this.outbox, resources, authority, eventHubs, log });
  }

  statistics(): FhirStatistics {
    return this.counter.statistics();
  }

  /** Serves one request after the other: a transaction of one must not be seen, nor joined, by another. */
  call(call: FhirCall): Promise<FhirAnswer> {
    const answer = this.line.then(() => this.serve(call));
    this.line = answer.catch(() => {});
    return answer;
  }

  private async serve(call: FhirCall): Promise<FhirAnswer> {
    const allows = this.rolesOf(call.caller);
    const changes: Change[] = [];
    const repository = new Repository({
      ...{ store: this.store, base: this.options.base, policy: this.policy, allows },
      now: () => this.options.context.clock.now(),
      changed: (change) => {
        changes.push(change);
        this.outbox.record(change, this.options.context.clock.now());
      },
    });
    const asked = interactionsOf(call);
    const reader = allows('write') ? 'medTech' : 'mlInput';
    this.counter.arrived(asked, isBundle(call), reader);
    const { result, body } = await this.store.transaction(() => this.route(call, repository));
    if (isOk(result)) {
      this.counter.answered(succeeded(asked, body), changes, reader);
      if (changes.length > 0) this.delivery.wake();
    }
    return { status: call.method === 'DELETE' && isOk(result) ? 204 : statusOf(result), body: body ?? result };
  }

  private async route(call: FhirCall, repository: Repository): Promise<{ result: OperationOutcome; body?: Resource }> {
    const { method, url, headers, body } = call;
    const request = { method: method as HttpMethod, url, pathname: '', params: {}, query: {}, headers, body };
    const [result, resource] = await this.router.handleRequest(request, repository);
    return { result, body: resource };
  }

  /** @throws OperationOutcomeError 403 when the caller has no role here at all */
  private rolesOf(caller: Principal): (action: DataAction) => boolean {
    const { authority } = this.options.context;
    const held = (['read', 'write', 'delete'] as const).filter((action) =>
      authority.allows(caller, `${dataAction}/${action}`, this.options.id),
    );
    if (held.length === 0) {
      throw refused('forbidden', 'forbidden', `'${caller.name}' has no role with data actions on ${this.options.id}.`);
    }
    return (action) => held.includes(action);
  }

  /** All current resources of a type in the order of their creation, for who proves a run. What comes meanwhile is in. */
  *resources(type: string): Generator<WithId<Resource>> {
    const next = 'SELECT * FROM resource WHERE type = ? AND deleted = 0 AND key > ? ORDER BY key LIMIT 500';
    for (let after = 0; ; ) {
      const page = this.store.versions(next, type, after);
      for (const stored of page) yield resourceOf(stored);
      const last = page.at(-1);
      if (!last) return;
      after = last.key;
    }
  }

  /** The types of which there are resources. */
  resourceTypes(): string[] {
    return this.store
      .rows('SELECT DISTINCT type FROM resource WHERE deleted = 0 ORDER BY type')
      .map(({ type }) => String(type));
  }

  async close(): Promise<void> {
    await this.delivery.close();
    await this.line;
    this.store.close();
  }

  async delete(): Promise<void> {
    await this.close();
    rmSync(this.options.folder, { recursive: true, force: true });
  }
}

function isBundle({ method, url }: FhirCall): boolean {
  return method === 'POST' && url.replace(/\?.*$/, '') === '/';
}

function interactionsOf(call: FhirCall): Interaction[] {
  if (!isBundle(call)) return [{ method: call.method, url: call.url }];
  const { entry } = (call.body ?? {}) as Partial<Bundle>;
  if (!Array.isArray(entry)) return [];
  return entry.map((one) => ({ method: String(one?.request?.method), url: String(one?.request?.url) }));
}

/** Of a bundle those entries whose own status says so. */
function succeeded(asked: readonly Interaction[], body: Resource | undefined): readonly Interaction[] {
  if (body?.resourceType !== 'Bundle' || !body.type?.endsWith('-response')) return asked;
  return asked.filter((_, i) => Number(body.entry?.[i]?.response?.status) < 400);
}
