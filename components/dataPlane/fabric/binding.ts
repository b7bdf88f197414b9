import type { DiffResult } from '@pulumi/pulumi/dynamic';
import { changed } from '../inputs';
import { bodyOf, callFabric, type FabricAccess, listAll } from './api';
import { connectionPath, connectivityType } from './connection';

/** By which connection a semantic model reads its source: before it is bound, it answers nothing. */
export interface FabricBindingProps extends FabricAccess {
  readonly workspaceId: string;
  readonly semanticModelId: string;
  readonly connectionId: string;
  readonly server: string;
  readonly database: string;
  readonly gatewayId: string;
  /** Hash of the model's definition: another definition may have lost its binding, and is bound again. */
  readonly definitionHash: string;
}

interface BoundConnection {
  readonly id?: string;
  readonly connectivityType?: string;
  readonly connectionDetails?: { readonly path?: string };
}

const what = "the binding of the semantic model to its data source's connection";

export async function create(props: FabricBindingProps) {
  await bind(props, { id: props.connectionId, connectivityType: connectivityType(props.gatewayId) });
  return { id: `${props.semanticModelId}/${props.connectionId}`, outs: props };
}

export async function update(_id: string, _olds: FabricBindingProps, news: FabricBindingProps) {
  await create(news);
  return { outs: news };
}

/** Gone when the model reads its source by another connection or by none. */
export async function read(id: string, props: FabricBindingProps) {
  const { workspaceId, semanticModelId, connectionId } = props;
  const path = `/workspaces/${workspaceId}/items/${semanticModelId}/connections`;
  const bound = await listAll<BoundConnection>(path, what, props);
  return bound.some((one) => one.id === connectionId) ? { id, props, inputs: props } : {};
}

async function remove(_id: string, props: FabricBindingProps): Promise<void> {
  await bind(props, { connectivityType: 'None' }, true);
}

export { remove as delete };

export async function diff(_id: string, olds: FabricBindingProps, news: FabricBindingProps): Promise<DiffResult> {
  const replaces = changed(olds, news, ['workspaceId', 'semanticModelId', 'connectionId']);
  return { replaces, deleteBeforeReplace: true };
}

async function bind(props: FabricBindingProps, connection: object, mayBeGone = false): Promise<void> {
  const { workspaceId, semanticModelId } = props;
  const path = `/workspaces/${workspaceId}/semanticModels/${semanticModelId}/bindConnection`;
  const connectionDetails = { type: 'SQL', path: connectionPath(props) };
  const body = { connectionBinding: { ...connection, connectionDetails } };
  const answer = await callFabric({ method: 'POST', path, what, body }, props);
  if (!mayBeGone) bodyOf(answer, what);
}
