import { type Measurement, parseMeasurement } from '../contracts/measurement';
import type { IdentityResolver } from '../fhir/identityResolver';
import type { WornMeasurement } from '../fhir/observationDraft';
import type { ObservationWriter } from '../fhir/observationWriter';
import { MedTechError } from '../medtech/errors';
import { parseTimestamp, type Ticks } from '../medtech/instant';
import { type DeadLetterStore, DeadLetters, deadLetterOf, naturalKeyOf } from '../stream/deadLetters';
import { type EventBatch, newestTime, type ReceivedEvent } from '../stream/eventBatch';
import { isClockMark } from '../stream/marks';
import type { StepLog } from '../stream/stepLog';

/** What the function `writeObservations` works with. */
export interface WriteObservationsTools {
  readonly resolver: IdentityResolver;
  readonly writer: ObservationWriter;
  readonly deadLetters: DeadLetterStore;
}

/** A measurement of the stream, and the event that it came as. */
interface Arrival {
  readonly event: ReceivedEvent;
  readonly measurement: Measurement;
  readonly occurred: Ticks;
}

type WornArrival = Arrival & WornMeasurement;

interface Failure {
  readonly event: ReceivedEvent;
  readonly measurement?: Measurement;
  readonly error: MedTechError;
}

/**
 * Step 5: writes a batch of `normalizeddata` as Observations. Ends when all of it is in FHIR or a dead letter; those come
 * last, so that a container that refuses keeps nothing healthy back. Clock marks are not for this reader.
 */
export async function writeObservations(
  batch: EventBatch,
  { resolver, writer, deadLetters }: WriteObservationsTools,
  log: StepLog,
): Promise<void> {
  const { arrivals, failures } = readArrivals(batch.events);
  if (arrivals.length + failures.length === 0) return;
  const measured = arrivals.map(({ occurred, measurement }) => ({
    deviceId: measurement.DeviceId,
    patientId: measurement.PatientId ?? null,
    encounterId: measurement.EncounterId ?? null,
    occurred,
  }));
  const resolved = await resolver.resolve(measured, newestTime(batch.events), log);
  const worn: WornArrival[] = [];
  for (const [index, arrival] of arrivals.entries()) {
    const ids = resolved[index];
    if (ids instanceof MedTechError) failures.push({ ...arrival, error: ids });
    else if (ids !== undefined) worn.push({ ...arrival, ids, enqueuedTime: arrival.event.enqueuedTime });
  }
  const { written, unchanged, unwritable } = await writer.write(worn, log);
  failures.push(...unwritable.map(({ measurement, error }) => ({ ...measurement, error })));
  const letters = failures.map((failure) => letterOf(failure, batch));
  await new DeadLetters(deadLetters, log).write(letters);
  const counts = { events: batch.events.length, written, unchanged, deadLetters: letters.length };
  log.info(
    `iomt.observations ${Object.entries(counts)
      .map(([name, count]) => `${name}=${count}`)
      .join(' ')}`,
  );
}

function readArrivals(events: readonly ReceivedEvent[]): { arrivals: readonly Arrival[]; failures: Failure[] } {
  const arrivals: Arrival[] = [];
  const failures: Failure[] = [];
  for (const event of events) {
    if (isClockMark(event)) continue;
    try {
      arrivals.push({ event, ...readMeasurement(event.body) });
    } catch (error) {
      failures.push({ event, error: new MedTechError('MeasurementProcessingException', (error as Error).message) });
    }
  }
  return { arrivals, failures };
}

function readMeasurement(body: Buffer): { measurement: Measurement; occurred: Ticks } {
  const measurement = parseMeasurement(body.toString('utf8'));
  const occurred = parseTimestamp(measurement.OccurrenceTimeUtc);
  if (occurred === undefined) throw new Error('The normalized message has no valid OccurrenceTimeUtc.');
  return { measurement, occurred };
}

function letterOf({ event, measurement, error }: Failure, batch: EventBatch) {
  const reason = { name: error.errorName, message: error.message };
  return deadLetterOf('write-observations', reason, batch, event, naturalKeyOf(measurement));
}
