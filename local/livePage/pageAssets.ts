import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

export interface Asset {
  readonly contentType: string;
  readonly content: string;
}

const pageFolder = join(__dirname, 'page');
let cached: Promise<ReadonlyMap<string, Asset>> | undefined;

/** What the browser loads, by path. Built once a process, in memory. */
export function pageAssets(): Promise<ReadonlyMap<string, Asset>> {
  cached ??= buildAssets();
  return cached;
}

async function buildAssets(): Promise<ReadonlyMap<string, Asset>> {
  const [html, icon, style, plotStyle, script] = await Promise.all([
    readFile(join(pageFolder, 'index.html'), 'utf8'),
    readFile(join(pageFolder, 'favicon.svg'), 'utf8'),
    readFile(join(pageFolder, 'style.css'), 'utf8'),
    readFile(require.resolve('uplot/dist/uPlot.min.css'), 'utf8'),
    bundledScript(),
  ]);
  return new Map([
    ['/', { contentType: 'text/html; charset=utf-8', content: html }],
    ['/favicon.svg', { contentType: 'image/svg+xml', content: icon }],
    ['/style.css', { contentType: 'text/css; charset=utf-8', content: `${plotStyle}\n${style}` }],
    ['/page.js', { contentType: 'text/javascript; charset=utf-8', content: script }],
  ]);
}

async function bundledScript(): Promise<string> {
  const result = await build({
    entryPoints: [join(pageFolder, 'main.ts')],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    logLevel: 'silent',
  });
  return result.outputFiles.map((file) => file.text).join('');
}
