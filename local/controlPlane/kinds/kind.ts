import type { ArmResource, Properties, Resources } from '../../contracts';

/** Something about one property that Azure would refuse. `property` is in Pulumi's path syntax. */
export interface Failure {
  readonly property: string;
  /** One sentence: what is wrong, what was given, what is allowed. */
  readonly reason: string;
}

/** What rules may look at beyond the inputs themselves. */
export interface Surroundings {
  readonly resources: Resources;
  /** True for what exists, what comes with it (`blobServices/default`), and what this preview is about to create. */
  exists(id: string): boolean;
  /** Physical id of the resource under check, where its names are known. */
  readonly id: string | undefined;
  readonly subscriptionId: string;
  readonly tenantId: string;
  /** What exists under `id` already, when this is an update. */
  readonly current: ArmResource | undefined;
}

/** Judges the known part of inputs; whatever is unknown (a preview) it leaves alone. */
export type Rule = (inputs: Properties, around: Surroundings) => readonly Failure[];

/** How a physical name must look, as Azure's page "Naming rules and restrictions for Azure resources" says. */
export interface NameRule {
  readonly min: number;
  readonly max: number;
  readonly pattern: RegExp;
  /** The allowed characters in words. */
  readonly allowed: string;
}

/** One kind of resource: all that the control plane must know beyond what the SDK's types say. */
export interface Kind {
  /** Pulumi type token without package. */
  readonly kind: string;
  readonly armType: string;
  /** ARM id with the names of the inputs that make it up; the last one is the resource's own name. */
  readonly id: string;
  readonly name?: NameRule;
  /** The name must be free in the whole cloud, not only in its parent. */
  readonly isGlobalName?: boolean;
  /** How a name is made when the program gives none: Pulumi's suffix (default), a GUID, or the one name it can have. */
  readonly autoName?: 'suffix' | 'guid' | { readonly fixed: string };
  /** It comes with its parent: creating it adopts it, deleting it puts back the defaults. */
  readonly comesWithParent?: boolean;
  /** Azure creates none any more, with this sentence; those that exist live on. */
  readonly closed?: string;
  /** Inputs, beyond location and those in `id`, that cannot change on an existing resource. */
  readonly immutable?: readonly string[];
  readonly rules?: readonly Rule[];
  /** What Azure fills in when the program leaves it out. */
  readonly defaults?: (inputs: Properties) => Properties;
  /** What Azure answers beyond inputs and defaults, where no service of the local cloud says so. Called once, at creation. */
  readonly computed?: (resource: Pick<ArmResource, 'id' | 'inputs'>, tenantId: string) => Properties;
}

/** An id template below a resource group. */
export function inGroup(rest: string): string {
  return `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/${rest}`;
}
