import { errors, SqlError } from '../sqlError';

export interface LockOptions {
  readonly mode: 'exclusive' | 'shared';
  /** Milliseconds; undefined: without end. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Who holds locks: a session, or its transaction. */
export interface LockOwner {
  /** Whose waiting keeps it from going on: the same for a session and its transaction. */
  readonly session: object;
}

interface Held {
  readonly owner: LockOwner;
  readonly mode: LockOptions['mode'];
  /** How often the owner took it. */
  count: number;
}

interface Waiting {
  readonly owner: LockOwner;
  readonly mode: LockOptions['mode'];
  grant(): void;
}

/** Nobody is waited for in vain: who would close a circle of waiting is refused (1205). */
export class Locks {
  private readonly held = new Map<string, Held[]>();
  private readonly waiting = new Map<string, Waiting[]>();

  /**
   * @returns whether it had to wait
   * @throws SqlError 1205 as the victim of a deadlock, 1222 after the timeout, 3617 when the request is canceled
   */
  async acquire(owner: LockOwner, resource: string, options: LockOptions): Promise<boolean> {
    if (this.tryTake(owner, resource, options.mode)) return false;
    if (options.timeoutMs === 0) throw timedOut();
    if (this.waitsFor(resource, owner.session, new Set())) {
      throw new SqlError(
        1205,
        'Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.',
        13,
        51,
      );
    }
    await this.wait(owner, resource, options);
    return true;
  }

  release(owner: LockOwner, resource: string): boolean {
    const holders = this.held.get(resource) ?? [];
    const own = holders.find((held) => held.owner === owner);
    if (!own) return false;
    own.count--;
    if (own.count === 0) this.remove(resource, own);
    return true;
  }

  releaseAll(owner: LockOwner): void {
    for (const [resource, holders] of [...this.held]) {
      const own = holders.find((held) => held.owner === owner);
      if (own) this.remove(resource, own);
    }
  }

  private tryTake(owner: LockOwner, resource: string, mode: LockOptions['mode'], isQueued = false): boolean {
    const holders = this.held.get(resource) ?? [];
    const own = holders.find((held) => held.owner === owner);
    const others = holders.filter((held) => held !== own);
    const fits = mode === 'exclusive' ? others.length === 0 : others.every((held) => held.mode === 'shared');
    const isBehind = !own && !isQueued && (this.waiting.get(resource)?.length ?? 0) > 0;
    if (!fits || isBehind) return false;
    if (own) {
      own.count++;
      if (mode === 'exclusive' && own.mode === 'shared') Object.assign(own, { mode });
    } else this.held.set(resource, [...holders, { owner, mode, count: 1 }]);
    return true;
  }

  private wait(owner: LockOwner, resource: string, { mode, timeoutMs, signal }: LockOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', canceled);
        const queue = (this.waiting.get(resource) ?? []).filter((other) => other !== waiting);
        if (queue.length > 0) this.waiting.set(resource, queue);
        else this.waiting.delete(resource);
      };
      const waiting: Waiting = {
        owner,
        mode,
        grant: () => {
          end();
          resolve();
        },
      };
      const fail = (error: SqlError) => {
        end();
        reject(error);
        this.grantNext(resource);
      };
      const canceled = () => fail(errors.canceled());
      if (timeoutMs !== undefined) timer = setTimeout(() => fail(timedOut()), timeoutMs);
      signal?.addEventListener('abort', canceled, { once: true });
      this.waiting.set(resource, [...(this.waiting.get(resource) ?? []), waiting]);
      if (signal?.aborted) canceled();
    });
  }

  private remove(resource: string, own: Held): void {
    const rest = (this.held.get(resource) ?? []).filter((held) => held !== own);
    if (rest.length > 0) this.held.set(resource, rest);
    else this.held.delete(resource);
    this.grantNext(resource);
  }

  private grantNext(resource: string): void {
    for (const next of [...(this.waiting.get(resource) ?? [])]) {
      if (!this.tryTake(next.owner, resource, next.mode, true)) return;
      next.grant();
    }
  }

  /** Whether those who hold the resource wait, over any number of steps, for the session. */
  private waitsFor(resource: string, session: object, seen: Set<object>): boolean {
    return this.holders(resource).some((holder) => {
      if (holder === session || seen.has(holder)) return false;
      seen.add(holder);
      return [...this.waiting].some(
        ([wanted, queue]) =>
          queue.some((waiting) => waiting.owner.session === holder) &&
          (this.holders(wanted).includes(session) || this.waitsFor(wanted, session, seen)),
      );
    });
  }

  private holders(resource: string): object[] {
    return (this.held.get(resource) ?? []).map(({ owner }) => owner.session);
  }
}

function timedOut(): SqlError {
  return new SqlError(1222, 'Lock request time out period exceeded.', 16, 51);
}
