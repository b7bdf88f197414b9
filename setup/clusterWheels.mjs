import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alone } from './cache.mjs';
import { run } from './command.mjs';
import { projectFolder } from './dependencies.mjs';
import { SetupError, say } from './say.mjs';

/** What the job brings to its cluster, which has no internet: for the machines of Databricks, whatever this one is. */
const requirement =
  'mini-racer==0.14.1 --hash=sha256:cdf3a088e1363f16a695288f882abf76b3705b8e1df21418208b87ed010037a4\n';
const platform = 'manylinux_2_27_x86_64';

/** The folder of the wheels in dist/, fetched when they are not there; the published package has them. */
export async function clusterWheels() {
  const folder = join(projectFolder, 'dist', 'databricks', 'wheels');
  if (hasWheels(folder)) return folder;
  return alone('cluster-wheels', async () => {
    if (hasWheels(folder)) return folder;
    say('fetching the wheel of mini-racer for the Databricks job (22 MB)');
    const making = `${folder}.making`;
    rmSync(making, { recursive: true, force: true });
    mkdirSync(making, { recursive: true });
    const requirements = join(making, 'requirements.txt');
    writeFileSync(requirements, requirement);
    const args = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes'];
    const { code, tail } = await run('python3', [
      ...[...args, '--only-binary', ':all:', '--platform', platform, '--dest', making, '--requirement', requirements],
    ]);
    rmSync(requirements, { force: true });
    if (code !== 0) {
      throw new SetupError(
        `The wheel of mini-racer could not be fetched; check the connection to the Python package index and run the command again. It said: ${tail}`,
      );
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(making, folder);
    return folder;
  });
}

function hasWheels(folder) {
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.whl'));
}

if (process.argv[1] === import.meta.filename) {
  try {
    console.log(await clusterWheels());
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
