import { join } from 'node:path';
import { build } from 'esbuild';

let built: Promise<string> | undefined;

/** The program of a function's process, as one file that plain Node.js runs. Built once a process, in memory. */
export function workerBundle(): Promise<string> {
  built ??= bundle();
  return built;
}

async function bundle(): Promise<string> {
  const result = await build({
    entryPoints: [join(__dirname, 'worker', 'main.ts')],
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    // @azure/storage-blob asks for the URL of its own module, which a CommonJS file has under another name.
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'silent',
  });
  return result.outputFiles.map((file) => file.text).join('');
}
