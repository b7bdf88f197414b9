import type { DiffResult } from '@pulumi/pulumi/dynamic';

/** Inputs of the gate that stands before what Azure validates with roles. */
export interface RolePropagationProps {
  /** ARM ids of the role assignments that must have reached the services, sorted. */
  readonly roleAssignmentIds: readonly string[];
  /** How long to wait after a role assignment is made. */
  readonly seconds: number;
}

/** Waits, because a new role assignment takes minutes to reach every service, and no service can be asked whether it has. */
export async function create(props: RolePropagationProps) {
  if (props.roleAssignmentIds.length > 0) await wait(props.seconds);
  return { id: 'role-propagation', outs: props };
}

/** Waits again only for role assignments that are new. */
export async function update(_id: string, olds: RolePropagationProps, news: RolePropagationProps) {
  if (hasNew(olds, news)) await wait(news.seconds);
  return { outs: news };
}

/** Another waiting time alone, or an assignment fewer, is no change. */
export async function diff(_id: string, olds: RolePropagationProps, news: RolePropagationProps): Promise<DiffResult> {
  return { changes: hasNew(olds, news) };
}

function hasNew(olds: RolePropagationProps, news: RolePropagationProps): boolean {
  // In a preview the list is one unknown value while any of the ids is.
  if (!Array.isArray(news.roleAssignmentIds)) return true;
  const before = new Set(olds.roleAssignmentIds);
  return news.roleAssignmentIds.some((id) => !before.has(id));
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
