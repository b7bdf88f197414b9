import { createHash } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { alone, cacheFolder } from './cache.mjs';
import { output, run } from './command.mjs';
import { SetupError, say } from './say.mjs';

/**
 * The `python` of a virtual environment with exactly these packages (pinned: `name==1.2.3`), made once per machine in
 * our cache. Run what it has by `python -m`: its scripts name the folder in which it was made.
 */
export async function pythonWith(packages) {
  const hash = createHash('sha256')
    .update([...packages].sort().join('\n'))
    .digest('hex')
    .slice(0, 12);
  const folder = join(cacheFolder(), `python-${hash}`);
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return python;
  const version = output('python3', ['--version']);
  if (!version)
    throw new SetupError(
      'Python 3 is not on PATH; install it (Debian: apt install python3 python3-venv) and run the command again.',
    );
  return alone(`python-${hash}`, async () => {
    if (existsSync(python)) return python;
    say(`setting up ${version} with ${packages.join(', ')} (about a minute the first time)`);
    const making = `${folder}.making`;
    rmSync(making, { recursive: true, force: true });
    await step('python3', ['-m', 'venv', making], 'install the module venv (Debian: apt install python3-venv)');
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
    await step(join(making, 'bin', 'python'), install, 'check the connection to the Python package index');
    renameSync(making, folder);
    say('Python packages installed');
    return python;
  });
}

async function step(command, args, remedy) {
  const { code, tail } = await run(command, args);
  if (code !== 0)
    throw new SetupError(
      `${command} ${args.slice(0, 2).join(' ')} failed; ${remedy} and run the command again. It said: ${tail}`,
    );
}

if (process.argv[1] === import.meta.filename) {
  try {
    console.log(await pythonWith(process.argv.slice(2)));
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    process.exitCode = 1;
  }
}
