import { AzureError, type Log, type Properties, type Service } from '../contracts';
import { idKey, nameOf } from './armIds';
import { judge, lockOn } from './check/judge';
import { type Declared, declared, idOf } from './declared';
import { kinds } from './kinds';
import { asArmResource, computedAtCreation, merge, outputsOf, withIdentity } from './outputs';
import type { Session } from './sessions';
import type { Store, StoredResource } from './store';
import { textAt } from './values';

/** Creates, updates and deletes resources as Azure Resource Manager does: checks, lets the service act, remembers. */
export class Operations {
  private readonly services = new Map<string, Service>();
  private readonly busy = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly log: Log,
  ) {}

  register(services: readonly Service[]): void {
    for (const service of services) for (const kind of service.kinds) this.services.set(kind, service);
  }

  /** Throws what Azure would answer to a PUT for a new resource, before anything is made. */
  refuseCreate(resource: Declared, session: Session, id: string): void {
    const existing = this.store.get(id);
    if (existing && !resource.kind.comesWithParent && !session.replaces(id)) {
      throw new AzureError(
        409,
        'Conflict',
        `'${id}' exists already. To manage it from here, import it: pulumi import azure-native:${resource.token} ${nameOf(id)} '${id}'`,
      );
    }
    if (resource.kind.closed && !session.isBeforeClosing) throw new AzureError(403, 'Forbidden', resource.kind.closed);
    this.refuseLocked(id, false);
    refuseFailures(resource, judge(resource, this.store, session, existing?.id));
  }

  async create(resource: Declared, declaredInputs: Properties, session: Session): Promise<StoredResource> {
    const id = knownId(resource, session);
    return this.alone(id, async () => {
      this.refuseCreate(resource, session, id);
      const createdAt = new Date().toISOString();
      const computed = computedAtCreation(resource, id, session.tenantId, createdAt);
      return this.put(
        resource,
        declaredInputs,
        { id, createdAt, subscriptionId: session.subscriptionId, computed },
        session,
      );
    });
  }

  async update(id: string, resource: Declared, declaredInputs: Properties, session: Session): Promise<StoredResource> {
    return this.alone(id, async () => {
      const previous = this.store.get(id);
      if (!previous) throw notFound(id);
      this.refuseLocked(id, false);
      refuseFailures(resource, judge(resource, this.store, session, id));
      return this.put(resource, declaredInputs, previous, session, previous);
    });
  }

  private async put(
    resource: Declared,
    declaredInputs: Properties,
    base: Pick<StoredResource, 'id' | 'createdAt' | 'subscriptionId' | 'computed'>,
    session: Session,
    previous?: StoredResource,
  ): Promise<StoredResource> {
    const { id, createdAt, subscriptionId } = base;
    const computed = withIdentity(base.computed, resource.inputs, this.store, session.tenantId);
    const wanted: StoredResource = {
      ...{ id, kind: resource.kind.kind, inputs: resource.inputs, outputs: outputsOf(resource, computed) },
      ...{ subscriptionId, createdAt, computed, declaredToken: resource.token, declaredInputs },
    };
    const made = await this.provision(wanted, resource, previous);
    this.store.put(made);
    return made;
  }

  private async provision(
    wanted: StoredResource,
    resource: Declared,
    previous?: StoredResource,
  ): Promise<StoredResource> {
    const service = this.services.get(wanted.kind);
    if (!service) return wanted;
    const answered = await service.provision(asArmResource(wanted), previous && asArmResource(previous));
    const computed = merge(wanted.computed, answered);
    return { ...wanted, computed, outputs: outputsOf(resource, computed) };
  }

  /**
   * Lets every resource come alive again after a restart, in the order of their creation.
   * @throws Error naming all that did not; the others are alive by then.
   */
  async restore(): Promise<void> {
    const failed: string[] = [];
    for (const stored of this.store.all()) {
      try {
        const resource = declared(stored.declaredToken, stored.declaredInputs);
        this.store.put(await this.provision(stored, resource, stored));
      } catch (error) {
        failed.push(`${stored.id}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (failed.length > 0) throw new Error(`Not restored from the last run: ${failed.join('; ')}`);
  }

  /**
   * Deletes a resource and all below it, the youngest first. What is gone already counts as deleted. Settings that come
   * with their parent (`blobServices/default`, which has the containers below it) go back to their defaults alone.
   */
  async delete(id: string): Promise<void> {
    await this.alone(id, async () => {
      this.refuseLocked(id, true);
      const self = this.store.get(id);
      const below = self && kinds.get(self.kind)?.comesWithParent ? [] : this.store.below(id);
      const doomed = [...(self ? [self] : []), ...below];
      for (const resource of doomed) refuseLockedPolicy(resource);
      for (const resource of doomed.reverse()) {
        await this.services.get(resource.kind)?.deprovision(asArmResource(resource));
        this.store.remove(resource.id);
      }
    });
  }

  /** Azure answers 409 `ScopeLocked`. */
  private refuseLocked(id: string, deletes: boolean): void {
    const lock = lockOn(this.store, id, deletes);
    if (!lock) return;
    const what = deletes ? 'deleted' : 'changed';
    throw new AzureError(
      409,
      'ScopeLocked',
      `'${id}' cannot be ${what}: the lock '${lock}' forbids it; remove the lock first.`,
    );
  }

  private async alone<T>(id: string, run: () => Promise<T>): Promise<T> {
    const key = idKey(id);
    if (this.busy.has(key)) {
      throw new AzureError(
        409,
        'AnotherOperationInProgress',
        `Another operation on '${id}' is in progress; try again when it has ended.`,
      );
    }
    this.busy.add(key);
    try {
      return await run();
    } catch (error) {
      this.log.warn(`${id}: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    } finally {
      this.busy.delete(key);
    }
  }
}

export function notFound(id: string): AzureError {
  return new AzureError(404, 'ResourceNotFound', `'${id}' does not exist.`);
}

function knownId(resource: Declared, session: Session): string {
  const id = idOf(resource, session.subscriptionId);
  if (!id) throw new AzureError(400, 'InvalidResourceName', `A name in ${resource.kind.id} is not known.`);
  return id;
}

function refuseFailures(resource: Declared, failures: readonly { property: string; reason: string }[]): void {
  if (failures.length === 0) return;
  const all = failures.map(({ property, reason }) => `${property}: ${reason}`).join(' ');
  throw new AzureError(400, 'InvalidRequest', `azure-native:${resource.token}: ${all}`);
}

/** Learn: a locked version-level immutability policy keeps its account from being deleted while it holds blobs. */
function refuseLockedPolicy({ id, inputs }: StoredResource): void {
  if (textAt(inputs, 'immutableStorageWithVersioning.immutabilityPolicy.state') !== 'Locked') return;
  throw new AzureError(
    409,
    'AccountProtectedFromDeletion',
    `'${id}' cannot be deleted: its immutability policy is Locked, which is for good.`,
  );
}
