import { setTimeout as pause } from 'node:timers/promises';
import { type ClockMark, parseClockMark } from '../contracts/clockMark';
import { type EnrichedMeasurement, mostAheadMs } from '../contracts/enriched';
import { type Measurement, parseMeasurement } from '../contracts/measurement';
import { type ScoringSource, scoringProperty } from '../contracts/scoringSource';
import { deviceSamples, type SampleRules } from '../enrich/deviceSamples';
import { keyOf } from '../enrich/naturalKey';
import { arrivalTime, quantisedTime } from '../enrich/quantise';
import { SourceMarks } from '../enrich/sourceMarks';
import { transportDelay } from '../enrich/transportDelay';
import { isLate, type Windows } from '../enrich/windows';
import type { IdentityResolver, Measured, Resolved } from '../fhir/identityResolver';
import type { ContextAnswer, ContextResolver } from '../fhir/patientContext';
import { MedTechError } from '../medtech/errors';
import { isoText, parseTimestamp, type Ticks, ticksPerMillisecond } from '../medtech/instant';
import { type DeadLetterStore, DeadLetters, deadLetterOf, naturalKeyOf } from '../stream/deadLetters';
import { type EventBatch, newestTime, type ReceivedEvent } from '../stream/eventBatch';
import { isClockMark } from '../stream/marks';
import type { StepLog } from '../stream/stepLog';
import type { EnrichedData } from './enrichedData';
import { type Refusal, refusals } from './enrichRefusals';

/** What the function `mlInput` works with. */
export interface MlInputTools {
  readonly identities: IdentityResolver;
  /** Patients and Devices that are missing are being made: `writeObservations` does so for the same measurements. */
  readonly awaitsCreation: boolean;
  readonly contexts: ContextResolver;
  readonly rules: SampleRules & Windows;
  readonly enriched: EnrichedData;
  readonly deadLetters: DeadLetterStore;
  /** By partition of `normalizeddata`: which clock marks have come. */
  readonly marks: Map<string, SourceMarks>;
}

/** A measurement that is to be scored, and the event that it came as. */
interface Arrival {
  readonly event: ReceivedEvent;
  readonly measurement: Measurement;
  readonly sources: readonly ScoringSource[];
  readonly occurred: Ticks;
  /** When `devicedata` took it; of a replayed dead letter when it took the original. Milliseconds since 1970. */
  readonly arrival: number;
}

interface WornArrival extends Arrival {
  readonly patient: string;
}

interface Failure {
  readonly event: ReceivedEvent;
  readonly measurement?: Measurement;
  readonly reason: Refusal;
}

/**
 * Steps 6 to 8: merges a batch of `normalizeddata` with what scoring must know of the patients, and hands it on to `enriched`.
 * Ends when all of it has been acknowledged; dead letters come last, so that a container that refuses keeps nothing
 * healthy back.
 *
 * Lateness and readings from the future are judged by when the measurement first arrived, of a replayed dead letter too: a clock
 * that was a day ahead stays wrong tomorrow, and what is in time by that and comes after its window closed is known as such
 * by who closed it.
 */
export async function mlInput(batch: EventBatch, tools: MlInputTools, log: StepLog): Promise<void> {
  const { arrivals, marks, failures } = readArrivals(batch.events);
  const at = newestTime(batch.events);
  const worn = await withPatients(arrivals, at, tools, failures, log);
  const enriched = await withContext(worn, at, tools, failures, log);
  const tooLarge = await tools.enriched.send(enriched, log);
  failures.push(...tooLarge.map((arrival) => ({ ...arrival, reason: refusals.tooLarge })));
  await passOn(marks, batch.partitionId, tools, log);
  const letters = failures.map((failure) => letterOf(failure, batch));
  await new DeadLetters(tools.deadLetters, log).write(letters);
  if (arrivals.length + failures.length > 0) {
    log.info(`iomt.enriched events=${batch.events.length} sent=${enriched.length} deadLetters=${letters.length}`);
  }
  const delay = transportDelay(enriched.map(({ record }) => record));
  if (delay !== undefined) log.info(`iomt.transport ${delay}`);
}

interface ReadBatch {
  readonly arrivals: readonly Arrival[];
  readonly marks: readonly ClockMark[];
  readonly failures: Failure[];
}

function readArrivals(events: readonly ReceivedEvent[]): ReadBatch {
  const arrivals: Arrival[] = [];
  const marks: ClockMark[] = [];
  const failures: Failure[] = [];
  for (const event of events) {
    try {
      if (isClockMark(event)) marks.push(parseClockMark(event.body.toString('utf8')));
      else if (event.properties[scoringProperty] !== undefined) take(readArrival(event), arrivals, failures);
    } catch (error) {
      failures.push({ event, reason: { name: 'MeasurementProcessingException', message: (error as Error).message } });
    }
  }
  return { arrivals, marks, failures };
}

function take(arrival: Arrival, arrivals: Arrival[], failures: Failure[]): void {
  const isAhead = quantisedTime(arrival.occurred) > arrival.arrival + mostAheadMs;
  if (isAhead) failures.push({ ...arrival, reason: refusals.future });
  else arrivals.push(arrival);
}

function readArrival(event: ReceivedEvent): Arrival {
  const measurement = parseMeasurement(event.body.toString('utf8'));
  const occurred = parseTimestamp(measurement.OccurrenceTimeUtc);
  if (occurred === undefined) throw new Error('The normalized message has no valid OccurrenceTimeUtc.');
  const ingested = parseTimestamp(measurement.IngestionTimeUtc ?? event.enqueuedTime);
  if (ingested === undefined) throw new Error('The normalized message has no valid IngestionTimeUtc.');
  const sources = sourcesIn(event.properties[scoringProperty]);
  return { event, measurement, sources, occurred, arrival: arrivalTime(ingested) };
}

/** A few types of measurements have the same text a thousand times each. */
let last: { readonly text: unknown; readonly sources: readonly ScoringSource[] } = { text: '', sources: [] };

function sourcesIn(text: unknown): readonly ScoringSource[] {
  if (text !== last.text) last = { text, sources: parseSources(text) };
  return last.sources;
}

function parseSources(text: unknown): readonly ScoringSource[] {
  try {
    const sources: unknown = JSON.parse(String(text));
    if (Array.isArray(sources)) return sources as readonly ScoringSource[];
  } catch {}
  throw new Error(`The property ${scoringProperty} is not a JSON array.`);
}

async function withPatients(
  arrivals: readonly Arrival[],
  at: number,
  tools: MlInputTools,
  failures: Failure[],
  log: StepLog,
): Promise<readonly WornArrival[]> {
  const measured = arrivals.map(({ occurred, measurement }) => ({
    deviceId: measurement.DeviceId,
    patientId: measurement.PatientId ?? null,
    encounterId: measurement.EncounterId ?? null,
    occurred,
  }));
  const resolved = await resolve(measured, at, tools, log);
  return arrivals.flatMap((arrival, index) => {
    const ids = resolved[index];
    if (ids !== undefined && !(ids instanceof MedTechError)) return [{ ...arrival, patient: ids.patient }];
    const reason = ids === undefined ? refusals.patient : { name: ids.errorName, message: ids.message };
    failures.push({ ...arrival, reason });
    return [];
  });
}

/** For so long what is missing may still come to be: the other function reads the same stream. */
const creationMs = 30_000;
const creationPauseMs = 1_000;

async function resolve(
  measured: readonly Measured[],
  at: number,
  { identities, awaitsCreation }: MlInputTools,
  log: StepLog,
): Promise<readonly Resolved[]> {
  const resolved = [...(await identities.resolve(measured, at, log))];
  const begin = performance.now();
  while (awaitsCreation && performance.now() - begin < creationMs) {
    const missing = [...resolved.keys()].filter((index) => isMissing(resolved[index]));
    if (missing.length === 0) break;
    await pause(creationPauseMs);
    const again = await identities.resolve(
      missing.map((index) => measured[index] as Measured),
      at,
      log,
    );
    for (const [position, index] of missing.entries()) resolved[index] = again[position] as Resolved;
  }
  return resolved;
}

function isMissing(one: Resolved | undefined): boolean {
  return one instanceof MedTechError && ['DeviceNotFoundException', 'PatientNotFoundException'].includes(one.errorName);
}

async function withContext(
  worn: readonly WornArrival[],
  at: number,
  { contexts, rules }: MlInputTools,
  failures: Failure[],
  log: StepLog,
): Promise<readonly { readonly record: EnrichedMeasurement; readonly source: WornArrival }[]> {
  const asked = worn.map(({ patient, occurred }) => ({ patient, time: Number(occurred / ticksPerMillisecond) }));
  const answers = await contexts.resolve(asked, at, log);
  return worn.flatMap((arrival, index) => {
    const context = answers[index] as ContextAnswer;
    if (typeof context === 'string') {
      failures.push({ ...arrival, reason: context === 'refused' ? refusals.refused : refusals.patient });
      return [];
    }
    const samples = deviceSamples(arrival.measurement, arrival.sources, rules);
    if (samples.length === 0) return [];
    const { patient, measurement, occurred } = arrival;
    const { DeviceId, Type, CorrelationId } = measurement;
    const time = quantisedTime(occurred);
    const record: EnrichedMeasurement = {
      ...{ kind: 'measurement', patient, time, arrival: arrival.arrival, late: isLate(time, arrival.arrival, rules) },
      key: keyOf(0, [DeviceId, Type, isoText(occurred), CorrelationId ?? null]),
      ...{ source: 'device', type: Type, samples, context },
    };
    return [{ record, source: arrival }];
  });
}

/**
 * Notes the batch's marks, whose data have been sent by now, and says the least on behalf of this partition. After the whole
 * batch: a mark may come later than it could, not earlier.
 */
async function passOn(
  marks: readonly ClockMark[],
  partition: string,
  { marks: known, enriched }: MlInputTools,
  log: StepLog,
): Promise<void> {
  if (marks.length === 0) return;
  const own = known.get(partition) ?? new SourceMarks();
  known.set(partition, own);
  for (const mark of marks) own.note(mark);
  const least = own.next();
  if (least !== undefined) await enriched.sendMark(partition, least, log);
}

function letterOf({ event, measurement, reason }: Failure, batch: EventBatch) {
  return deadLetterOf('ml-input', reason, batch, event, naturalKeyOf(measurement));
}
