import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The function apps, by the names of their folders in dist/functions, and the module that each starts with. */
const apps = {
  normalize: 'runtime/functions/normalizeApp.ts',
  'write-observations': 'runtime/functions/writeObservationsApp.ts',
};

/** What decides on a bundle beside the sources in it: the versions of the libraries, and this file. */
const alwaysInputs = ['package-lock.json', 'setup/bundles.mjs'];

/**
 * Bundles each function app into one file, dist/functions/<app>/main.js. Its bytes depend on the sources and the lock file
 * alone: not on the folder, the working directory, the clock or the user. Beside it lies the hash of every source, by which
 * an unchanged bundle is left as it is, and by which the components tell one that is older than its sources.
 */
export async function buildBundles(projectFolder) {
  await Promise.all(Object.keys(apps).map((app) => buildBundle(projectFolder, app)));
}

async function buildBundle(projectFolder, app) {
  const folder = join(projectFolder, 'dist', 'functions');
  const program = join(folder, app, 'main.js');
  const notes = join(folder, `${app}.inputs.json`);
  if (existsSync(program) && isUpToDate(projectFolder, notes)) return;
  const { outputFiles, metafile } = await bundle(projectFolder, apps[app]);
  const own = Object.keys(metafile.inputs).filter((input) => !input.includes('node_modules/'));
  const hashes = [...own, ...alwaysInputs].sort().map((input) => [input, hashOf(join(projectFolder, input))]);
  replaceFile(program, outputFiles[0].contents);
  replaceFile(notes, `${JSON.stringify(Object.fromEntries(hashes), undefined, 2)}\n`);
}

async function bundle(projectFolder, entryPoint) {
  const { build } = await import('esbuild');
  return build({
    absWorkingDir: projectFolder,
    entryPoints: [entryPoint],
    outfile: 'dist/main.js',
    write: false,
    metafile: true,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
    // Comments with paths go, names stay: errors and stack traces tell where they come from.
    minify: true,
    keepNames: true,
    // jsonc-parser's `main` is UMD, which a bundler cannot follow.
    mainFields: ['module', 'main'],
    // The Functions host brings it.
    external: ['@azure/functions-core'],
    // @azure/storage-common asks for its own URL, which a CommonJS module does not have.
    define: { 'import.meta.url': 'importMetaUrl' },
    banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  });
}

function isUpToDate(projectFolder, notes) {
  if (!existsSync(notes)) return false;
  const inputs = Object.entries(JSON.parse(readFileSync(notes, 'utf8')));
  return inputs.every(([input, hash]) => hashOf(join(projectFolder, input)) === hash);
}

function hashOf(file) {
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : undefined;
}

/** A process that reads meanwhile sees the old file or the new one. */
function replaceFile(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  const written = `${file}.${process.pid}`;
  writeFileSync(written, content);
  renameSync(written, file);
}
