import { createHash } from 'node:crypto';
import { RoleAssignment } from '@pulumi/azure-native/authorization/roleAssignment';
import { UserAssignedIdentity } from '@pulumi/azure-native/managedidentity/userAssignedIdentity';
import * as pulumi from '@pulumi/pulumi';
import type { Children, Names, Surroundings } from './component';
import { type RoleName, roleDefinitionId, roles } from './roles';

/** A user-assigned identity that exists already, instead of one that the component makes. */
export interface ExistingIdentity {
  /** ARM id of the user-assigned identity. */
  id: pulumi.Input<string>;
  /** Object id of the identity's service principal, which role assignments name. */
  principalId: pulumi.Input<string>;
}

/** A user-assigned identity that exists already and whose name a program gives when it asks for tokens. */
export interface ExistingAppIdentity extends ExistingIdentity {
  /** Client id (application id) of the identity. */
  clientId: pulumi.Input<string>;
}

/** Whether the component makes role assignments. */
export const RoleAssignmentMode = {
  /** The component makes them. */
  create: 'create',
  /** Another team makes them; the component's `manualSteps` list which. */
  external: 'external',
} as const;
/** Whether the component makes the role assignments that it needs. */
export type RoleAssignmentMode = (typeof RoleAssignmentMode)[keyof typeof RoleAssignmentMode];

/** What kind of principal a role is given to. Azure asks, so that a fresh principal is not looked up too early. */
export const PrincipalType = {
  /** A group of people or services. */
  Group: 'Group',
  /** A service principal or managed identity. */
  ServicePrincipal: 'ServicePrincipal',
  /** One person. */
  User: 'User',
} as const;
/** What kind of principal a role is given to. */
export type PrincipalType = (typeof PrincipalType)[keyof typeof PrincipalType];

/** An identity as the components use it. */
export interface Identity {
  readonly id: pulumi.Output<string>;
  readonly principalId: pulumi.Output<string>;
}

/** An identity that code runs as: its settings name the client id. */
export interface AppIdentity extends Identity {
  readonly clientId: pulumi.Output<string>;
}

/** The identity of one hop of ours: the given one, else a new one named for its purpose. */
export function appIdentity(
  children: Children,
  names: Names,
  surroundings: Surroundings,
  purpose: string,
  existing: ExistingAppIdentity | undefined,
): AppIdentity {
  if (!existing) return newIdentity(children, names, surroundings, purpose);
  const { id, principalId, clientId } = existing;
  return { id: pulumi.output(id), principalId: pulumi.output(principalId), clientId: pulumi.output(clientId) };
}

/** The identity of one hop: the given one, else a new one named for its purpose. */
export function hopIdentity(
  children: Children,
  names: Names,
  surroundings: Surroundings,
  purpose: string,
  existing: ExistingIdentity | undefined,
): Identity {
  if (!existing) return newIdentity(children, names, surroundings, purpose);
  return { id: pulumi.output(existing.id), principalId: pulumi.output(existing.principalId) };
}

function newIdentity(
  children: Children,
  names: Names,
  { resourceGroupName, location, tags }: Surroundings,
  purpose: string,
): UserAssignedIdentity {
  const resourceName = names.of('identity', undefined, purpose);
  return new UserAssignedIdentity(
    ...children.of(`${purpose}-identity`, { resourceGroupName, resourceName, location, tags }),
  );
}

/** A role that is none of Azure's. */
export interface CustomRole {
  /** Names it to people, and in the assignment's id. */
  readonly name: string;
  /** ARM id of its definition; left out where another team makes it. */
  readonly id?: pulumi.Output<string>;
}

/** One right that the architecture needs: who, what, where, and why in words. */
export interface Grant {
  /** Names the assignment within the component, as in `hub-router-sends-to-devicedata`. */
  readonly name: string;
  readonly principalId: pulumi.Input<string>;
  readonly principalType: PrincipalType;
  readonly role: RoleName | CustomRole;
  /** ARM id of the narrowest resource that serves. */
  readonly scope: pulumi.Input<string>;
  /** What breaks without it; stands in the assignment's description. */
  readonly reason: string;
}

/**
 * Makes role assignments, or only remembers them when another team makes them. Their names are UUIDs (version 5) of scope,
 * principal and role: the same right has the same id in any run, so a second deployment meets it instead of failing.
 */
export class Grants {
  readonly made: RoleAssignment[] = [];
  /** Sentences that tell another team which roles to assign; none where the component assigns them. */
  readonly steps: pulumi.Output<string>[] = [];

  constructor(
    private readonly children: Children,
    private readonly subscriptionId: pulumi.Output<string>,
    private readonly mode: RoleAssignmentMode,
  ) {}

  /** The assignments made for `grants`, to depend on; none in external mode. */
  add(...grants: Grant[]): RoleAssignment[] {
    if (this.mode === RoleAssignmentMode.external) {
      this.steps.push(...grants.map(neededRole).map(told));
      return [];
    }
    const made = grants.map((grant) => this.assign(grant));
    this.made.push(...made);
    return made;
  }

  /**
   * What a resource depends on that Azure makes only with the roles so far: in external mode it also waits until they have
   * been told, since its failure ends the deployment, and with it what would have been said.
   */
  afterTold(resources: pulumi.Resource[]): pulumi.Input<pulumi.Resource[]> {
    if (this.steps.length === 0 || pulumi.runtime.isDryRun()) return resources;
    return pulumi.all(this.steps).apply(() => resources);
  }

  private definitionOf(role: RoleName | CustomRole): pulumi.Output<string> {
    if (typeof role === 'string')
      return this.subscriptionId.apply((subscriptionId) => roleDefinitionId(subscriptionId, role));
    if (role.id === undefined) throw new Error(`The role "${role.name}" has no definition to assign.`);
    return role.id;
  }

  private assign({ name, principalId, principalType, role, scope, reason }: Grant): RoleAssignment {
    const id = this.definitionOf(role);
    const roleAssignmentName = pulumi
      .all([scope, principalId])
      .apply(([where, who]) => uuidOfNames(where.toLowerCase(), who.toLowerCase(), nameOfRole(role)));
    return new RoleAssignment(
      ...this.children.of(`${name}-role`, {
        roleAssignmentName,
        scope,
        principalId,
        principalType,
        roleDefinitionId: id,
        description: reason,
      }),
    );
  }
}

function nameOfRole(role: RoleName | CustomRole): string {
  return typeof role === 'string' ? role : role.name;
}

function neededRole({ role, principalId, principalType, scope, reason }: Grant): pulumi.Output<string> {
  const which = typeof role === 'string' ? `the role ${roles[role]} (${role})` : role.name;
  return pulumi.interpolate`Assign ${which} to the ${principalType} ${principalId} at ${scope}. ${reason}`;
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

/** Our own namespace (version 4, made once), under which names become UUIDs. */
const namespace = Buffer.from('6f0c2a5e4b5d4f3c9d0e7b1a2c3d4e5f', 'hex');

/** A version 5 UUID of the names (RFC 9562, section 5.5): the same names, the same UUID. */
export function uuidOfNames(...names: readonly string[]): string {
  const hash = createHash('sha1').update(namespace).update(names.join('|')).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
