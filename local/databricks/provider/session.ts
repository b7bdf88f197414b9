import type { ArmResource, Resources } from '../../contracts';
import { AzureError } from '../../contracts';
import { textAt } from '../../controlPlane/values';
import type { TypeName } from './names';

/** One provider instance in one run of the engine. */
export class DatabricksSession {
  private readonly planned = new Set<string>();
  private readonly replaced = new Set<string>();

  constructor(
    private readonly azure: Resources,
    private readonly config: { readonly resourceId?: string; readonly host?: string },
  ) {}

  /** The workspace that the configuration names; undefined while there is none. */
  findWorkspace(): ArmResource | undefined {
    const { resourceId, host } = this.config;
    const byId = resourceId === undefined ? undefined : this.azure.get(resourceId);
    if (resourceId !== undefined) return byId?.kind === 'databricks:Workspace' ? byId : undefined;
    const name = host
      ?.replace(/^https?:\/\//, '')
      .replace(/\/.*$/, '')
      .toLowerCase();
    return this.azure.list('databricks:Workspace').find(({ outputs }) => textAt(outputs, 'workspaceUrl') === name);
  }

  /** @throws AzureError 404 without such a workspace, 400 when host and id name two */
  workspace(): ArmResource {
    const { resourceId, host } = this.config;
    const found = this.findWorkspace();
    if (!found) {
      const given = resourceId ?? host;
      throw new AzureError(
        404,
        'WorkspaceNotFound',
        given === undefined
          ? 'The provider databricks names no workspace; set azureWorkspaceResourceId or host.'
          : `There is no Databricks workspace '${given}'.`,
      );
    }
    const url = textAt(found.outputs, 'workspaceUrl') ?? '';
    if (host !== undefined && !host.toLowerCase().includes(url)) {
      throw new AzureError(
        400,
        'WorkspaceMismatch',
        `host is '${host}', and the workspace '${found.id}' is at '${url}'.`,
      );
    }
    return found;
  }

  /** Notes what a preview would create, so that what it names afterwards counts as existing. */
  plan(type: TypeName, id: string): void {
    this.planned.add(`${type}/${id}`);
  }

  plans(type: TypeName, id: string): boolean {
    return this.planned.has(`${type}/${id}`);
  }

  /** Notes that the engine is about to replace something: the same id may be created again. */
  replace(type: TypeName, id: string): void {
    this.replaced.add(`${type}/${id}`);
  }

  replaces(type: TypeName, id: string): boolean {
    return this.replaced.has(`${type}/${id}`);
  }
}
