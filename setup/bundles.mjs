import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** The function apps, by the names of their folders in dist/functions, and the module that each starts with. */
const apps = {
  normalize: 'runtime/functions/normalizeApp.ts',
  'write-observations': 'runtime/functions/writeObservationsApp.ts',
  'ml-input': 'runtime/functions/mlInputApp.ts',
  score: 'runtime/functions/scoreApp.ts',
  'long-view': 'runtime/functions/longViewApp.ts',
  'ml-output': 'runtime/functions/mlOutputApp.ts',
  'repository-migrations': 'runtime/functions/repositoryMigrationsApp.ts',
  routing: 'runtime/functions/routingApp.ts',
};

/** What decides on a bundle beside the sources in it: the versions of the libraries, and this file. */
const alwaysInputs = ['package-lock.json', 'setup/bundles.mjs'];

/**
 * Bundles each function app into one file, dist/functions/<app>/main.js. Its bytes depend on the sources and the lock file
 * alone: not on the folder, the working directory, the clock or the user. Beside it lies the hash of every source, by which
 * an unchanged bundle is left as it is, and by which the components tell one that is older than its sources.
 */
export async function buildBundles(projectFolder) {
  const folder = join(projectFolder, 'dist', 'functions');
  const functions = Object.keys(apps).map((app) =>
    buildBundle(projectFolder, join(folder, app, 'main.js'), join(folder, `${app}.inputs.json`), () =>
      bundle(projectFolder, apps[app]),
    ),
  );
  await Promise.all([...functions, buildKernel(projectFolder)]);
}

/**
 * Bundles the scoring kernel for a V8 without Node: dist/databricks/kernel.js, which sets the global `iomtKernel`
 * (runtime/databricks/kernelEntry.ts), and dist/databricks/kernel.inputs.json.
 *
 * @param {string} projectFolder
 * @param {{ modelModule?: string, folder?: string }} [options] modelModule: a TypeScript module of the site's own that exports
 *   `model` (a `Model` of runtime/scoring/model.ts), bundled in; default none. folder: where the two files go
 */
export async function buildKernel(
  projectFolder,
  { modelModule, folder = join(projectFolder, 'dist', 'databricks') } = {},
) {
  const model =
    modelModule === undefined ? join(projectFolder, 'runtime/scoring/bundledModel.ts') : resolve(modelModule);
  const kernel = () => bundleKernel(projectFolder, modelModule);
  await buildBundle(projectFolder, join(folder, 'kernel.js'), join(folder, 'kernel.inputs.json'), kernel, [
    relative(projectFolder, model),
  ]);
}

/** Puts a site's own model in the place of the one that is bundled in by default, in whatever bundle has the kernel. */
export function withModel(modelModule) {
  return {
    name: 'model',
    setup(build) {
      if (modelModule !== undefined)
        build.onResolve({ filter: /^\.\/bundledModel$/ }, () => ({ path: resolve(modelModule) }));
    },
  };
}

/** @param {readonly string[]} needed inputs without which it would be another bundle */
async function buildBundle(projectFolder, program, notes, bundled, needed = []) {
  if (existsSync(program) && isUpToDate(projectFolder, notes, needed)) return;
  const { outputFiles, metafile } = await bundled();
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

/** No Node, no console, and the names of functions stay in errors. */
async function bundleKernel(projectFolder, modelModule) {
  const { build } = await import('esbuild');
  return build({
    absWorkingDir: projectFolder,
    entryPoints: ['runtime/databricks/kernelEntry.ts'],
    outfile: 'dist/databricks/kernel.js',
    write: false,
    metafile: true,
    bundle: true,
    format: 'iife',
    globalName: 'iomtKernel',
    platform: 'neutral',
    target: 'es2023',
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
    minify: true,
    keepNames: true,
    plugins: [withModel(modelModule)],
  });
}

function isUpToDate(projectFolder, notes, needed) {
  if (!existsSync(notes)) return false;
  const hashes = JSON.parse(readFileSync(notes, 'utf8'));
  const inputs = Object.entries(hashes);
  return (
    needed.every((input) => input in hashes) &&
    inputs.every(([input, hash]) => hashOf(join(projectFolder, input)) === hash)
  );
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
