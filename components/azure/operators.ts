import type * as pulumi from '@pulumi/pulumi';
import type { Grant, PrincipalType } from './identity';
import { known, type Problems } from './validation';

/** One role for one principal, as a component's `roleAssignments` take it. */
export interface OperatorAssignment<Role extends string> {
  readonly name: string;
  readonly principalId: pulumi.Input<string>;
  readonly principalType?: PrincipalType;
  readonly role: Role;
}

/** A right that comes with a role of operators. */
export type OperatorRight = Pick<Grant, 'role' | 'scope' | 'reason'> & { readonly suffix: string };

/** Roles for people; unlike the others, nothing on the path breaks without them. */
export function operatorGrants<Role extends string>(
  assignments: readonly OperatorAssignment<Role>[],
  rights: Readonly<Record<Role, readonly OperatorRight[]>>,
): Grant[] {
  return assignments.flatMap(({ name, principalId, principalType = 'Group', role }) =>
    rights[role].map(({ suffix, ...right }) => ({
      ...right,
      principalId,
      principalType,
      name: `operator-${name}-${suffix}`,
    })),
  );
}

/**
 * Azure takes the same role for the same principal at the same scope once.
 *
 * @param held what principals hold already, each as `<object id> <role>`.
 */
export function operatorProblems(
  problems: Problems,
  assignments: readonly OperatorAssignment<string>[],
  allowed: readonly string[],
  held: readonly string[] = [],
): void {
  const taken = new Set(held);
  assignments.forEach(({ name, principalId, role }, i) => {
    const path = `roleAssignments[${i}]`;
    problems.oneOf(`${path}.role`, role, allowed, 'the role of an operator');
    const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
    problems.text(`${path}.principalId`, principalId, guid, 'the object id of an operator must be a GUID');
    const named = `${name} as ${role}`;
    const principal = known(principalId);
    const holding = principal === undefined ? named : `${principal} ${role}`;
    if (taken.has(named) || taken.has(holding)) {
      problems.add(path, `"${name}" or its principal has the role ${role} already; leave one of them out.`);
    }
    taken.add(named).add(holding);
  });
}
