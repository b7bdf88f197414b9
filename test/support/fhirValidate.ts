import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** A validator of FHIR R4 with the core profiles; it lies beside the project where that is developed. */
const tool = resolve(__dirname, '..', '..', '..', 'shared', 'tools', 'fhir-validate');
const built = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pulumi-azure-iomt', 'fhir-validate');
const jar = join(built, 'target', 'fhir-validate-1.jar');

const reason = missing();

function missing(): string | undefined {
  if (!existsSync(tool)) return '../shared/tools/fhir-validate is not there';
  for (const [command, flag] of [
    ['java', '-version'],
    ['mvn', '-version'],
  ] as const) {
    if (spawnSync(command, [flag]).status !== 0) return `there is no ${command}`;
  }
  return undefined;
}

/** A test that needs the validator; without it the test is skipped and its name says why. */
export function fhirValidateTest(name: string, run: () => Promise<void>): void {
  if (reason === undefined) test(name, run, 900_000);
  else test.skip(`${name} (not run, ${reason})`, run);
}

if (reason !== undefined) process.stdout.write(`Validation of FHIR resources: not run, ${reason}.\n`);

/** Once a machine: a minute or two, most of it for the definitions of FHIR. */
function build(): void {
  if (existsSync(jar)) return;
  const next = `${built}-${process.pid}`;
  mkdirSync(next, { recursive: true });
  for (const part of ['pom.xml', 'src']) cpSync(join(tool, part), join(next, part), { recursive: true });
  const { status, stdout, stderr } = spawnSync('mvn', ['-q', 'package'], { cwd: next, encoding: 'utf8' });
  if (status !== 0) throw new Error(`fhir-validate could not be built:\n${stdout}${stderr}`);
  rmSync(built, { recursive: true, force: true });
  renameSync(next, built);
}

export interface FhirJudgement {
  readonly resources: number;
  /** The errors, each as the validator words it; without the profiles' warnings. */
  readonly errors: readonly string[];
}

/** Judges files (`.ndjson`, a resource a line) or folders of them. */
export function judgeFhir(...paths: readonly string[]): FhirJudgement {
  build();
  const args = ['-Xmx1g', '-jar', jar, '--errors-only', ...paths];
  const { stdout, stderr } = spawnSync('java', args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  const resources = Number(/resources=(\d+)/.exec(stderr)?.[1] ?? Number.NaN);
  if (Number.isNaN(resources)) throw new Error(`fhir-validate did not judge:\n${stderr}`);
  return { resources, errors: stdout.split('\n').filter((line) => line !== '') };
}
