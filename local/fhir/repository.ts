import { randomUUID } from 'node:crypto';
import type { SearchRequest, WithId } from '@medplum/core';
import {
  type CreateResourceOptions,
  FhirRepository,
  MemoryRepository,
  type UpdateResourceOptions,
} from '@medplum/fhir-router';
import type { Bundle, BundleEntry, Reference, Resource } from '@medplum/fhirtypes';
import { historyEntry, searchEntry } from './bundleEntries';
import { checkCodes } from './codes';
import { isResourceType } from './definitions';
import { gone, invalid, notFound, preconditionFailed, refused } from './outcomes';
import { contentOf, resourceOf, sameContent } from './resources';
import { indexEntries } from './search/entries';
import { includesOf } from './search/includes';
import { type Found, find, unknownFilters } from './search/query';
import type { FhirStore, StoredVersion } from './store';
import { validate } from './validation';

export type DataAction = 'read' | 'write' | 'delete';
export type ChangeKind = 'Created' | 'Updated' | 'Deleted';

/** What a request did to one resource. */
export interface Change {
  readonly kind: ChangeKind;
  readonly type: string;
  readonly id: string;
  readonly version: number;
}

/** FHIR's `versioned`, `versioned-update` and `no-version`, by resource type. */
export type VersionPolicy = (resourceType: string) => string;

export interface RepositoryContext {
  readonly store: FhirStore;
  /** URL of the service, without a slash at the end. */
  readonly base: string;
  readonly now: () => number;
  readonly policy: VersionPolicy;
  /** Whether the caller's roles hold the data action. */
  readonly allows: (action: DataAction) => boolean;
  /** Within the transaction that changes the resource. */
  readonly changed: (change: Change) => void;
}

/** Conditions of a PUT. */
export interface PutConditions {
  readonly ifMatch?: string;
  /** `If-None-Match: *`: only when there is none. */
  readonly onlyNew?: boolean;
}

/** The resources of a FHIR service as one caller may use them. One is made for each request. */
export class Repository extends FhirRepository {
  constructor(private readonly context: RepositoryContext) {
    super();
  }

  setMode(): void {}

  generateId(): string {
    return randomUUID();
  }

  async createResource<T extends Resource>(resource: T, options?: CreateResourceOptions): Promise<WithId<T>> {
    const id = options?.assignedId && resource.id ? resource.id : this.generateId();
    return (await this.put({ ...resource, id })).resource;
  }

  async updateResource<T extends Resource>(resource: T, { ifMatch }: UpdateResourceOptions = {}): Promise<WithId<T>> {
    return (await this.put(resource, { ifMatch })).resource;
  }

  /** Writes the resource under its id. What says the same as is there changes nothing, version and time included. */
  async put<T extends Resource>(
    resource: T,
    conditions: PutConditions = {},
  ): Promise<{ resource: WithId<T>; created: boolean }> {
    this.require('write');
    checkIdentity(resource);
    const { resourceType: type, id = '' } = resource;
    const before = this.context.store.current(type, id);
    const exists = before !== undefined && !before.deleted;
    this.checkConditions(`${type}/${id}`, exists ? before : undefined, conditions);
    const content = contentOf(resource);
    if (exists && sameContent(before.content, content)) {
      return { resource: resourceOf(before) as WithId<T>, created: false };
    }
    validate(resource);
    checkCodes(resource);
    const next = await this.write({ type, id, content, deleted: false }, before, exists ? 'Updated' : 'Created');
    return { resource: resourceOf(next) as WithId<T>, created: !exists };
  }

  private checkConditions(what: string, current: StoredVersion | undefined, { ifMatch, onlyNew }: PutConditions): void {
    if (onlyNew && current) throw preconditionFailed(`${what} exists already (If-None-Match: *).`);
    if (ifMatch !== undefined && !current) throw notFound(what);
    if (ifMatch !== undefined && String(current?.version) !== ifMatch) {
      throw preconditionFailed(`${what} has version ${current?.version}, not ${ifMatch} (If-Match).`);
    }
    if (ifMatch === undefined && current && this.context.policy(current.type) === 'versioned-update') {
      throw invalid(`${what} is versioned-update: name the version that you change with If-Match.`);
    }
  }

  private async write(
    what: Pick<StoredVersion, 'type' | 'id' | 'content' | 'deleted'>,
    before: StoredVersion | undefined,
    kind: ChangeKind,
  ): Promise<StoredVersion> {
    const { store, now, policy, changed } = this.context;
    const next = { ...what, version: (before?.version ?? 0) + 1, updated: Math.floor(now()) };
    const entries = what.deleted ? [] : indexEntries(JSON.parse(what.content) as Resource);
    await store.transaction(async () => {
      store.write(next, entries, before, policy(what.type) !== 'no-version');
      changed({ kind, type: what.type, id: what.id, version: next.version });
    });
    return { ...next, key: 0 };
  }

  async readResource<T extends Resource>(resourceType: string, id: string): Promise<WithId<T>> {
    this.require('read');
    return readable<T>(this.context.store.current(resourceType, id), `${resourceType}/${id}`);
  }

  async readVersion<T extends Resource>(resourceType: string, id: string, vid: string): Promise<WithId<T>> {
    this.require('read');
    const version = this.context.store.version(resourceType, id, Number(vid));
    return readable<T>(version, `${resourceType}/${id}/_history/${vid}`);
  }

  async readHistory<T extends Resource>(resourceType: string, id: string): Promise<Bundle<WithId<T>>> {
    this.require('read');
    const versions = this.context.store.history(resourceType, id);
    if (versions.length === 0) throw notFound(`${resourceType}/${id}`);
    const entry = versions.map((version) => historyEntry(this.context.base, version) as BundleEntry<WithId<T>>);
    return { resourceType: 'Bundle', type: 'history', total: entry.length, entry };
  }

  async readReference<T extends Resource>({ reference }: Reference<T>): Promise<WithId<T>> {
    const [type = '', id = ''] = reference?.split('/') ?? [];
    return this.readResource(type, id);
  }

  async readReferences<T extends Resource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    return Promise.all(references.map((one) => this.readReference(one).catch((error: Error) => error)));
  }

  async deleteResource(resourceType: string, id: string): Promise<void> {
    this.require('delete');
    const before = this.context.store.current(resourceType, id);
    if (!before || before.deleted) return;
    await this.write({ type: resourceType, id, content: before.content, deleted: true }, before, 'Deleted');
  }

  async patchResource<T extends Resource>(
    resourceType: T['resourceType'],
    id: string,
    patch: Parameters<FhirRepository['patchResource']>[2],
  ): Promise<WithId<T>> {
    const aside = new MemoryRepository();
    await aside.createResource(await this.readResource<T>(resourceType, id));
    return this.updateResource<T>(await aside.patchResource<T>(resourceType, id, patch));
  }

  async search<T extends Resource>(request: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    return this.searchPage(request).bundle as Bundle<WithId<T>>;
  }

  /** One page of a search, with what it includes. */
  searchPage(request: SearchRequest): Pick<Found, 'next'> & { bundle: Bundle; truncated: boolean } {
    this.require('read');
    if (!isResourceType(request.resourceType)) throw notFound(`The resource type ${request.resourceType}`);
    const { store, base } = this.context;
    const { matches, total, next } = find(store, request, base);
    const { resources, truncated } = includesOf(store, request, matches);
    const entry = [
      ...matches.map((stored) => searchEntry(base, stored, 'match', request.fields)),
      ...resources.map((stored) => searchEntry(base, stored, 'include')),
    ];
    const bundle: Bundle = {
      resourceType: 'Bundle',
      type: 'searchset',
      ...(total === undefined ? {} : { total }),
      entry,
    };
    return { bundle, next, truncated };
  }

  /** The search of a conditional interaction, where a parameter that is left out would hit other resources. */
  override async searchResources<T extends Resource>(request: SearchRequest<T>): Promise<WithId<T>[]> {
    const [unknown] = unknownFilters(request);
    if (unknown) throw invalid(`${request.resourceType} has no search parameter '${unknown.code}'.`);
    if (!request.filters?.length) throw preconditionFailed('The condition names no search parameter.');
    return super.searchResources(request);
  }

  async searchByReference<T extends Resource>(): Promise<Record<string, WithId<T>[]>> {
    throw invalid('GraphQL is not part of this service.');
  }

  withTransaction<TResult>(callback: (client: unknown) => Promise<TResult>): Promise<TResult> {
    return this.context.store.transaction(() => callback(undefined));
  }

  private require(action: DataAction): void {
    if (!this.context.allows(action)) throw refused('forbidden', 'forbidden', `The caller has no role to ${action}.`);
  }
}

/** @throws OperationOutcomeError for what is no R4 resource with an id, whatever else it holds */
function checkIdentity(resource: Resource): void {
  if (!isResourceType(resource?.resourceType)) throw invalid(`'${resource?.resourceType}' is not a resource type.`);
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(resource.id ?? '')) {
    throw invalid(`The id '${resource.id}' is not 1 to 64 letters, digits, hyphens and periods.`);
  }
}

function readable<T extends Resource>(stored: StoredVersion | undefined, what: string): WithId<T> {
  if (!stored) throw notFound(what);
  if (stored.deleted) throw gone(what);
  return resourceOf(stored) as WithId<T>;
}
