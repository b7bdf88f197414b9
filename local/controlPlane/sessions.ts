import type { Principal } from '../contracts';
import { idKey, isAtOrBelow } from './armIds';

/** Where the resources of a provider instance go, from its configuration. */
export interface Target {
  readonly subscriptionId: string;
  readonly tenantId: string;
  /** Region of resources that name none, from `azure-native:location`. */
  readonly location?: string;
}

/** One provider instance in one run of the engine: it has a connection of its own. */
export class Session implements Target {
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly location: string | undefined;
  private readonly planned = new Set<string>();
  private readonly replaced = new Set<string>();

  constructor(
    target: Target,
    /** Who runs the engine. */
    readonly caller: Principal,
    /** Kinds that Azure has closed may still be created. */
    readonly isBeforeClosing = false,
  ) {
    this.subscriptionId = target.subscriptionId;
    this.tenantId = target.tenantId;
    this.location = target.location;
  }

  /** Notes what a preview would create, so that what it names afterwards counts as existing. */
  plan(id: string): void {
    this.planned.add(idKey(id));
  }

  plans(id: string): boolean {
    return this.planned.has(idKey(id));
  }

  /** Notes that the engine is about to replace a resource: the same id and name may be created again. */
  replace(id: string): void {
    this.replaced.add(idKey(id));
  }

  /** True for what is being replaced, and for all below it. */
  replaces(id: string): boolean {
    return [...this.replaced].some((ancestor) => isAtOrBelow(id, ancestor));
  }
}
