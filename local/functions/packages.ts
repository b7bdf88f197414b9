import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { AzureError } from '../contracts';

/** Name under which a Flex Consumption app finds its package in its deployment container. */
export const releasedPackage = 'released-package.zip';

/**
 * Files of a package, by path. A package is a zip with host.json and package.json at its root (Learn: "Deployment
 * technologies in Azure Functions", one deploy).
 * @throws AzureError 400 for what is none
 */
export function readPackage(content: Buffer): Record<string, Uint8Array> {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(content);
  } catch (error) {
    throw invalid(`it is no zip file (${error instanceof Error ? error.message : String(error)})`);
  }
  for (const needed of ['host.json', 'package.json']) {
    const file = files[needed];
    if (file === undefined) throw invalid(`${needed} is missing at its root`);
    try {
      JSON.parse(Buffer.from(file).toString('utf8'));
    } catch {
      throw invalid(`its ${needed} is no JSON`);
    }
  }
  const outside = Object.keys(files).find(
    (path) => path.split(/[/\\]/).includes('..') || /^([/\\]|[A-Za-z]:)/.test(path),
  );
  if (outside !== undefined) throw invalid(`'${outside}' lies outside of it`);
  return files;
}

/**
 * Unpacks into a folder of its own below `folder`, named by the content, unless it lies there. Others are removed.
 * @returns the package's root
 */
export function unpack(content: Buffer, folder: string): string {
  const files = readPackage(content);
  const root = join(folder, createHash('sha256').update(content).digest('hex').slice(0, 16));
  if (existsSync(root)) return root;
  rmSync(folder, { recursive: true, force: true });
  // A process that dies while it unpacks leaves no folder that looks whole.
  const unfinished = `${root}.unfinished`;
  for (const [path, bytes] of Object.entries(files)) {
    if (path.endsWith('/')) continue;
    const file = join(unfinished, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  renameSync(unfinished, root);
  return root;
}

function invalid(why: string): AzureError {
  return new AzureError(400, 'InvalidPackage', `This is no package of a function app: ${why}.`);
}
