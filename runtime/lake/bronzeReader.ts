import type { EnrichedMeasurement, EnrichedMessage, PatientPresence } from '../contracts/enriched';
import { mostAheadMs } from '../contracts/enriched';
import type { ArrivalRange, CapturedEvent, CapturedHub } from './capturedHub';

/** What is asked of the bronze files, times in milliseconds since 1970. */
export interface BronzeQuery {
  /** Rows whose own time is at or after `from` and before `to`. */
  readonly from: number;
  readonly to: number;
  /** Left out: of all patients. */
  readonly patients?: ReadonlySet<string>;
  /**
   * Nothing that was enqueued to `enriched` at or after this time need be read. Left out: all that is captured, since what is
   * late may come at any time.
   */
  readonly arrivedUntil?: number;
  /** Left out: `mostAheadMs` before `from`, as no measurement is taken that is further ahead of its arrival. */
  readonly arrivedFrom?: number;
}

export type BronzeRow = EnrichedMeasurement | PatientPresence;

/** Each row once, in no particular order. */
export interface BronzeRows {
  readonly measurements: readonly EnrichedMeasurement[];
  readonly presence: readonly PatientPresence[];
}

/**
 * The captured `enriched` (bronze), by the time of measurement. Its files lie by the time of arrival: every file since
 * shortly before `from` may hold rows of the range, so all of these are gone through.
 *
 * Presence is found by its own time as well; one that was known longer than `mostAheadMs` before it counts (a discharge that is
 * planned) is found only with an `arrivedFrom`. Events that are not of the contract are left out.
 */
export class BronzeReader {
  constructor(private readonly captured: Pick<CapturedHub, 'events' | 'capturedThrough'>) {}

  /**
   * Rows in the order of arrival, a block of a file at a time, so that memory does not grow with the range. A row may come
   * more than once.
   * @throws LakeFileError when a file is torn or foreign
   */
  async *rows(partitions: readonly string[], query: BronzeQuery): AsyncGenerator<BronzeRow[]> {
    const { arrivedUntil, arrivedFrom = query.from - mostAheadMs } = query;
    for (const partition of partitions) {
      const range: ArrivalRange = { arrivedFrom, ...(arrivedUntil === undefined ? {} : { arrivedUntil }) };
      for await (const events of this.captured.events(partition, range)) {
        const rows = events.flatMap((event) => rowOf(event) ?? []).filter((row) => isAsked(row, query));
        if (rows.length > 0) yield rows;
      }
    }
  }

  /**
   * The rows, each once by patient and key, and once more where it was sent again with another context: which of these counts
   * is for `Slots` to say, as with rows that come live. Of copies the one that arrived first is given. All are held in memory: ask for some windows, or some patients.
   */
  async read(partitions: readonly string[], query: BronzeQuery): Promise<BronzeRows> {
    const measurements = new Map<string, EnrichedMeasurement>();
    const presence = new Map<string, PatientPresence>();
    for await (const rows of this.rows(partitions, query)) {
      for (const row of rows) {
        if (row.kind === 'measurement') keepFirst(measurements, row);
        else keepFirst(presence, row);
      }
    }
    return { measurements: [...measurements.values()], presence: [...presence.values()] };
  }

  /** The last sequence number of a partition of `enriched` that is in bronze; -1 while there is none. */
  capturedThrough(partition: string): Promise<number> {
    return this.captured.capturedThrough(partition);
  }
}

/** The message in an event; undefined when it is of no kind that is known. */
export function enrichedMessageOf({ body }: Pick<CapturedEvent, 'body'>): EnrichedMessage | undefined {
  const message = jsonOf(body) as Partial<EnrichedMessage> | undefined;
  const known = ['measurement', 'presence', 'clockMark'];
  return known.includes(String(message?.kind)) ? (message as EnrichedMessage) : undefined;
}

/** The JSON object in an event's body; undefined when there is none. */
export function jsonOf(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function rowOf(event: CapturedEvent): BronzeRow | undefined {
  const message = enrichedMessageOf(event);
  return message === undefined || message.kind === 'clockMark' ? undefined : message;
}

function isAsked({ time, patient }: BronzeRow, { from, to, patients }: BronzeQuery): boolean {
  return time >= from && time < to && (patients?.has(patient) ?? true);
}

function keepFirst<Row extends BronzeRow>(rows: Map<string, Row>, row: Row): void {
  const context = row.kind === 'measurement' ? JSON.stringify(row.context) : '';
  const key = `${row.key}/${row.patient}/${context}`;
  const before = rows.get(key);
  if (before === undefined || isBefore(row, before)) rows.set(key, row);
}

function isBefore(row: BronzeRow, other: BronzeRow): boolean {
  const [arrival, otherArrival] = [arrivalOf(row), arrivalOf(other)];
  return arrival === otherArrival ? JSON.stringify(row) < JSON.stringify(other) : arrival < otherArrival;
}

const arrivalOf = (row: BronzeRow) => (row.kind === 'measurement' ? row.arrival : 0);
