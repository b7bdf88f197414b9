import type { Properties, Resources } from './contracts';
import type { PulumiStack, StackState } from './pulumiStack';

/** Where the resources of the stack are: the control plane. */
export interface Deployed {
  readonly resources: Resources;
  /** The ARM id that such a resource has once it exists. */
  idOf(type: string, inputs: Properties): string | undefined;
}

/**
 * Repairs a stack whose last update was killed, where no update runs any more: takes away the lock that was left, and
 * notes in the state what was made in its last moment, which the state calls "creating" and the next update would meet as
 * existing already. (`pulumi refresh --import-pending-creates` of engine 3.252.0 forgets such resources instead.)
 * @returns whether an update had been interrupted
 */
export async function repairInterrupted(stack: PulumiStack, deployed: Deployed): Promise<boolean> {
  const wasLocked = await stack.cancel();
  const state = await stack.state();
  if ((state.deployment.pending_operations ?? []).length === 0) return wasLocked;
  await stack.replaceState(repaired(state, deployed));
  await stack.refresh();
  return true;
}

/** The state with what exists of what was being created; the rest of what was pending is forgotten, and made anew. */
export function repaired(state: StackState, deployed: Deployed): StackState {
  const { resources: noted = [], pending_operations: pending = [] } = state.deployment;
  const made = pending.flatMap(({ type, resource }) => {
    const id = type === 'creating' ? deployed.idOf(resource.type, resource.inputs) : undefined;
    const exists = id !== undefined && deployed.resources.get(id) !== undefined;
    return exists && !noted.some(({ urn }) => urn === resource.urn) ? [{ ...resource, id }] : [];
  });
  return { ...state, deployment: { ...state.deployment, resources: [...noted, ...made], pending_operations: [] } };
}
