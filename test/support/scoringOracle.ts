import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnrichedMeasurement, PatientPresence } from '../../runtime/contracts/enriched';
import type { PatientContext } from '../../runtime/contracts/patientContext';
import type { BaselineFile, ScoredWindow } from '../../runtime/contracts/scored';
import type { Vital } from '../../runtime/contracts/scoringSource';
import type { KernelSettings } from '../../runtime/scoring/kernelTypes';

/** What the oracle is asked: rows as they lie in `enriched`, or recordings of which it makes these rows itself. */
export interface OracleInput {
  readonly settings: KernelSettings;
  /** Milliseconds since 1970: windows whose end and lateness are at or before it are closed. */
  readonly until: number;
  /** In any order, as often as one likes; `late` and `arrival` do not matter. */
  readonly measurements?: readonly EnrichedMeasurement[];
  readonly presence?: readonly PatientPresence[];
  readonly recordings?: {
    readonly paths: readonly string[];
    /** Time of minute 0, and from when the patients are present. */
    readonly start: number;
    readonly limits: Readonly<Partial<Record<Vital, { readonly least: number; readonly most: number }>>>;
    /** By patient; unknown where left out. */
    readonly contexts?: Readonly<Record<string, PatientContext>>;
  };
  /** By version. */
  readonly baselines?: Readonly<Record<string, BaselineFile>>;
}

/** What a window says beside which revision it is and by which code. */
export type WindowContent = Omit<ScoredWindow, 'revision' | 'corrected' | 'kernel'>;

const script = join(__dirname, 'python', 'scoring_oracle.py');
/** A ward of a day is some megabytes of lines. */
const mostBytes = 512 * 1024 * 1024;

/** Why the oracle cannot be asked here; undefined where it can. */
export function whyNoOracle(): string | undefined {
  const { status } = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']);
  return status === 0 ? undefined : 'python3 3.9 or newer is not on the PATH';
}

/** What every closed window must be in the end, by patient and start. @throws Error with what Python said. */
export function askOracle(input: OracleInput): WindowContent[] {
  return runOracle(input, []).map((line) => JSON.parse(line) as WindowContent);
}

/** The rows that the oracle makes of recordings, for whom they are to be scored by as well. */
export function oracleRows(
  recordings: NonNullable<OracleInput['recordings']>,
): Required<Pick<OracleInput, 'measurements' | 'presence'>> {
  const rows = runOracle({ recordings }, ['--rows']);
  return JSON.parse(rows[0] ?? '') as ReturnType<typeof oracleRows>;
}

function runOracle(input: object, options: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'oracle-'));
  try {
    const file = join(folder, 'input.json');
    writeFileSync(file, JSON.stringify(input));
    // -B: no bytecode beside the sources.
    const { stdout, stderr, status } = spawnSync('python3', ['-B', script, file, ...options], {
      encoding: 'utf8',
      maxBuffer: mostBytes,
    });
    if (status !== 0) throw new Error(`The oracle failed: ${stderr}`);
    return stdout.split('\n').filter((line) => line !== '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Members of a window that are not compared: which revision it is, and by which code. */
const notCompared = ['revision', 'corrected', 'kernel'];
/** Sums whose last bits hang on the order of additions, relative to the greater of both and 1. All else is exact. */
const nearly: readonly RegExp[] = [/\.slope$/];
const nearlyBy = 1e-9;

/**
 * Where windows differ from those of the oracle, a line each: patient, start, path, what was found and what was expected.
 * Of several revisions of a window the last one counts. Empty: no difference.
 */
export function differencesFromOracle(
  found: readonly (WindowContent & { readonly revision?: number })[],
  expected: readonly WindowContent[],
): string[] {
  const nameOf = ({ patient, start }: WindowContent) => `${patient} ${new Date(start).toISOString()}`;
  const last = new Map<string, WindowContent & { readonly revision?: number }>();
  for (const window of found) {
    const before = last.get(nameOf(window));
    if (!before || (window.revision ?? 0) >= (before.revision ?? 0)) last.set(nameOf(window), window);
  }
  const wanted = new Map(expected.map((window) => [nameOf(window), window]));
  const missing = [...wanted.keys()].filter((name) => !last.has(name)).map((name) => `${name}: missing`);
  const surplus = [...last.keys()].filter((name) => !wanted.has(name)).map((name) => `${name}: not expected`);
  const differing = [...wanted].flatMap(([name, window]) => {
    const other = last.get(name);
    return other ? compare(other, window, '').map((difference) => `${name}${difference}`) : [];
  });
  return [...missing, ...surplus, ...differing].sort();
}

function compare(found: unknown, expected: unknown, path: string): string[] {
  if (isEqual(found, expected, path)) return [];
  if (isRecord(found) && isRecord(expected)) {
    const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
    return names
      .filter((name) => path !== '' || !notCompared.includes(name))
      .flatMap((name) => compare(found[name], expected[name], `${path}.${name}`));
  }
  if (Array.isArray(found) && Array.isArray(expected) && found.length === expected.length) {
    return expected.flatMap((value, i) => compare(found[i], value, `${path}[${i}]`));
  }
  return [` ${path.slice(1)}: ${said(found)}, expected ${said(expected)}`];
}

function isEqual(found: unknown, expected: unknown, path: string): boolean {
  if (found === expected) return true;
  if (typeof found !== 'number' || typeof expected !== 'number') return false;
  if (!nearly.some((pattern) => pattern.test(path))) return false;
  return Math.abs(found - expected) <= nearlyBy * Math.max(1, Math.abs(found), Math.abs(expected));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function said(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
}
