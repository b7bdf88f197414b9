import { chartedCodes } from '../enrich/chartedCodes';
import { isComputedId } from '../enrich/chartedReading';
import type { StoredResource } from '../enrich/fhirShapes';
import { isoOf } from '../enrich/fhirTime';
import { type WatchedType, watchedTypes } from '../enrich/resourceChange';
import { FhirFault, isSuccess } from '../fhir/fhirFault';
import { anyFault, hold } from '../stream/hold';
import type { StepLog } from '../stream/stepLog';
import { type ArrivedChange, type ChartedTools, chartedRecords } from './chartedRecords';
import type { EnrichedData, OutgoingRecord } from './enrichedData';
import type { Refusal } from './enrichRefusals';
import type { Position, PositionStore } from './searchPosition';

/** What the function `pollCharted` works with. */
export interface PollChartedTools extends ChartedTools {
  readonly enriched: EnrichedData;
  readonly position: PositionStore;
}

/** A service may make a resource visible a little after the time that it gives it. */
const overlapMs = 30_000;
/** How far the first search goes back for charted values: as long as they are carried forward at most. */
const firstMs = 4 * 3_600_000;
const pageSize = 500;
/** The source in clock marks. */
const source = 'charted';

/**
 * Where the FHIR service sends no events: searches for what was written since the last time, hands it on to `enriched` as
 * `chartedValues` does, says until when, and then notes it. Deleted resources are not found by a search, nor values with a
 * device. The first search takes up who is under observation already.
 *
 * There is no event that could be a dead letter: what cannot be used is counted in the log, and found again once it is amended.
 */
export async function pollCharted(tools: PollChartedTools, log: StepLog): Promise<void> {
  const { client, enriched, position } = tools;
  const before = await hold('charted-values', log, () => position.read(), anyFault);
  const upTo = await client.time(log);
  if (before !== undefined && upTo <= before.upTo) return;
  const found = await client.search(searches(before, upTo), log);
  const refused = found.find(({ status }) => !isSuccess(status));
  if (refused !== undefined) throw new FhirFault(refused.status);
  const arrived = found
    .flatMap((one): readonly StoredResource[] => one.resources)
    .flatMap((resource) => arrivedOf(resource, before, upTo) ?? []);
  const { records, failures } = await chartedRecords(arrived, tools, upTo, log);
  const kept = before === undefined ? withoutEnded(records) : records;
  const tooLarge = await enriched.send(kept, log);
  await enriched.sendMark(source, upTo, log);
  const isOurs = await hold('charted-values', log, () => position.write(upTo, before), anyFault);
  if (!isOurs) log.warn('iomt.charted position=taken');
  count([...failures.map(({ reason }) => reason), ...tooLarge.map(() => tooLargeReason)], log);
  if (arrived.length > 0) log.info(`iomt.charted changes=${arrived.length} sent=${kept.length}`);
}

const tooLargeReason: Refusal = { name: 'MeasurementProcessingException', message: '' };

function searches(before: Position | undefined, upTo: number): readonly string[] {
  const until = `_lastUpdated=lt${isoOf(upTo)}&_count=${pageSize}`;
  const since = (time: number) => `_lastUpdated=ge${isoOf(time)}&`;
  const written = before === undefined ? '' : since(before.upTo - overlapMs);
  const charted = since(before === undefined ? upTo - firstMs : before.upTo - overlapMs);
  const codes = chartedCodes.map(encodeURIComponent).join(',');
  const going = before === undefined ? 'status=arrived,triaged,in-progress,onleave&' : '';
  return [
    `Observation?${charted}code=${codes}&device:missing=true&${until}`,
    `DeviceUseStatement?${written}${until}`,
    `Device?${written}${before === undefined ? 'patient:missing=false&' : ''}${until}`,
    `Encounter?${written}${going}${until}`,
    ...(before === undefined
      ? []
      : [`Patient?${written}deceased=true&_elements=deceased,deceasedBoolean,deceasedDateTime&${until}`]),
  ];
}

function arrivedOf(
  current: StoredResource,
  before: Position | undefined,
  upTo: number,
): ArrivedChange<StoredResource> | undefined {
  const { resourceType, id = '', meta } = current;
  const type = watchedTypes.find((one) => one === resourceType) as WatchedType | undefined;
  const at = Date.parse(meta?.lastUpdated ?? '');
  if (type === undefined || Number.isNaN(at) || (type === 'Observation' && isComputedId(id))) return undefined;
  // The first search says how things are, not what became of them.
  const version = before === undefined ? 1 : Number(meta?.versionId ?? 1);
  // What became visible late comes after the mark that was sent last.
  const arrival = Math.min(Math.max(at, before?.upTo ?? at), upTo);
  return { noticed: { type, id, version, at, current }, source: current, arrival };
}

/** Of the stays that the first search finds, those that are over are of no use. */
function withoutEnded<Record extends OutgoingRecord<unknown>>(records: readonly Record[]): readonly Record[] {
  const ended = new Set(
    records.flatMap(({ record }) => (record.kind === 'presence' && record.event === 'end' ? [record.resource] : [])),
  );
  return records.filter(({ record }) => record.kind !== 'presence' || !ended.has(record.resource));
}

function count(reasons: readonly Refusal[], log: StepLog): void {
  const counts = new Map<string, number>();
  for (const { name } of reasons) counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const [name, number] of counts) log.error(`iomt.unusable step=charted-values reason=${name} count=${number}`);
}
