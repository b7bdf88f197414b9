import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import expected from './armcheckExceptions.json';
import type { StateResource } from './engineStack';

/** A judge of ARM requests by Azure's published types; it lies beside the project where that is developed. */
const armcheck = resolve(__dirname, '..', '..', '..', 'shared', 'tools', 'armcheck', 'armcheck.py');

const isThere = existsSync(armcheck);
const reason = 'not run, ../shared/tools/armcheck is not there';

/** A test that needs armcheck; without it the test is skipped and its name says why. */
export function armcheckTest(name: string, run: () => Promise<void>): void {
  if (isThere) test(name, run);
  else test.skip(`${name} (${reason})`, run);
}

if (!isThere) process.stdout.write(`Judgement by Azure's published types: ${reason}.\n`);

interface Row {
  readonly type: string;
  readonly name?: string;
  readonly severity: 'error' | 'warn' | 'unjudged';
  readonly code: string;
  readonly path: string;
  readonly message: string;
}

export interface ArmJudgement {
  /** Findings and kinds without judgement that armcheckExceptions.json does not list, as sentences. */
  readonly unlisted: readonly string[];
  /** Kinds that could not be judged, sorted. */
  readonly unjudged: readonly string[];
}

/** Judges what a stack registered, as `--strict` does: a warning counts as an error. */
export function judgeArm(resources: readonly StateResource[]): ArmJudgement {
  const folder = mkdtempSync(join(tmpdir(), 'armcheck-'));
  try {
    const file = join(folder, 'resources.json');
    const items = resources.map(({ type, urn, inputs }) => ({ type, name: urn.split('::').at(-1), inputs }));
    writeFileSync(file, JSON.stringify(items));
    const { stdout, stderr, status } = spawnSync('python3', [armcheck, file, '--strict', '--json'], {
      encoding: 'utf8',
    });
    if (status === null || ![0, 1, 2].includes(status) || stdout === '') throw new Error(`armcheck failed: ${stderr}`);
    const rows = JSON.parse(stdout) as Row[];
    const unjudged = rows.filter(({ severity }) => severity === 'unjudged').map(({ type }) => type);
    return {
      unlisted: rows.filter((row) => !isExpected(row)).map(sentence),
      unjudged: [...new Set(unjudged)].sort(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is listed as not to be judged, each with its reason. */
export const listedAsUnjudged = expected.unjudged.map(({ kind }) => kind).sort();

const misjudged: readonly { readonly kind: string; readonly path: string; readonly reason: string }[] =
  expected.misjudged;

function isExpected({ severity, type, path }: Row): boolean {
  if (severity === 'unjudged') return listedAsUnjudged.includes(type);
  return misjudged.some((exception) => exception.kind === type && exception.path === path);
}

function sentence({ severity, type, name, code, path, message }: Row): string {
  return `${severity} ${type} "${name}" ${path}: ${code}: ${message}`;
}
