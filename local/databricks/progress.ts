import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

/** What a stream of a job did last. */
export interface StreamProgress {
  readonly batchId: number;
  readonly inputRows: number;
  /** When the micro-batch began, ISO 8601, by the machine's clock. */
  readonly at: string;
  /** By topic and partition: up to where it has read (the offset of the next record). */
  readonly endOffsets: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const tailBytes = 256 * 1024;
const mark = 'Streaming query made progress: ';

/** The newest progress in a Spark log; undefined while there is none. */
export function lastProgress(logFile: string): StreamProgress | undefined {
  const text = tail(logFile);
  for (let at = text.lastIndexOf(mark); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(mark, at - 1)) {
    const progress = progressOf(jsonAt(text, at + mark.length));
    if (progress) return progress;
  }
  return undefined;
}

interface Logged {
  readonly batchId: number;
  readonly numInputRows?: number;
  readonly timestamp: string;
  readonly sources: readonly { readonly endOffset?: unknown }[];
}

function progressOf(json: string | undefined): StreamProgress | undefined {
  if (json === undefined) return undefined;
  const { batchId, numInputRows, timestamp, sources } = JSON.parse(json) as Logged;
  const offsets = sources.map(({ endOffset }) => endOffset).filter((end) => typeof end === 'object' && end !== null);
  return { batchId, inputRows: numInputRows ?? 0, at: timestamp, endOffsets: Object.assign({}, ...offsets) };
}

/** Spark prints it over many lines, the last one a brace alone. */
function jsonAt(text: string, start: number): string | undefined {
  const end = text.indexOf('\n}', start);
  return end < 0 ? undefined : text.slice(start, end + 2);
}

function tail(file: string): string {
  if (!existsSync(file)) return '';
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const bytes = Buffer.alloc(Math.min(size, tailBytes));
    readSync(handle, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8');
  } finally {
    closeSync(handle);
  }
}
