/**
 * Completes package-lock.json after a change of dependencies: `node setup/completeLock.mjs`.
 *
 * A registry that holds the binaries of some platforms only makes npm leave the others out of the lock file, and then
 * `npm ci` refuses that file everywhere. What is added names the version, and the platform by the package's own name, so
 * that other platforms pass over it; only checksums of these entries are missing.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from './dependencies.mjs';

const file = join(projectFolder, 'package-lock.json');
const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

/** As in `@biomejs/cli-linux-x64-musl`; nothing for a package that is not a platform's. */
export function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  if (!os || !cpu) return undefined;
  const libc = /musl/.test(name) ? { libc: ['musl'] } : os === 'linux' && /gnu/.test(name) ? { libc: ['glibc'] } : {};
  return { os: [os], cpu: [cpu], ...libc };
}

const lock = JSON.parse(readFileSync(file, 'utf8'));
let added = 0;
for (const [place, { dev, optionalDependencies = {} }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const platform = platformOf(name);
    const isThere = Object.keys(lock.packages).some((other) => other.endsWith(`node_modules/${name}`));
    if (!place || isThere || !platform) continue;
    lock.packages[`node_modules/${name}`] = { version, ...(dev && { dev }), optional: true, ...platform };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} entries added`);
