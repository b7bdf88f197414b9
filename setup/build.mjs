import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(projectFolder, 'components');

/**
 * Turns components/ into CommonJS, file by file, so that what a program loads is what it uses. Takes less than a second;
 * declarations come from `tsc -p tsconfig.build.json`, which only a release needs.
 */
export async function build() {
  const { build: transpile } = await import('esbuild');
  const names = readdirSync(sources, { recursive: true }).filter((name) => name.endsWith('.ts'));
  await transpile({
    absWorkingDir: projectFolder,
    entryPoints: names.map((name) => join('components', name)),
    outbase: 'components',
    outdir: join('dist', 'components'),
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    charset: 'utf8',
    logLevel: 'warning',
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await build();
