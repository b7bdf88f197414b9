import type { DiffResult } from '@pulumi/pulumi/dynamic';
import {
  createDocument,
  type Document,
  deleteDocument,
  type JsonObject,
  readDocument,
  updateDocument,
} from './document';
import { changed } from './inputs';
import type { DataPlaneAccess } from './request';

/** An enrolment group of a device provisioning service. */
export interface EnrollmentGroupProps extends DataPlaneAccess {
  /** Service host, as in `provs-x.azure-devices-provisioning.net`. */
  readonly serviceHost: string;
  readonly enrollmentGroupId: string;
  /** The group as the service's REST interface takes it. */
  readonly group: JsonObject;
}

/** Oldest version of the service's REST interface that has all that the group uses. */
const apiVersion = '2021-10-01';

export async function create(props: EnrollmentGroupProps) {
  await createDocument(documentOf(props), props);
  return { id: props.enrollmentGroupId, outs: props };
}

export async function read(id: string, props: EnrollmentGroupProps) {
  const group = await readDocument(documentOf(props), props.group, props);
  return group ? { id, props: { ...props, group }, inputs: { ...props, group } } : {};
}

export async function update(_id: string, _olds: EnrollmentGroupProps, news: EnrollmentGroupProps) {
  await updateDocument(documentOf(news), news);
  return { outs: news };
}

async function remove(_id: string, props: EnrollmentGroupProps): Promise<void> {
  await deleteDocument(documentOf(props), props);
}

export { remove as delete };

/** Another service or another id is another group; all else the engine compares by itself. */
export async function diff(_id: string, olds: EnrollmentGroupProps, news: EnrollmentGroupProps): Promise<DiffResult> {
  return { replaces: changed(olds, news, ['serviceHost', 'enrollmentGroupId']) };
}

function documentOf({ serviceHost, enrollmentGroupId, group }: EnrollmentGroupProps): Document {
  return {
    url: `https://${serviceHost}/enrollmentGroups/${encodeURIComponent(enrollmentGroupId)}?api-version=${apiVersion}`,
    what: `enrolment group "${enrollmentGroupId}"`,
    content: { enrollmentGroupId, ...group },
  };
}
