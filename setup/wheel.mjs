import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';

const packageName = 'iomt_scoring';

/** What a zip can say at the least, in whatever time zone: archives must not depend on when they are made. */
const timestamp = new Date(1980, 0, 1);

/**
 * Packs the Databricks job, runtime/databricks/iomt_scoring, with the kernel's bundle into one wheel. Its bytes depend on the
 * sources and the version alone: not on the folder, the clock or the user.
 *
 * @param {string} projectFolder
 * @param {{ folder?: string, kernel?: string }} [options] folder: where the wheel goes, default dist/databricks. kernel: the
 *   bundle (`buildKernel`), default that one's kernel.js
 * @returns {string} the wheel's path
 */
export function buildWheel(
  projectFolder,
  { folder = join(projectFolder, 'dist', 'databricks'), kernel = join(folder, 'kernel.js') } = {},
) {
  const { version, description, license } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'));
  const name = `${packageName}-${version}-py3-none-any.whl`;
  const bytes = wheel(version, [
    ...modules(join(projectFolder, 'runtime', 'databricks', packageName)),
    [`${packageName}/kernel.js`, readFileSync(kernel)],
    [`${packageName}-${version}.dist-info/METADATA`, metadata({ version, description, license })],
    [
      `${packageName}-${version}.dist-info/WHEEL`,
      lines('Wheel-Version: 1.0', 'Generator: pulumi-azure-iomt', 'Root-Is-Purelib: true', 'Tag: py3-none-any'),
    ],
    [
      `${packageName}-${version}.dist-info/entry_points.txt`,
      lines('[console_scripts]', `main = ${packageName}.job:main`),
    ],
  ]);
  mkdirSync(folder, { recursive: true });
  removeOthers(folder, name);
  const path = join(folder, name);
  if (existsSync(path) && readFileSync(path).equals(bytes)) return path;
  // A process that reads meanwhile sees the old file or the new one.
  writeFileSync(`${path}.${process.pid}`, bytes);
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

function modules(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.py'));
  return names.map((name) => [`${packageName}/${name}`, readFileSync(join(folder, name))]);
}

/**
 * Without requirements: a cluster has no package index to fetch them from. Spark and pyarrow are the runtime's, and mini-racer is
 * a library of the job beside this one.
 */
function metadata({ version, description, license }) {
  return lines(
    'Metadata-Version: 2.1',
    'Name: iomt-scoring',
    `Version: ${version}`,
    `Summary: Scoring job of: ${description}`,
    `License: ${license}`,
    'Requires-Python: >=3.11',
  );
}

function lines(...texts) {
  return Buffer.from(texts.map((text) => `${text}\n`).join(''));
}

function wheel(version, files) {
  const sorted = files.sort(([one], [other]) => (one < other ? -1 : 1));
  const recordName = `${packageName}-${version}.dist-info/RECORD`;
  const entries = sorted.map(([path, bytes]) => {
    const hash = createHash('sha256').update(bytes).digest('base64url');
    return `${path},sha256=${hash},${bytes.length}`;
  });
  const all = [...sorted, [recordName, lines(...entries, `${recordName},,`)]];
  // A regular file, readable by all, as Unix says it.
  const options = { mtime: timestamp, level: 9, os: 3, attrs: (0o100644 << 16) >>> 0 };
  return Buffer.from(zipSync(Object.fromEntries(all.map(([path, bytes]) => [path, [bytes, options]]))));
}

/** Of earlier versions: whoever looks for the wheel finds one. */
function removeOthers(folder, name) {
  const wheels = readdirSync(folder).filter(
    (one) => one.startsWith(packageName) && one.endsWith('.whl') && one !== name,
  );
  for (const one of wheels) rmSync(join(folder, one));
}
