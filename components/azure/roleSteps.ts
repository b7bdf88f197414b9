import * as pulumi from '@pulumi/pulumi';
import { type Grant, RoleAssignmentMode } from './identity';
import { roles } from './roles';

/** Sentences that tell another team which roles to assign; none where the component assigns them. */
export function roleSteps(mode: RoleAssignmentMode, grants: readonly Grant[]): pulumi.Output<string>[] {
  return mode === RoleAssignmentMode.external ? grants.map(neededRole).map(told) : [];
}

function neededRole({ role, principalId, principalType, scope, reason }: Grant): pulumi.Output<string> {
  return pulumi.interpolate`Assign the role ${roles[role]} (${role}) to the ${principalType} ${principalId} at ${scope}. ${reason}`;
}

/**
 * Says a step as soon as it is known. The first deployment ends where Azure misses the first role, before the stack has
 * outputs, and whoever gives the roles has to know all that are known by then.
 */
function told(step: pulumi.Output<string>): pulumi.Output<string> {
  if (pulumi.runtime.isDryRun()) return step;
  return step.apply(async (sentence) => {
    await pulumi.log.info(sentence);
    return sentence;
  });
}
