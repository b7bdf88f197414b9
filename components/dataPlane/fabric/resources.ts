import * as pulumi from '@pulumi/pulumi';
import { type Inputs, shim, typeOf } from '../resources';
import type { FabricBindingProps } from './binding';
import type { FabricConnectionProps } from './connection';
import type { FabricItemProps } from './item';
import type { FabricRefreshProps } from './refresh';
import type { FabricRoleAssignmentProps } from './roleAssignment';
import type { FabricWorkspaceProps } from './workspace';

/** A workspace of Microsoft Fabric with its identity. */
export class FabricWorkspace extends pulumi.CustomResource {
  declare readonly displayName: pulumi.Output<string>;
  /** Object id of the workspace identity. */
  declare readonly identityObjectId: pulumi.Output<string>;
  /** Application id of the workspace identity. */
  declare readonly identityClientId: pulumi.Output<string>;

  constructor(name: string, props: Inputs<FabricWorkspaceProps>, opts: pulumi.CustomResourceOptions) {
    const told = { identityObjectId: undefined, identityClientId: undefined };
    super(typeOf('FabricWorkspace'), name, { ...props, ...told, __provider: shim('fabric/workspace') }, opts);
  }
}

/** A role in a workspace or on a connection of Microsoft Fabric. */
export class FabricRoleAssignment extends pulumi.CustomResource {
  constructor(name: string, props: Inputs<FabricRoleAssignmentProps>, opts: pulumi.CustomResourceOptions) {
    super(typeOf('FabricRoleAssignment'), name, { ...props, __provider: shim('fabric/roleAssignment') }, opts);
  }
}

/** A connection of Microsoft Fabric to a database. */
export class FabricConnection extends pulumi.CustomResource {
  constructor(name: string, props: Inputs<FabricConnectionProps>, opts: pulumi.CustomResourceOptions) {
    super(typeOf('FabricConnection'), name, { ...props, __provider: shim('fabric/connection') }, opts);
  }
}

/** Each text may become known at a time of its own. */
type FabricItemInputs = Inputs<Omit<FabricItemProps, 'parts'>> & {
  readonly parts: Readonly<Record<string, pulumi.Input<string>>>;
};

/** A semantic model or a report of Microsoft Fabric. */
export class FabricItem extends pulumi.CustomResource {
  constructor(name: string, props: FabricItemInputs, opts: pulumi.CustomResourceOptions) {
    super(typeOf('FabricItem'), name, { ...props, __provider: shim('fabric/item') }, opts);
  }
}

/** By which connection a semantic model reads its source. */
export class FabricBinding extends pulumi.CustomResource {
  constructor(name: string, props: Inputs<FabricBindingProps>, opts: pulumi.CustomResourceOptions) {
    super(typeOf('FabricBinding'), name, { ...props, __provider: shim('fabric/binding') }, opts);
  }
}

/** A refresh of a semantic model on demand. */
export class FabricRefresh extends pulumi.CustomResource {
  constructor(name: string, props: Inputs<FabricRefreshProps>, opts: pulumi.CustomResourceOptions) {
    super(typeOf('FabricRefresh'), name, { ...props, __provider: shim('fabric/refresh') }, opts);
  }
}
