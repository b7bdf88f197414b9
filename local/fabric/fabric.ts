import { randomUUID } from 'node:crypto';
import { readModel, type SemanticModel } from '../../runtime/powerbi/model';
import { type DashboardQuery, dashboardQueries } from '../../runtime/powerbi/queries';
import {
  type ArmResource,
  AzureError,
  type Principal,
  type Properties,
  type Service,
  type ServiceContext,
} from '../contracts';
import { idKey } from '../controlPlane/armIds';
import { localTenantId } from '../identity/principals';
import type { Row, VisibleRows } from './dax/rows';
import { modelIdOf } from './definitions';
import type { Item, Workspace } from './entities';
import { FabricApi } from './fabricApi';
import { Operations } from './operations';
import type { FabricRequest, Reply } from './reply';
import { type Answer, type Asker, answerQuery, rowsFor } from './semanticQuery';
import { FabricStore } from './store';
import { readTables, type ViewReader } from './viewReader';

/** Who looks at a dashboard. */
export interface Viewer {
  readonly objectId: string;
  /** Groups that the person is in. */
  readonly groups?: readonly string[];
  /** Sees as somebody in this role of the model would, which only those who may change the model can ask for. */
  readonly asRole?: string;
}

/** A report that is there, with its model. */
export interface DashboardReference {
  readonly workspaceId: string;
  readonly reportId: string;
  readonly modelId: string;
  readonly displayName: string;
}

/** A visual with what it shows. */
export interface DrawnVisual extends DashboardQuery {
  readonly rows: Answer;
}

export interface FabricOptions {
  /** How semantic models read their source. */
  readonly reader: ViewReader;
  /** Lets the tenant know principals that Fabric makes. */
  readonly know: (principals: () => readonly Principal[]) => void;
  /** Entries a page of a list; default 100. */
  readonly pageSize?: number;
}

/**
 * Stand-in for Microsoft Fabric: its API as far as the dashboard's resources call it, and an engine that answers the visuals
 * of a report from the views of the repository, read as the identity of the workspace.
 *
 * What differs from Fabric: no portal, no licences, no gateways; semantic models as TMSL only, in DirectQuery mode, with the part
 * of DAX that `dax/syntax.ts` names; definitions are checked more strictly (a visual that asks for what the model lacks is
 * refused); callers are service principals.
 */
export class Fabric implements Service {
  readonly kinds = ['fabric:FabricCapacity'] as const;
  private readonly store: FabricStore;
  private readonly api: FabricApi;

  constructor(
    private readonly context: Pick<
      ServiceContext,
      'stateFolder' | 'resources' | 'authority' | 'certificates' | 'ports'
    >,
    private readonly options: FabricOptions,
  ) {
    this.store = new FabricStore(context.stateFolder('fabric'));
    const { authority, certificates, resources } = context;
    const { pageSize = 100 } = options;
    const parts = { store: this.store, operations: new Operations(), resources, pageSize };
    this.api = new FabricApi(authority, certificates, parts, (...asked) => this.refresh(...asked));
    options.know(() => Object.values(this.store.state.workspaces).flatMap((workspace) => identityOf(workspace) ?? []));
  }

  /** Answers from then on, whether or not there is a capacity. */
  async listen(): Promise<void> {
    await this.api.listen(await this.context.ports.get('fabric'));
  }

  /** The values for `fabricApiUrl` and `powerBiApiUrl`. */
  get urls(): { readonly fabricApiUrl: string; readonly powerBiApiUrl: string } {
    return { fabricApiUrl: this.api.url, powerBiApiUrl: this.api.powerBiUrl };
  }

  async provision({ id }: ArmResource): Promise<Properties> {
    this.store.state.capacities[idKey(id)] ??= randomUUID();
    this.store.save();
    return {};
  }

  async deprovision({ id }: ArmResource): Promise<void> {
    const capacity = this.store.state.capacities[idKey(id)];
    for (const workspace of Object.values(this.store.state.workspaces)) {
      if (workspace.capacityId === capacity) delete workspace.capacityId;
    }
    delete this.store.state.capacities[idKey(id)];
    this.store.save();
  }

  async close(): Promise<void> {
    await this.api.close();
    await this.options.reader.close();
  }

  /** Reports that are there, with the semantic models that they read. */
  dashboards(): readonly DashboardReference[] {
    return Object.values(this.store.state.items)
      .filter(({ type }) => type === 'Report')
      .map(({ id: reportId, workspaceId, displayName, parts }) => {
        return { workspaceId, reportId, displayName, modelId: modelIdOf(parts) ?? '' };
      });
  }

  /** Adds somebody, a person or a group, to a role of a semantic model: in Fabric the portal or XMLA does. */
  addRoleMember(modelId: string, role: string, objectId: string): void {
    const item = this.itemOf(modelId, 'SemanticModel');
    if (!readModel(item.parts).roles.some(({ name }) => name === role)) {
      throw new AzureError(404, 'RoleNotFound', `The semantic model '${item.displayName}' has no role '${role}'.`);
    }
    item.members[role] = [...new Set([...(item.members[role] ?? []), objectId])];
    this.store.save();
  }

  /**
   * What each visual of a report shows to somebody.
   * @throws AzureError 404 without a role in the workspace, 403 without one in the model, 400 before the model is bound; what the
   *   database says when it refuses the workspace identity
   */
  async draw(reportId: string, viewer: Viewer): Promise<readonly DrawnVisual[]> {
    const report = this.itemOf(reportId, 'Report');
    const { model, visible } = await this.seen(modelIdOf(report.parts) ?? '', viewer);
    return dashboardQueries(report.parts).map((query) => {
      return { ...query, rows: answerQuery(model, visible, viewer.objectId, query) };
    });
  }

  /** Rows of one table of a semantic model that somebody sees, with the columns of its view and the calculated ones. */
  async query(modelId: string, table: string, viewer: Viewer): Promise<readonly Row[]> {
    const { model, visible } = await this.seen(modelId, viewer);
    const rows = visible.rows.get(table);
    if (rows) return rows;
    const names = model.tables.map(({ name }) => name).join(', ');
    throw new AzureError(404, 'TableNotFound', `The semantic model has no table '${table}'; it has ${names}.`);
  }

  private async seen(modelId: string, viewer: Viewer): Promise<{ model: SemanticModel; visible: VisibleRows }> {
    const item = this.itemOf(modelId, 'SemanticModel');
    const model = readModel(item.parts);
    const asker = this.askerOf(item, model, viewer);
    const tables = await this.read(item, model);
    return { model, visible: rowsFor(model, tables, asker) };
  }

  /** Row-level security binds those who only look, and whoever looks as a role. */
  private askerOf(item: Item, { roles }: SemanticModel, { objectId, groups = [], asRole }: Viewer): Asker {
    const ids = [objectId, ...groups];
    const workspace = this.store.state.workspaces[item.workspaceId];
    const held = (workspace?.roles ?? []).filter(({ principal }) => ids.includes(principal.id)).map(({ role }) => role);
    if (held.length === 0) throw new AzureError(404, 'ItemNotFound', `There is no semantic model '${item.id}'.`);
    const mayChange = held.some((role) => role !== 'Viewer');
    if (asRole !== undefined) {
      if (mayChange) return { objectId, roles: [asRole] };
      throw new AzureError(403, 'InsufficientPrivileges', 'Only those who may change a semantic model look as a role.');
    }
    if (mayChange || roles.length === 0) return { objectId, roles: undefined };
    const own = roles.map(({ name }) => name).filter((name) => item.members[name]?.some((id) => ids.includes(id)));
    if (own.length > 0) return { objectId, roles: own };
    const what = `The principal ${objectId} is in no role of the semantic model '${item.displayName}', and sees nothing.`;
    throw new AzureError(403, 'DatasetUnauthorized', what);
  }

  /** Every table, as the workspace identity may read it. */
  private async read(item: Item, model: SemanticModel): Promise<ReadonlyMap<string, readonly Row[]>> {
    return readTables(model, this.options.reader, this.sourceIdentity(item));
  }

  private sourceIdentity(item: Item): Principal {
    const { workspaces, connections } = this.store.state;
    if (item.connectionId === undefined || !connections[item.connectionId]) {
      const what = `The semantic model '${item.displayName}' is bound to no connection: it has no credentials for its source.`;
      throw new AzureError(400, 'DatasetNotBound', what);
    }
    const workspace = workspaces[item.workspaceId];
    const identity = workspace && identityOf(workspace);
    if (identity) return identity;
    throw new AzureError(
      400,
      'WorkspaceIdentityNotFound',
      `The workspace '${workspace?.displayName}' has no identity.`,
    );
  }

  private itemOf(id: string, type: Item['type']): Item {
    const item = this.store.state.items[id.toLowerCase()];
    if (item?.type === type) return item;
    throw new AzureError(404, 'ItemNotFound', `There is no ${type} '${id}'.`);
  }

  /** A refresh reads every table once: it fails where the model is not bound, or its identity may not read. */
  private refresh(request: FabricRequest, workspaceId: string, modelId: string, id?: string): Reply {
    const workspace = this.store.workspace(workspaceId, request.caller.objectId, 'Contributor');
    const item = this.store.item(workspace, modelId);
    if (id !== undefined) {
      const { status = 'Failed', reason } = item.refreshes[id] ?? {};
      return {
        status: status === 'Unknown' ? 202 : 200,
        body: { requestId: id, status, serviceExceptionJson: reason },
      };
    }
    const requestId = randomUUID();
    item.refreshes[requestId] = { status: 'Unknown' };
    const ended = (end: Item['refreshes'][string]) => {
      item.refreshes[requestId] = end;
      this.store.save();
    };
    void Promise.resolve()
      .then(() => this.read(item, readModel(item.parts)))
      .then(
        () => ended({ status: 'Completed' }),
        (error) => ended({ status: 'Failed', reason: error instanceof Error ? error.message : String(error) }),
      );
    return {
      status: 202,
      headers: { requestid: requestId, location: `${this.api.powerBiUrl}/refreshes/${requestId}` },
    };
  }
}

/** The identity of a workspace, as the tenant's directory has it. */
function identityOf({ displayName, identity }: Workspace): Principal | undefined {
  if (!identity) return undefined;
  const { applicationId, servicePrincipalId } = identity;
  return { objectId: servicePrincipalId, clientId: applicationId, tenantId: localTenantId, name: displayName };
}
