import type { StoredResource } from '../enrich/fhirShapes';
import type { ChangeNotice, ResourceChange } from '../enrich/resourceChange';
import type { Device, Resource } from '../medtech/fhir/resources';
import type { StepLog } from '../stream/stepLog';
import type { BatchAnswer } from './batch';
import { type DeviceUseStatement, usedDevice } from './deviceUse';
import type { FhirClient } from './fhirClient';
import { FhirFault, isSuccess } from './fhirFault';

/** A change, with the resource as it is now where that was read already. */
export type Noticed = ChangeNotice & { readonly current?: StoredResource };

/**
 * Reads what changes are about, many at once: each resource as it is and as it was before the change, then the statements about
 * who wore the devices among them. The results in the order of the changes; `refused`: the service does not tell.
 */
export async function readChanges(
  client: FhirClient,
  noticed: readonly Noticed[],
  log: StepLog,
): Promise<readonly (ResourceChange | 'refused')[]> {
  const urls = new Set(noticed.flatMap((one) => [...currentUrl(one), ...previousUrl(one)]));
  const answers = await readAll(client, [...urls], log);
  const changes = noticed.map((one): ResourceChange | 'refused' => {
    const [current, previous] = [currentUrl(one), previousUrl(one)].map(([url]) => answers.get(url ?? ''));
    if (isRefusal(current) || isRefusal(previous)) return 'refused';
    return { ...one, current: one.current ?? resourceIn(current), previous: resourceIn(previous) };
  });
  return withDevices(client, changes, log);
}

const currentUrl = ({ type, id, current }: Noticed) => (current === undefined ? [`${type}/${id}`] : []);

/** Versions of Azure's service are whole numbers, one after the other. */
const previousUrl = ({ type, id, version }: Noticed) => (version > 1 ? [`${type}/${id}/_history/${version - 1}`] : []);

async function withDevices(
  client: FhirClient,
  changes: readonly (ResourceChange | 'refused')[],
  log: StepLog,
): Promise<readonly (ResourceChange | 'refused')[]> {
  const ids = new Set(changes.flatMap((change) => deviceOf(change) ?? []));
  if (ids.size === 0) return changes;
  const [devices, found] = await Promise.all([
    readAll(
      client,
      [...ids].map((id) => `Device/${id}`),
      log,
    ),
    client.search(
      [...ids].map((id) => `DeviceUseStatement?device=Device/${id}&_count=500`),
      log,
    ),
  ]);
  const refused = found.find(({ status }) => !isSuccess(status));
  // Without them a wrong patient could be taken for present.
  if (refused !== undefined) throw new FhirFault(refused.status);
  const statements = new Map([...ids].map((id, index) => [id, found[index]?.resources ?? []]));
  return changes.map((change) => {
    const id = deviceOf(change);
    const device = id === undefined ? undefined : resourceIn(devices.get(`Device/${id}`));
    if (change === 'refused' || id === undefined || device === undefined) return change;
    const own = (statements.get(id) ?? []).filter(({ resourceType }) => resourceType === 'DeviceUseStatement');
    return { ...change, worn: { device: device as Device, statements: own as readonly DeviceUseStatement[] } };
  });
}

function deviceOf(change: ResourceChange | 'refused'): string | undefined {
  if (change === 'refused') return undefined;
  if (change.type === 'Device') return change.id;
  const statement = change.current ?? change.previous;
  return change.type === 'DeviceUseStatement' && statement !== undefined
    ? usedDevice(statement as DeviceUseStatement)
    : undefined;
}

async function readAll(
  client: FhirClient,
  urls: readonly string[],
  log: StepLog,
): Promise<ReadonlyMap<string, BatchAnswer>> {
  const answers = await client.batch(
    urls.map((url) => ({ method: 'GET', url })),
    log,
  );
  return new Map(urls.map((url, index) => [url, answers[index] as BatchAnswer]));
}

function resourceIn(answer: BatchAnswer | undefined): Resource | undefined {
  return answer !== undefined && isSuccess(answer.status) ? answer.resource : undefined;
}

function isRefusal(answer: BatchAnswer | undefined): boolean {
  return answer !== undefined && !isSuccess(answer.status) && ![404, 410].includes(answer.status);
}
