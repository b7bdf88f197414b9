import { join } from 'node:path';
import { AzureError } from '../contracts';
import { readJson, writeJsonAtomic } from '../core/state';
import type { Connection, FabricState, Item, Workspace, WorkspaceRole } from './entities';

const none: FabricState = { capacities: {}, workspaces: {}, items: {}, connections: {} };
const ranks: Readonly<Record<WorkspaceRole, number>> = { Viewer: 1, Contributor: 2, Member: 3, Admin: 4 };

/** Workspaces, items and connections, and who may what with them. They survive a restart. */
export class FabricStore {
  readonly state: FabricState;
  private readonly file: string;

  constructor(folder: string) {
    this.file = join(folder, 'fabric.json');
    this.state = readJson<FabricState>(this.file) ?? structuredClone(none);
  }

  /** What was changed is kept. */
  save(): void {
    writeJsonAtomic(this.file, this.state);
  }

  /** @throws AzureError 404 for one that is gone or that the principal has no role in, 403 for a lesser role */
  workspace(id: string, principalId: string, least: WorkspaceRole): Workspace {
    const workspace = this.state.workspaces[id.toLowerCase()];
    const role = workspace && this.roleIn(workspace, principalId);
    if (!workspace || !role) throw new AzureError(404, 'WorkspaceNotFound', `There is no workspace '${id}'.`);
    if (ranks[role] >= ranks[least]) return workspace;
    throw new AzureError(
      403,
      'InsufficientPrivileges',
      `The principal ${principalId} is ${role} of the workspace '${workspace.displayName}'; needed is ${least} or more.`,
    );
  }

  roleIn({ roles }: Workspace, principalId: string): WorkspaceRole | undefined {
    return roles.find(({ principal }) => principal.id === principalId)?.role as WorkspaceRole | undefined;
  }

  items(workspaceId: string): Item[] {
    return Object.values(this.state.items).filter((item) => item.workspaceId === workspaceId);
  }

  /** @throws AzureError 404 */
  item(workspace: Workspace, id: string): Item {
    const item = this.state.items[id.toLowerCase()];
    if (item?.workspaceId === workspace.id) return item;
    throw new AzureError(404, 'ItemNotFound', `There is no item '${id}' in the workspace '${workspace.displayName}'.`);
  }

  /** @throws AzureError 404 for one that is gone or that the principal has no role on */
  connection(id: string, principalId: string): Connection {
    const connection = this.state.connections[id.toLowerCase()];
    if (connection?.roles.some(({ principal }) => principal.id === principalId)) return connection;
    throw new AzureError(404, 'ConnectionNotFound', `There is no connection '${id}'.`);
  }
}
