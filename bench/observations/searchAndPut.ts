import type { Measurement } from '../../runtime/contracts/measurement';
import { draftObservations, observationOf } from '../../runtime/fhir/observationDraft';
import { connectorSystem } from '../../runtime/medtech/fhir/resources';
import type { FhirMapping } from '../../runtime/medtech/mapping/fhirMapping';
import { concurrently } from '../../runtime/stream/concurrently';

const parallel = 10;

/**
 * What a connector does that writes each Observation by itself: a search by identifier, and a put when there is none.
 * @returns milliseconds for all
 */
export async function searchAndPut(
  { url, token }: { readonly url: string; readonly token: string },
  mapping: FhirMapping,
  measurements: readonly Measurement[],
): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' };
  // Who is who is known to it: only the Observations are compared.
  const worn = measurements.map((measurement) => {
    const index = measurement.DeviceId.split('-').at(-1);
    return {
      measurement,
      ids: { patient: `p${index}`, device: `d${index}` },
      enqueuedTime: measurement.OccurrenceTimeUtc,
    };
  });
  const begin = performance.now();
  await concurrently(parallel, draftObservations(worn, mapping).drafts, async (draft) => {
    const token = encodeURIComponent(`${connectorSystem}|${draft.identifier}`);
    const found = await fetch(`${url}/Observation?identifier=${token}`, { headers });
    const { entry = [] } = (await found.json()) as { entry?: unknown[] };
    if (entry.length > 0) throw new Error('The comparison met an Observation of another load.');
    const body = JSON.stringify(observationOf(draft, undefined, mapping.compatibility));
    const put = await fetch(`${url}/Observation/${draft.id}`, { method: 'PUT', headers, body });
    await put.arrayBuffer();
    if (put.status !== 201) throw new Error(`The FHIR service answered ${put.status}.`);
  });
  return performance.now() - begin;
}
