/** What Fabric keeps, as it lies in the state folder. */
export interface FabricState {
  /** Fabric's id of a capacity, by its ARM id in lower case. */
  readonly capacities: Record<string, string>;
  readonly workspaces: Record<string, Workspace>;
  readonly items: Record<string, Item>;
  readonly connections: Record<string, Connection>;
}

export type WorkspaceRole = 'Admin' | 'Member' | 'Contributor' | 'Viewer';

export interface RoleAssignment<Role extends string = string> {
  readonly id: string;
  readonly principal: { readonly id: string; readonly type: string };
  role: Role;
}

export interface Workspace {
  readonly id: string;
  displayName: string;
  description: string;
  capacityId?: string;
  /** A service principal of the tenant's, which goes with the workspace. */
  identity?: { readonly applicationId: string; readonly servicePrincipalId: string };
  readonly roles: RoleAssignment[];
}

export type ItemType = 'SemanticModel' | 'Report';

export interface Item {
  readonly id: string;
  readonly workspaceId: string;
  readonly type: ItemType;
  displayName: string;
  description: string;
  /** By path. */
  parts: Readonly<Record<string, string>>;
  /** Object id of who made it: binding is the owner's. */
  readonly owner: string;
  /** Of a semantic model: by which connection it reads. */
  connectionId?: string;
  /** Members of a semantic model's roles, by role: object ids. They are given in the portal or over XMLA. */
  readonly members: Record<string, string[]>;
  readonly refreshes: Record<string, Refresh>;
}

export interface Refresh {
  status: 'Unknown' | 'Completed' | 'Failed';
  reason?: string;
}

export interface Connection {
  readonly id: string;
  displayName: string;
  readonly connectivityType: string;
  readonly gatewayId?: string;
  readonly server: string;
  readonly database: string;
  readonly credentialType: string;
  readonly privacyLevel: string;
  readonly roles: RoleAssignment[];
}
