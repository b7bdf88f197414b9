import * as pulumi from '@pulumi/pulumi';
import { RolePropagation } from '../dataPlane/resources';
import type { Children } from './component';

/** What a gate needs of the component that it stands in. */
export interface PropagationContext {
  readonly children: Children;
  readonly settings: { readonly rolePropagationSeconds: number };
  readonly dataPlane: pulumi.CustomResourceOptions;
}

/** A gate that opens when the role assignments have reached the services; nothing to wait for without any. */
export function propagated(
  { children, settings, dataPlane }: PropagationContext,
  child: string,
  assignments: readonly pulumi.CustomResource[],
): pulumi.Resource[] {
  if (assignments.length === 0) return [];
  const ids = pulumi.all(assignments.map(({ id }) => id)).apply((all) => all.toSorted());
  return [
    new RolePropagation(
      ...children.of(child, { roleAssignmentIds: ids, seconds: settings.rolePropagationSeconds }, dataPlane),
    ),
  ];
}
