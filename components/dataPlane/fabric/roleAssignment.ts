import type { DiffResult } from '@pulumi/pulumi/dynamic';
import { changed } from '../inputs';
import { bodyOf, callFabric, type FabricAccess, listAll } from './api';

/** A role of one principal in a workspace of Microsoft Fabric, or on a connection. */
export interface FabricRoleAssignmentProps extends FabricAccess {
  /** What the role is in: `workspaces` or `connections`. */
  readonly collection: string;
  /** Id of the workspace or the connection. */
  readonly parentId: string;
  readonly principalId: string;
  /** `Group`, `User` or `ServicePrincipal`. */
  readonly principalType: string;
  /** In a workspace `Admin`, `Member`, `Contributor` or `Viewer`; on a connection `Owner`, `UserWithReshare` or `User`. */
  readonly role: string;
}

interface Assignment {
  readonly id: string;
  readonly principal: { readonly id: string; readonly type: string };
  readonly role: string;
}

export async function create(props: FabricRoleAssignmentProps) {
  const { principalId, principalType, role } = props;
  const there = await find(props);
  if (there) {
    if (there.role !== role) await change(there.id, props);
    return { id: there.id, outs: props };
  }
  const body = { principal: { id: principalId, type: principalType }, role };
  const answer = await callFabric({ method: 'POST', path: pathOf(props), what: whatOf(props), body }, props);
  return { id: bodyOf<Assignment>(answer, whatOf(props)).id, outs: props };
}

export async function read(id: string, props: FabricRoleAssignmentProps) {
  const { status, body } = await callFabric(
    { method: 'GET', path: `${pathOf(props)}/${id}`, what: whatOf(props) },
    props,
  );
  if (status === 404) return {};
  const found = { ...props, role: (body as Assignment).role };
  return { id, props: found, inputs: found };
}

export async function update(id: string, _olds: FabricRoleAssignmentProps, news: FabricRoleAssignmentProps) {
  await change(id, news);
  return { outs: news };
}

async function remove(id: string, props: FabricRoleAssignmentProps): Promise<void> {
  await callFabric({ method: 'DELETE', path: `${pathOf(props)}/${id}`, what: whatOf(props) }, props);
}

export { remove as delete };

export async function diff(
  _id: string,
  olds: FabricRoleAssignmentProps,
  news: FabricRoleAssignmentProps,
): Promise<DiffResult> {
  return { replaces: changed(olds, news, ['collection', 'parentId', 'principalId', 'principalType']) };
}

/** The deployer that makes a workspace or a connection has a role in it from the first. */
async function find(props: FabricRoleAssignmentProps): Promise<Assignment | undefined> {
  const all = await listAll<Assignment>(pathOf(props), whatOf(props), props);
  return all.find(({ principal }) => principal.id.toLowerCase() === props.principalId.toLowerCase());
}

async function change(id: string, props: FabricRoleAssignmentProps): Promise<void> {
  const what = whatOf(props);
  const path = `${pathOf(props)}/${id}`;
  bodyOf(await callFabric({ method: 'PATCH', path, what, body: { role: props.role } }, props), what);
}

function pathOf({ collection, parentId }: FabricRoleAssignmentProps): string {
  return `/${collection}/${parentId}/roleAssignments`;
}

function whatOf({ role, principalId, collection, parentId }: FabricRoleAssignmentProps): string {
  return `the role ${role} of ${principalId} in ${collection}/${parentId}`;
}
