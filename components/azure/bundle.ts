import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';

/** The function apps whose code ships with the library, by the names of their folders in `dist/functions`. */
export const functionAppNames = [
  'normalize',
  'write-observations',
  'ml-input',
  'score',
  'long-view',
  'ml-output',
  'repository-migrations',
  'routing',
] as const;
export type FunctionAppName = (typeof functionAppNames)[number];

/**
 * Where what is built of one kind lies: beside the compiled components in the published package, below `dist` where the
 * components run from source.
 */
export function builtFolder(kind: 'functions' | 'databricks'): string {
  const published = resolve(__dirname, '..', '..', kind);
  return existsSync(published) ? published : resolve(__dirname, '..', '..', 'dist', kind);
}

/**
 * The path of an app's bundle. In a program that the `pulumi` command runs it is seen from the program's folder, as the
 * engine reads it: an absolute one would name a machine's folders in the state. Elsewhere (inline programs, component
 * plugins) engine and program have different working directories, and the path is absolute.
 *
 * @throws RunError in one sentence where the bundle is missing, or older than the sources that lie beside it
 */
export function bundleFile(app: FunctionAppName): string {
  const folder = builtFolder('functions');
  const file = join(folder, app, 'main.js');
  if (!existsSync(file)) throw outOfDate(app, 'is missing');
  const changed = changedInput(folder, app);
  if (changed !== undefined) throw outOfDate(app, `is older than ${changed}`);
  return seenByEngine(file);
}

/** A file's path as the engine reads it, without a machine's folders where that can be. */
export function seenByEngine(file: string): string {
  return isRunByCommand() ? relative(process.cwd(), file) : file;
}

/** Whether this process is the one that the `pulumi` command starts for a program. */
function isRunByCommand(): boolean {
  const [, script = ''] = process.argv;
  return /[\\/]@pulumi[\\/]pulumi[\\/]cmd[\\/]run([\\/]|$)/.test(script);
}

export function readBundle(app: FunctionAppName): Uint8Array {
  return readFileSync(bundleFile(app));
}

/** Said without a stack of the library's own calls. */
function outOfDate(app: FunctionAppName, what: string): pulumi.RunError {
  return new pulumi.RunError(
    `The bundle of the function app "${app}" ${what}; run "npm run build" in the library's folder first.`,
  );
}

/**
 * The first source of a bundle that is no longer what the bundle was made of. The build notes each source's hash; the
 * published package has neither notes nor sources.
 */
function changedInput(folder: string, app: FunctionAppName): string | undefined {
  const notes = join(folder, `${app}.inputs.json`);
  if (!existsSync(notes)) return undefined;
  const inputs = JSON.parse(readFileSync(notes, 'utf8')) as Record<string, string>;
  const root = resolve(folder, '..', '..');
  return Object.keys(inputs).find((input) => sha256OfFile(join(root, input)) !== inputs[input]);
}

function sha256OfFile(file: string): string | undefined {
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : undefined;
}
