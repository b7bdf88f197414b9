import type { Document, JsonObject } from './document';
import { documentProvider } from './documentProvider';
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

export const { create, read, update, remove, diff } = documentProvider<EnrollmentGroupProps>({
  place: ['serviceHost', 'enrollmentGroupId'],
  id: 'enrollmentGroupId',
  content: 'group',
  documentOf,
});

export { remove as delete };

function documentOf({ serviceHost, enrollmentGroupId, group }: EnrollmentGroupProps): Document {
  return {
    url: `https://${serviceHost}/enrollmentGroups/${encodeURIComponent(enrollmentGroupId)}?api-version=${apiVersion}`,
    what: `enrolment group "${enrollmentGroupId}"`,
    content: { enrollmentGroupId, ...group },
  };
}
