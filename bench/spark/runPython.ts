import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultKernelSettings } from '../../runtime/scoring/kernelSettings';

const project = join(__dirname, '..', '..');

/**
 * Runs a script of this folder with Spark, the job's wheel and the settings given, in an empty folder; `say` hears what it writes
 * to standard error.
 *
 * @returns its last line, which is JSON
 */
export async function runPython<R>(script: string, settings: object, say: (line: string) => void): Promise<R> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-spark-'));
  try {
    const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' }).trim();
    const { python, sparkJars } = JSON.parse(node('setup/spark.mjs', 'spark')) as { python: string; sparkJars: string };
    const wheel = node('--input-type=module', '--eval', wheelProgram, folder);
    const file = join(folder, 'settings.json');
    const kernelSettings = JSON.stringify({ ...defaultKernelSettings, baselines: false });
    writeFileSync(file, JSON.stringify({ ...settings, jars: sparkJars, folder, kernelSettings }));
    const path = [wheel, join(project, 'test', 'support', 'python'), __dirname].join(':');
    const env = { ...process.env, PYTHONPATH: path, PYSPARK_PYTHON: python, SPARK_LOCAL_IP: '127.0.0.1' };
    return JSON.parse(await lastLine(python, [join(__dirname, script), file], env, say)) as R;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const wheelProgram =
  'const [folder] = process.argv.slice(1), project = process.cwd();' +
  "const { buildKernel } = await import(project + '/setup/bundles.mjs');" +
  "const { buildWheel } = await import(project + '/setup/wheel.mjs');" +
  'await buildKernel(project, { folder }); console.log(buildWheel(project, { folder }));';

async function lastLine(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<string> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    errors += text;
    for (const line of String(text).split('\n')) if (/^[a-zA-Z0-9]+: [\d.]+ /.test(line)) say(line);
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`${args[0]} has ended with ${code}: ${errors.slice(-4000)}`);
  return output.trim().split('\n').at(-1) ?? '';
}
