// Finds a Chromium for the tests of the live page; on Debian as root it installs one. As a command:
//   node setup/chromium.mjs   prints the path of the executable, or exits 1 with one sentence that says what to install.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function onPath() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** Ubuntu's `chromium` is only a door to a snap, which does not run as root in a container: so Debian, and only Debian. */
function isDebianAsRoot() {
  const isDebian = existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
  return isDebian && process.getuid?.() === 0;
}

function apt(args) {
  process.stderr.write(`Chromium: apt-get ${args.join(' ')}\n`);
  const options = ['-o', 'DPkg::Lock::Timeout=600', '-q'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', [...options, ...args], { stdio: ['ignore', 2, 2], env }).status === 0;
}

/**
 * `{ executablePath }`, or `{ reason }` with one sentence for people. Looks at CHROMIUM_PATH, then at the PATH, then
 * installs Debian's package (about 350 MB, a minute), with its progress on stderr.
 */
export function chromium() {
  const given = process.env.CHROMIUM_PATH;
  if (given) {
    if (isExecutable(given)) return { executablePath: given };
    return { reason: `CHROMIUM_PATH is ${given}, which is not an executable file: set it to a Chromium or Chrome.` };
  }
  const found = onPath();
  if (found) return { executablePath: found };
  if (!isDebianAsRoot()) {
    return { reason: 'No Chromium on the PATH: install chromium or Google Chrome, or set CHROMIUM_PATH to one.' };
  }
  const installed =
    apt(['update']) && apt(['install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core']);
  const executablePath = installed ? onPath() : undefined;
  if (executablePath) return { executablePath };
  return { reason: 'apt-get could not install chromium: install it by hand, or set CHROMIUM_PATH to one.' };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { executablePath, reason } = chromium();
  if (executablePath) process.stdout.write(`${executablePath}\n`);
  else {
    process.stderr.write(`${reason}\n`);
    process.exitCode = 1;
  }
}
