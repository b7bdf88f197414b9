import { join } from 'node:path';
import type { JWK } from 'jose';
import {
  type ArmResource,
  type Authority,
  AzureError,
  type Principal,
  type Properties,
  type Resources,
} from '../contracts';
import { roleAllows } from './customRoles';
import { Groups } from './groups';
import { deployer, healthRecord, judge, localTenantId } from './principals';
import { type AccessToken, Tokens } from './tokens';

export interface LocalAuthorityOptions {
  /** Folder in which the key pair that signs tokens is kept. */
  readonly stateFolder: string;
  /** Where identities and role assignments are found. */
  readonly resources: Resources;
  /** Real seconds after its creation at which a role assignment takes effect. Default 0; Azure takes minutes. */
  readonly roleDelaySeconds?: number;
  /** Refuse the deployer's data-plane calls, as a network that it cannot reach would. Default false. */
  readonly refuseDeployerReach?: boolean;
}

/** Actions by which the judge reads what arrived; it holds them everywhere, without a role assignment. */
const judgeMay = /(\/read|\/receive\/action|\/readMetadata\/action)$/i;

/** Identities, tokens and roles of the local cloud, from the identities and role assignments that programs declare. */
export class LocalAuthority implements Authority {
  private readonly others: (() => readonly Principal[])[] = [];
  /** Groups of the directory, which ARM does not know: who keeps the directory fills them. */
  readonly groups: Groups;

  private constructor(
    private readonly options: LocalAuthorityOptions,
    private readonly tokens: Tokens,
  ) {
    this.groups = new Groups(join(options.stateFolder, 'groups.json'));
  }

  /** Principals that no resource of ARM's tells of, as identities of Fabric workspaces; asked each time. */
  know(others: () => readonly Principal[]): void {
    this.others.push(others);
  }

  static async open(options: LocalAuthorityOptions): Promise<LocalAuthority> {
    return new LocalAuthority(options, await Tokens.open(options.stateFolder));
  }

  /** Public keys by which tokens are checked, a JSON Web Key each. */
  get keys(): readonly JWK[] {
    return [this.tokens.published];
  }

  /** A token for the principal, to be shown to the service that `audience` names. */
  token(principal: Principal, audience: string): Promise<AccessToken> {
    return this.tokens.issue(principal, audience);
  }

  /** @throws AzureError 401 for a bad token or an identity that is gone, 403 when the deployer has no reach. */
  async authenticate(token: string, audience: string | readonly string[]): Promise<Principal> {
    const { oid } = await this.tokens.verify(token, [audience].flat());
    const principal = this.principals().find((p) => p.objectId === oid);
    if (!principal) {
      throw new AzureError(
        401,
        'InvalidAuthenticationToken',
        `The identity with the object id '${String(oid)}' does not exist any more.`,
      );
    }
    if (principal.name === deployer.name && this.options.refuseDeployerReach) {
      throw new AzureError(
        403,
        'PublicNetworkAccessDisabled',
        'The deployer does not reach the data plane: public network access is disabled, and it is not in the virtual network.',
      );
    }
    return principal;
  }

  /**
   * The principal of a user-assigned identity, or of another resource's system-assigned one, by ARM id.
   * @throws AzureError 404 when there is no such resource or it has no identity
   */
  identity(userAssignedIdentityId: string): Principal {
    const resource = this.options.resources.get(userAssignedIdentityId);
    const principal = resource && principalOf(resource);
    if (principal) return principal;
    throw new AzureError(404, 'IdentityNotFound', `There is no managed identity '${userAssignedIdentityId}'.`);
  }

  require(principal: Principal, dataAction: string, scope: string): void {
    if (this.allows(principal, dataAction, scope)) return;
    throw new AzureError(
      403,
      'AuthorizationFailed',
      `'${principal.name}' (object id ${principal.objectId}) may not do '${dataAction}' on '${scope}': no role assignment in force there or above holds it.`,
    );
  }

  allows(principal: Principal, dataAction: string, scope: string): boolean {
    if (principal.objectId === judge.objectId) return judgeMay.test(dataAction);
    return this.options.resources
      .list('authorization:RoleAssignment')
      .some((assignment) => this.grants(assignment, principal, dataAction, scope));
  }

  groupsOf({ objectId }: Principal): readonly string[] {
    return this.groups.of((member) => member === objectId || this.objectIdOf(member) === objectId);
  }

  /** Object id of the identity with this ARM id. */
  private objectIdOf(member: string): string | undefined {
    const resource = member.startsWith('/') ? this.options.resources.get(member) : undefined;
    return resource && principalOf(resource)?.objectId;
  }

  private grants({ inputs, createdAt }: ArmResource, principal: Principal, dataAction: string, scope: string): boolean {
    if (inputs.principalId !== principal.objectId) return false;
    const assigned = String(inputs.scope).toLowerCase().replace(/\/+$/, '');
    const asked = scope.toLowerCase();
    if (asked !== assigned && !asked.startsWith(`${assigned}/`)) return false;
    if (Date.parse(createdAt) + (this.options.roleDelaySeconds ?? 0) * 1000 > Date.now()) return false;
    return roleAllows(this.options.resources, String(inputs.roleDefinitionId), dataAction);
  }

  private principals(): Principal[] {
    const below = this.options.resources.below('/subscriptions').flatMap((resource) => principalOf(resource) ?? []);
    return [deployer, judge, healthRecord, ...below, ...this.others.flatMap((others) => others())];
  }
}

function principalOf({ id, kind, outputs }: ArmResource): Principal | undefined {
  const name = id.slice(id.lastIndexOf('/') + 1);
  const holder =
    kind === 'managedidentity:UserAssignedIdentity' ? outputs : (outputs.identity as Properties | undefined);
  const objectId = holder?.principalId;
  if (typeof objectId !== 'string') return undefined;
  // ARM does not tell the client id of a system-assigned identity.
  const clientId = typeof holder?.clientId === 'string' ? holder.clientId : objectId;
  return { objectId, clientId, tenantId: String(holder?.tenantId ?? localTenantId), name };
}
