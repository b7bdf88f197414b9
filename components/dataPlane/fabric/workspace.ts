import type { DiffResult } from '@pulumi/pulumi/dynamic';
import { changed } from '../inputs';
import { bodyOf, callFabric, type FabricAccess, listAll, operate } from './api';

/** A workspace of Microsoft Fabric on a capacity, with an identity of its own. */
export interface FabricWorkspaceProps extends FabricAccess {
  /** Its own among all workspaces of the tenant. */
  readonly displayName: string;
  readonly description: string;
  /** ARM id of the capacity, or the id by which Fabric knows it. */
  readonly capacityId: string;
  /** Whether it has an identity, which nothing can be read without: true, and false only where somebody took it away. */
  readonly hasIdentity: boolean;
}

/** What Fabric tells of it. */
interface Made extends FabricWorkspaceProps {
  /** Object id of the workspace identity in Microsoft Entra. */
  readonly identityObjectId: string;
  /** Its application id, by which databases know it. */
  readonly identityClientId: string;
}

interface Workspace {
  readonly id: string;
  readonly displayName: string;
  readonly description?: string;
  readonly capacityId?: string;
  readonly workspaceIdentity?: WorkspaceIdentity;
}

interface WorkspaceIdentity {
  readonly applicationId: string;
  readonly servicePrincipalId: string;
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export async function create(props: FabricWorkspaceProps) {
  const { displayName, description } = props;
  const capacityId = await fabricCapacity(props);
  const workspace = (await unfinished(props)) ?? (await make(props, { displayName, description, capacityId }));
  const identity = await identityOf(workspace.id, props);
  return { id: workspace.id, outs: made(props, identity) };
}

async function make(props: FabricWorkspaceProps, body: object): Promise<Workspace> {
  const what = whatOf(props);
  const answer = await callFabric({ method: 'POST', path: '/workspaces', what, body, answers: [409] }, props);
  if (answer.status === 409) {
    throw new Error(`${what} exists already: name another one (workspaceName), or import it by its id.`);
  }
  return bodyOf<Workspace>(answer, what);
}

/** One that an earlier run made before it broke off: of this name and this description, and the deployer's own. */
async function unfinished(props: FabricWorkspaceProps): Promise<Workspace | undefined> {
  const all = await listAll<Workspace>('/workspaces?roles=Admin', 'the workspaces', props);
  return all.find(
    ({ displayName, description }) => displayName === props.displayName && description === props.description,
  );
}

/** The identity that the workspace has, or a new one. */
async function identityOf(id: string, props: FabricWorkspaceProps): Promise<WorkspaceIdentity> {
  const what = `the identity of ${whatOf(props)}`;
  const there = bodyOf<Workspace>(await get(id, props), whatOf(props)).workspaceIdentity;
  if (there) return there;
  const path = `/workspaces/${id}/provisionIdentity`;
  const answer = await operate({ method: 'POST', path, what, timeoutSeconds: 120 }, props);
  const told = answer.body as Partial<WorkspaceIdentity> | undefined;
  if (told?.applicationId !== undefined && told.servicePrincipalId !== undefined) return told as WorkspaceIdentity;
  const identity = bodyOf<Workspace>(await get(id, props), whatOf(props)).workspaceIdentity;
  if (!identity) throw new Error(`Fabric tells nothing of ${what}.`);
  return identity;
}

/** A capacity is known to Azure by its ARM id and to Fabric by another, which its administrators find by the name. */
async function fabricCapacity(props: FabricWorkspaceProps): Promise<string> {
  const { capacityId } = props;
  if (guid.test(capacityId)) return capacityId;
  const name = capacityId.slice(capacityId.lastIndexOf('/') + 1);
  const capacities = await listAll<{ id: string; displayName: string }>('/capacities', 'the capacities', props);
  const found = capacities.find(({ displayName }) => displayName.toLowerCase() === name.toLowerCase());
  if (found) return found.id;
  throw new Error(
    `Fabric shows no capacity "${name}" to the deployer; make the deployer one of its administrators (administration.members of the capacity).`,
  );
}

export async function read(id: string, props: Made) {
  const answer = await get(id, props);
  if (answer.status === 404) return {};
  const { displayName, description = '', capacityId, workspaceIdentity } = answer.body as Workspace;
  const isSame = capacityId !== undefined && capacityId === (await fabricCapacity(props).catch(() => undefined));
  const found = { displayName, description, capacityId: isSame ? props.capacityId : (capacityId ?? '') };
  const { identityClientId: _, identityObjectId: __, ...declared } = props;
  const inputs = { ...declared, ...found, hasIdentity: workspaceIdentity !== undefined };
  return { id, props: made(inputs, workspaceIdentity ?? { applicationId: '', servicePrincipalId: '' }), inputs };
}

export async function update(id: string, olds: Made, news: FabricWorkspaceProps) {
  const { displayName, description } = news;
  const what = whatOf(news);
  const path = `/workspaces/${id}`;
  if (changed<FabricWorkspaceProps>(olds, news, ['displayName', 'description']).length > 0) {
    bodyOf(await callFabric({ method: 'PATCH', path, what, body: { displayName, description } }, news), what);
  }
  if (changed<FabricWorkspaceProps>(olds, news, ['capacityId']).length > 0) {
    const body = { capacityId: await fabricCapacity(news) };
    bodyOf(await callFabric({ method: 'POST', path: `${path}/assignToCapacity`, what, body }, news), what);
  }
  return { outs: made(news, await identityOf(id, news)) };
}

async function remove(id: string, props: FabricWorkspaceProps): Promise<void> {
  await callFabric({ method: 'DELETE', path: `/workspaces/${id}`, what: whatOf(props) }, props);
}

export { remove as delete };

/** Everything can be changed in place; an identity that is gone is made again. */
export async function diff(): Promise<DiffResult> {
  return { replaces: [] };
}

function made(props: FabricWorkspaceProps, { applicationId, servicePrincipalId }: WorkspaceIdentity): Made {
  return { ...props, identityClientId: applicationId, identityObjectId: servicePrincipalId };
}

function get(id: string, props: FabricWorkspaceProps) {
  return callFabric({ method: 'GET', path: `/workspaces/${id}`, what: whatOf(props) }, props);
}

function whatOf({ displayName }: FabricWorkspaceProps): string {
  return `the Fabric workspace "${displayName}"`;
}
