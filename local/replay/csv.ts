import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CsvError, type Info, parse } from 'csv-parse/sync';
import { deviceIdOfFile, deviceIdRule, isDeviceId } from './deviceId';

/** One line of a recording: what one device measured at one time. */
export interface VitalSignsRow {
  readonly deviceId: string;
  /** Whole milliseconds since minute 0 of the recording. */
  readonly offsetMs: number;
  /** What was measured, by column; a vital that was not measured is not in here. Empty when nothing was. */
  readonly vitals: Readonly<Record<string, number>>;
}

/** Recorded vital signs, read and checked as a whole. */
export interface Recording {
  /** Every row of all files, by time, then in the order of the files. */
  readonly rows: readonly VitalSignsRow[];
  /** Device ids in the order in which they occur. */
  readonly deviceIds: readonly string[];
  /** SHA-256 (hex) over names and bytes of the files: equal when and only when the same is replayed. */
  readonly contentHash: string;
}

/** A file to replay. */
export interface RecordingFile {
  /** As it is named to people; without a `device` column the device id comes from it. */
  readonly name: string;
  readonly content: Buffer;
}

/** What is wrong with the files, all of it: one line a problem, with file, line and column. */
export class RecordingError extends Error {
  constructor(readonly problems: readonly string[]) {
    const shown = problems.slice(0, shownProblems);
    const more = problems.length > shown.length ? [`... and ${problems.length - shown.length} more`] : [];
    super(['The recording cannot be replayed:', ...shown, ...more].join('\n  '));
    this.name = 'RecordingError';
  }
}

const shownProblems = 50;
const minuteMs = 60_000;
/** A recording spans at most a year: a larger minute is a unit mistake (seconds, epoch times). */
const lastMinute = 366 * 24 * 60;
const numberPattern = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const vitalPattern = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

interface Line {
  readonly number: number;
  readonly cells: readonly string[];
}

interface Columns {
  readonly minute: number;
  readonly device: number | undefined;
  readonly vitals: readonly { readonly name: string; readonly index: number }[];
}

/**
 * Reads recorded vital signs. Columns go by the header: `minute` (required, 0 or more, whole or decimal, ascending for
 * each device), `device` (optional: else the device id is the file's name), every other column is a vital; a blank cell
 * is a vital that was not measured.
 * @throws RecordingError with all that is wrong in all files.
 */
export function parseRecording(files: readonly RecordingFile[]): Recording {
  const problems: string[] = [];
  const perFile = files.map((file) => ({ name: file.name, rows: parseFile(file, problems) }));
  checkDevicesAcross(perFile, problems);
  const rows = perFile.flatMap((file) => file.rows);
  if (problems.length === 0 && !rows.some((row) => Object.keys(row.vitals).length > 0)) {
    problems.push(`${files.map((file) => file.name).join(', ') || 'no file'}: no measured value in any row`);
  }
  if (problems.length > 0) throw new RecordingError(problems);
  return {
    rows: rows.toSorted((a, b) => a.offsetMs - b.offsetMs),
    deviceIds: [...new Set(rows.map((row) => row.deviceId))],
    contentHash: hashOf(files),
  };
}

/** Reads recordings from disk. @throws RecordingError, also when a file cannot be read. */
export async function readRecording(paths: readonly string[]): Promise<Recording> {
  const problems: string[] = [];
  const files: RecordingFile[] = [];
  for (const path of paths) {
    try {
      files.push({ name: path, content: await readFile(path) });
    } catch (error) {
      problems.push(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`);
    }
  }
  if (problems.length > 0) throw new RecordingError(problems);
  return parseRecording(files);
}

function hashOf(files: readonly RecordingFile[]): string {
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(JSON.stringify([deviceIdOfFile(file.name), file.content.length])).update(file.content);
  return hash.digest('hex');
}

function parseFile(file: RecordingFile, problems: string[]): VitalSignsRow[] {
  const report = (where: string, what: string) => problems.push(`${file.name}${where}: ${what}`);
  const [header, ...lines] = readLines(file, report);
  if (!header) {
    if (!problems.some((problem) => problem.startsWith(`${file.name}`)))
      report('', 'is empty; a header line with the column minute is needed');
    return [];
  }
  const columns = readHeader(header, report);
  if (!columns) return [];
  if (lines.length === 0) report('', 'has a header and no rows');
  return readRows(lines, header, columns, deviceIdOfFile(file.name), report);
}

type Report = (where: string, what: string) => void;

function readLines(file: RecordingFile, report: Report): Line[] {
  try {
    const records = parse(file.content, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    });
    return (records as unknown as { info: Info; record: string[] }[]).map(({ info, record }) => ({
      number: info.lines,
      cells: record,
    }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    report(`, line ${error.lines ?? 1}`, `is not CSV: ${error.message}`);
    return [];
  }
}

function readHeader(header: Line, report: Report): Columns | undefined {
  const where = (index: number) => `, line ${header.number}, column ${index + 1}`;
  const first = new Map<string, number>();
  let good = true;
  const wrong = (index: number, what: string) => {
    report(where(index), what);
    good = false;
  };
  header.cells.forEach((name, index) => {
    if (first.has(name)) wrong(index, `'${name}' is there twice; each column may stand once`);
    else if (name === 'time') wrong(index, `'time' cannot be a vital; the time of a row is in the column minute`);
    else if (!vitalPattern.test(name)) {
      wrong(
        index,
        `'${name}' cannot be a column; up to 64 letters, digits and _ starting with a letter, separated by commas`,
      );
    }
    if (!first.has(name)) first.set(name, index);
  });
  const minute = first.get('minute');
  if (minute === undefined)
    report(`, line ${header.number}`, `there is no column minute (columns: ${header.cells.join(', ')})`);
  const vitals = [...first].filter(([name]) => name !== 'minute' && name !== 'device');
  if (vitals.length === 0) report(`, line ${header.number}`, 'there is no column for a vital');
  if (!good || minute === undefined || vitals.length === 0) return undefined;
  return { minute, device: first.get('device'), vitals: vitals.map(([name, index]) => ({ name, index })) };
}

function readRows(lines: readonly Line[], header: Line, columns: Columns, fileDevice: string, report: Report) {
  const rows: VitalSignsRow[] = [];
  const last = new Map<string, number>();
  for (const line of lines) {
    const at = (column: string) => `, line ${line.number}, column ${column}`;
    if (line.cells.length !== header.cells.length) {
      report(`, line ${line.number}`, `has ${line.cells.length} cells, the header has ${header.cells.length}`);
      continue;
    }
    const deviceId = columns.device === undefined ? fileDevice : (line.cells[columns.device] ?? '');
    const deviceGood = isDeviceId(deviceId);
    if (!deviceGood) report(at('device'), `'${deviceId}' cannot be a device id; ${deviceIdRule}`);
    const vitals = readVitals(line, columns, (name, what) => report(at(name), what));
    const offsetMs = readMinute(line.cells[columns.minute] ?? '', (what) => report(at('minute'), what));
    if (offsetMs === undefined || !deviceGood) continue;
    const before = last.get(deviceId);
    if (before !== undefined && offsetMs <= before) {
      report(
        at('minute'),
        `${offsetMs / minuteMs} of device ${deviceId} does not come after ${before / minuteMs}; rows ascend in time for each device`,
      );
    }
    last.set(deviceId, offsetMs);
    rows.push({ deviceId, offsetMs, vitals });
  }
  return rows;
}

function readVitals(line: Line, columns: Columns, report: (column: string, what: string) => void) {
  const vitals: Record<string, number> = {};
  for (const { name, index } of columns.vitals) {
    const cell = line.cells[index] ?? '';
    if (cell === '') continue;
    const value = numberPattern.test(cell) ? Number(cell) : Number.NaN;
    if (Number.isFinite(value)) vitals[name] = value;
    else report(name, `'${cell}' is not a number; a number with a decimal point, or blank for not measured`);
  }
  return vitals;
}

function readMinute(cell: string, report: (what: string) => void): number | undefined {
  const minute = numberPattern.test(cell) ? Number(cell) : Number.NaN;
  if (minute >= 0 && minute <= lastMinute) return Math.round(minute * minuteMs);
  report(`'${cell}' is not a minute; a number from 0 to ${lastMinute} (a year)`);
  return undefined;
}

/** A device lies in one file, in one spelling: DPS compares registration ids without regard to case. */
function checkDevicesAcross(
  files: readonly { name: string; rows: readonly VitalSignsRow[] }[],
  problems: string[],
): void {
  const seen = new Map<string, { deviceId: string; file: string }>();
  for (const file of files) {
    for (const deviceId of new Set(file.rows.map((row) => row.deviceId))) {
      const other = seen.get(deviceId.toLowerCase());
      if (!other) seen.set(deviceId.toLowerCase(), { deviceId, file: file.name });
      else if (other.file !== file.name)
        problems.push(`${file.name}: device ${deviceId} is also in ${other.file}; a device lies in one file`);
      else
        problems.push(
          `${file.name}: devices ${other.deviceId} and ${deviceId} differ only in case, which DPS does not tell apart`,
        );
    }
  }
}
