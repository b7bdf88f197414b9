import { type ClockMark, parseClockMark } from '../contracts/clockMark';
import { jsonOf } from './bronzeReader';
import type { CapturedEvent, CapturedHub } from './capturedHub';

/** Marks come every few seconds, and with every window: who needs more files than this is not being told any more. */
const mostFiles = 200;

/**
 * Until when a captured hub is complete by its clock marks, milliseconds since 1970: the least, over partitions and sources, of
 * the newest mark that is captured. Undefined while a partition lacks the mark of a source. It goes from the newest file
 * back and stops as soon as it knows.
 */
export async function markedThrough(
  captured: Pick<CapturedHub, 'newest'>,
  partitions: readonly string[],
): Promise<number | undefined> {
  let least = Number.POSITIVE_INFINITY;
  for (const partition of partitions) {
    const through = await partitionThrough(captured, partition);
    if (through === undefined) return undefined;
    least = Math.min(least, through);
  }
  return Number.isFinite(least) ? least : undefined;
}

async function partitionThrough(captured: Pick<CapturedHub, 'newest'>, partition: string): Promise<number | undefined> {
  const marks = new NewestMarks();
  let files = 0;
  for await (const { events } of captured.newest(partition)) {
    for await (const some of events) for (const event of some) marks.add(event);
    const through = marks.through();
    if (through !== undefined) return through;
    if (++files === mostFiles) return undefined;
  }
  return undefined;
}

/** The newest mark of each source. How many sources there are is what the newest mark of all says. */
export class NewestMarks {
  private readonly newest = new Map<
    string,
    { readonly time: number; readonly sources: number; readonly sequence: number }
  >();

  /** @returns whether the event is a mark */
  add(event: Pick<CapturedEvent, 'body' | 'sequence'>): boolean {
    const mark = clockMarkOf(event.body);
    if (mark === undefined) return false;
    const time = Date.parse(mark.time);
    const before = this.newest.get(mark.source);
    if (before === undefined || event.sequence > before.sequence) {
      this.newest.set(mark.source, { time, sources: mark.sources, sequence: event.sequence });
    }
    return true;
  }

  /** The least of the marks; undefined while one of a source is missing. */
  through(): number | undefined {
    const marks = [...this.newest.values()].sort((one, other) => other.sequence - one.sequence);
    const sources = marks[0]?.sources;
    // Sources of before a change of what sends marks do not count: theirs say another number.
    const current = marks.filter((mark) => mark.sources === sources);
    if (sources === undefined || current.length < sources) return undefined;
    return Math.min(...current.map(({ time }) => time));
  }
}

function clockMarkOf(body: Buffer): ClockMark | undefined {
  // Most events are none: a look at the bytes spares their JSON.
  if (!body.includes('"clockMark"')) return undefined;
  const json = jsonOf(body);
  if (json?.kind !== 'clockMark') return undefined;
  try {
    return parseClockMark(body.toString());
  } catch {
    return undefined;
  }
}
