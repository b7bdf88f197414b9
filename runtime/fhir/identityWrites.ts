import type { Resource } from '../medtech/fhir/resources';
import type { StepLog } from '../stream/stepLog';
import type { BatchRequest } from './batch';
import type { FhirClient } from './fhirClient';
import { isSuccess } from './fhirFault';

/** A resource as it was read. */
interface Stored extends Resource {
  readonly meta?: { readonly versionId?: string };
}

export interface IdentityOutcome {
  /** Resources (`Patient/id`) that the service refuses as they are. */
  readonly refused: ReadonlySet<string>;
  /** Whether somebody else wrote one of them since it was read. */
  readonly conflict: boolean;
}

/**
 * Writes Patients and Devices: new ones only if they do not exist, others only over the version that was read. Ids of new
 * ones follow from their identifiers, so two instances that make the same one cannot make two. Patients go first, since
 * a service may check that what a Device refers to exists.
 */
export async function writeIdentities(
  client: FhirClient,
  resources: readonly Resource[],
  log: StepLog,
): Promise<IdentityOutcome> {
  const refused = new Set<string>();
  let conflict = false;
  for (const type of ['Patient', 'Device']) {
    const requests = resources.filter(({ resourceType }) => resourceType === type).map(putOf);
    const answers = await client.batch(requests, log);
    for (const [index, { status }] of answers.entries()) {
      if (status === 409 || status === 412) conflict = true;
      else if (!isSuccess(status)) refused.add(requests[index]?.url ?? '');
    }
  }
  return { refused, conflict };
}

function putOf(resource: Stored): BatchRequest {
  const { resourceType, id, meta } = resource;
  // The version that was read must still be there; what was not read must not.
  const condition =
    meta?.versionId === undefined ? { ifNoneMatch: '*' as const } : { ifMatch: `W/"${meta.versionId}"` };
  return { method: 'PUT', url: `${resourceType}/${id}`, resource, ...condition };
}
