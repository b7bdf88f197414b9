import type { DeadLetter } from '../contracts/deadLetter';
import { type ScoringSource, scoringProperty } from '../contracts/scoringSource';
import type { MedTechErrorName } from '../medtech/errors';
import type { DeviceMapping } from '../medtech/mapping/deviceMapping';
import { normalize } from '../medtech/normalize';
import { partitionKey } from '../medtech/partitionKey';
import { deadLetterOf } from '../stream/deadLetters';
import type { EventBatch, ReceivedEvent } from '../stream/eventBatch';
import { isClockMark } from '../stream/marks';
import { withinTime } from '../stream/withinTime';

/** A measurement on its way to `normalizeddata`. */
export interface OutgoingMeasurement {
  readonly kind: 'measurement';
  readonly partitionKey: string;
  readonly body: string;
  readonly properties: Readonly<Record<string, string>>;
  /** The message in which it was found, for the case that the hub does not take it. */
  readonly source: ReceivedEvent;
}

/** Says that all that arrived until then has been handed on. */
export interface OutgoingMark {
  readonly kind: 'mark';
  readonly time: string;
}

export interface NormalizedBatch {
  /** In the order of the events; of marks with no measurement between them only the last. */
  readonly outgoing: readonly (OutgoingMeasurement | OutgoingMark)[];
  readonly deadLetters: readonly DeadLetter[];
  /** How many messages no template matched, which is no error. */
  readonly unmatched: number;
}

/** Types of measurements that feed scoring, and with what. */
export type ScoringSources = ReadonlyMap<string, readonly ScoringSource[]>;

/** What one batch may cost. */
export interface Limits {
  /** Of a batch, and where a batch takes longer of each message by itself: a thousand times what a large one needs. */
  readonly milliseconds: number;
  /** Of all measurements of one message, in bytes: 16 times the largest message that a hub takes. */
  readonly bytes: number;
}

const usualLimits: Limits = { milliseconds: 10_000, bytes: 16 * 1024 * 1024 };

/**
 * Turns a batch of `devicedata` into what goes to `normalizeddata` and what is given up. Each event ends as a mark, as
 * measurements, as unmatched or as a dead letter; a message that fails in the middle as a dead letter beside the
 * measurements found before. No message makes it fail or take forever: what is too deep the engine refuses, what takes too
 * long is interrupted, and what gives too much is given up.
 */
export function normalizeBatch(
  batch: EventBatch,
  mapping: DeviceMapping,
  scoring: ScoringSources,
  limits = usualLimits,
): NormalizedBatch {
  const read = (event: ReceivedEvent) => readEvent(event, mapping, scoring, limits.bytes);
  const atOnce = withinTime(limits.milliseconds, () => batch.events.map(read));
  const results = atOnce ?? batch.events.map((event) => withinTime(limits.milliseconds, () => read(event)) ?? tooSlow);
  return gather(batch, results);
}

/** What one event gives: a mark, or measurements and why no more of them. */
interface EventResult {
  readonly outgoing: readonly (OutgoingMeasurement | OutgoingMark)[];
  readonly failure?: DeadLetter['reason'];
}

const failed = (name: MedTechErrorName, message: string): EventResult => ({ outgoing: [], failure: { name, message } });
const tooSlow = failed('TemplateExpressionException', 'The templates take too long for this message.');
const tooMuch = failed('MeasurementProcessingException', 'The message gives more measurements than one message may.');
const unexpected = failed('Exception', 'The message could not be normalized.');

function readEvent(
  event: ReceivedEvent,
  mapping: DeviceMapping,
  scoring: ScoringSources,
  mostBytes: number,
): EventResult {
  const { properties, systemProperties, enqueuedTime } = event;
  if (isClockMark(event)) return { outgoing: [{ kind: 'mark', time: enqueuedTime }] };
  try {
    const message = { body: event.body.toString('utf8'), properties, systemProperties, enqueuedTime };
    const { measurements, error } = normalize(mapping, message);
    const outgoing: OutgoingMeasurement[] = [];
    let bytes = 0;
    for (const measurement of measurements) {
      const body = JSON.stringify(measurement);
      bytes += body.length;
      if (bytes > mostBytes) return tooMuch;
      const sources = scoring.get(measurement.Type);
      outgoing.push({
        kind: 'measurement',
        partitionKey: partitionKey(measurement.DeviceId),
        body,
        properties: sources === undefined ? {} : { [scoringProperty]: JSON.stringify(sources) },
        source: event,
      });
    }
    return { outgoing, failure: error && { name: error.errorName, message: error.message } };
  } catch {
    return unexpected;
  }
}

function gather(batch: EventBatch, results: readonly EventResult[]): NormalizedBatch {
  const outgoing: (OutgoingMeasurement | OutgoingMark)[] = [];
  const deadLetters: DeadLetter[] = [];
  let unmatched = 0;
  for (const [index, result] of results.entries()) {
    for (const item of result.outgoing) {
      if (item.kind === 'mark' && outgoing.at(-1)?.kind === 'mark') outgoing.pop();
      outgoing.push(item);
    }
    const { failure } = result;
    if (failure !== undefined) {
      deadLetters.push(deadLetterOf('normalize', failure, batch, batch.events[index] as ReceivedEvent));
    } else if (result.outgoing.length === 0) unmatched += 1;
  }
  return { outgoing, deadLetters, unmatched };
}
