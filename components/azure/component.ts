import { getClientConfigOutput } from '@pulumi/azure-native/authorization/getClientConfig';
import * as pulumi from '@pulumi/pulumi';

import { merge, type Overrides } from './merge';
import { type NamedKind, type NameSeed, physicalName } from './naming';

/** What the children of a component share. */
export interface Surroundings {
  readonly resourceGroupName: pulumi.Input<string>;
  /** Region; the resource group's when left out (azure-native fills it in). */
  readonly location?: pulumi.Input<string>;
  readonly tags: Record<string, pulumi.Input<string>>;
  readonly subscriptionId: pulumi.Output<string>;
  readonly tenantId: pulumi.Output<string>;
}

/**
 * Names and places the children of one component: the logical name starts with the component's, the component is the
 * parent (so providers are inherited), and overrides of that child are merged into its arguments.
 */
export class Children {
  /** Every resource that was made through `of`, in order. */
  readonly made: pulumi.Resource[] = [];

  constructor(
    private readonly component: pulumi.ComponentResource,
    private readonly name: string,
    private readonly overrides: Overrides = {},
  ) {}

  /** What a resource's constructor takes: `new storage.StorageAccount(...children.of('raw-storage', {...}))`. */
  of<Args extends object>(
    child: string,
    args: Args,
    opts: pulumi.CustomResourceOptions = {},
  ): [string, Args, pulumi.CustomResourceOptions] {
    const remember: pulumi.ResourceTransformation = ({ resource }) => {
      this.made.push(resource);
      return undefined;
    };
    const options = { ...this.options(opts), transformations: [...(opts.transformations ?? []), remember] };
    return [`${this.name}-${child}`, merge(args, this.overrides[child]), options];
  }

  /** Options of a child or of a read. */
  options(opts: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
    return { ...opts, parent: this.component };
  }

  /** Tenant and subscription into which the component deploys; never who deploys. */
  clientConfig(): { tenantId: pulumi.Output<string>; subscriptionId: pulumi.Output<string> } {
    const config = getClientConfigOutput({ parent: this.component });
    return { tenantId: config.tenantId, subscriptionId: config.subscriptionId };
  }
}

/** Computes names of one component; a name given by the user wins. */
export class Names {
  constructor(
    private readonly seed: Omit<NameSeed, 'subscriptionId'>,
    private readonly subscriptionId: pulumi.Output<string>,
  ) {}

  of(kind: NamedKind, given: pulumi.Input<string> | undefined, purpose = ''): pulumi.Output<string> {
    if (given !== undefined) return pulumi.output(given);
    return this.subscriptionId.apply((subscriptionId) => physicalName(kind, { ...this.seed, subscriptionId }, purpose));
  }
}

/**
 * The last segment of a resource's id: its name, once the resource exists. Unlike the `name` output it stays known while
 * a change of the resource is previewed, so that its children show no change of their own.
 */
export function nameFromId(id: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.output(id).apply((text) => text.slice(text.lastIndexOf('/') + 1));
}

/** The resource group and name inside an ARM id of `type`, as in `Microsoft.EventHub/namespaces`. */
export function parseArmId(id: string, type: string): { resourceGroupName: string; name: string } {
  const pattern = new RegExp(`^/subscriptions/[^/]+/resourceGroups/([^/]+)/providers/${type}/([^/]+)$`, 'i');
  const [, resourceGroupName, name] = pattern.exec(id) ?? [];
  if (!resourceGroupName || !name) {
    throw new Error(
      `The id "${id}" is not the ARM id of a resource of type ${type}; expected is /subscriptions/<subscription>/resourceGroups/<group>/providers/${type}/<name>.`,
    );
  }
  return { resourceGroupName, name };
}
