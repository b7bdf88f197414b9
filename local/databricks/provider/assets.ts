import type { Properties } from '../../contracts';
import { idKey } from '../../controlPlane/armIds';
import { Store, type StoredResource } from '../../controlPlane/store';
import type { TypeName } from './names';

/** Something in a workspace. */
export interface Asset {
  /** ARM id of the workspace. */
  readonly workspaceId: string;
  readonly type: TypeName;
  /** Its id in the workspace, as the engine knows it. */
  readonly id: string;
  readonly inputs: Properties;
  /** Inputs and what Databricks answered. */
  readonly outputs: Properties;
}

/** What is in all workspaces, kept in one file. */
export class Assets {
  private readonly store: Store;

  constructor(folder: string) {
    this.store = new Store(folder);
  }

  get(workspaceId: string, type: TypeName, id: string): Asset | undefined {
    const found = this.store.get(keyOf({ workspaceId, type, id }));
    return found && assetOf(found);
  }

  list(type: TypeName, workspaceId?: string): Asset[] {
    const all = this.store.list(`databricks:${type}`).map(assetOf);
    return workspaceId === undefined ? all : all.filter((asset) => idKey(asset.workspaceId) === idKey(workspaceId));
  }

  put({ workspaceId, type, id, inputs, outputs }: Asset): void {
    const key = keyOf({ workspaceId, type, id });
    const createdAt = this.store.get(key)?.createdAt ?? new Date().toISOString();
    this.store.put({
      ...{ id: key, kind: `databricks:${type}`, inputs, outputs, createdAt, subscriptionId: workspaceId },
      ...{ declaredToken: type, declaredInputs: inputs, computed: { id } },
    });
  }

  remove({ workspaceId, type, id }: Pick<Asset, 'workspaceId' | 'type' | 'id'>): void {
    this.store.remove(keyOf({ workspaceId, type, id }));
  }

  /** Everything in a workspace goes with it. */
  removeAll(workspaceId: string): void {
    for (const { id } of this.store.below(`${workspaceId}/databricks`)) this.store.remove(id);
  }
}

function keyOf({ workspaceId, type, id }: Pick<Asset, 'workspaceId' | 'type' | 'id'>): string {
  return `${workspaceId}/databricks/${type}/${id}`;
}

function assetOf({ subscriptionId, declaredToken, computed, inputs, outputs }: StoredResource): Asset {
  return { workspaceId: subscriptionId, type: declaredToken as TypeName, id: String(computed.id), inputs, outputs };
}
