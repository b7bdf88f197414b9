import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alone, cacheFolder } from './cache.mjs';
import { output, run } from './command.mjs';
import { SetupError, say, withProgress } from './say.mjs';

/** The newest engine whose Go modules can all be had from the module proxy; anything newer on PATH is as good. */
const engineVersion = '3.252.0';

/** The last Node.js language host that lives in a module of its own, and so can be built; it runs today's SDK. */
const languageHostModule = 'github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs';
const engineModule = 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi';

/** Counted on 3.252.0 (`go list -deps`), to say how far a build is. */
const packagesToBuild = { engine: 1654, languageHost: 533 };

const recipes = join(dirname(fileURLToPath(import.meta.url)), 'engine');
const binaries = ['pulumi', 'pulumi-language-nodejs'];

/** The folder of `pulumi` and its Node.js language host: found on PATH, else in our cache, else set up into it. */
export async function engineFolder() {
  const found = onPath();
  if (found) {
    say(`Pulumi engine found on PATH: ${output(join(found, 'pulumi'), ['version'])}`);
    return found;
  }
  const folder = join(cacheFolder(), `engine-${engineVersion}`);
  if (isComplete(folder)) {
    say(`Pulumi engine ${engineVersion} found in the cache`);
    return folder;
  }
  return alone('the Pulumi engine', async () => {
    if (isComplete(folder)) return folder;
    rmSync(folder, { recursive: true, force: true });
    if (!(await installOfficially(folder))) await build(folder);
    return folder;
  });
}

const isComplete = (folder) => binaries.every((name) => existsSync(join(folder, name)));

function onPath() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (!isComplete(folder)) continue;
    const version = output(join(folder, 'pulumi'), ['version']);
    if (version && isAtLeast(version.replace(/^v/, ''), engineVersion)) return folder;
    say(
      `Pulumi ${version} in ${folder} is older than ${engineVersion}, which this project needs; setting up one of its own`,
    );
    return undefined;
  }
  return undefined;
}

export function isAtLeast(version, least) {
  const [a, b] = [version, least].map((text) => text.split(/[.+-]/).slice(0, 3).map(Number));
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return a[i] > b[i];
  return true;
}

/** Pulumi's own installer, into our cache (`--install-root`) and without touching the user's shell profile. */
async function installOfficially(folder) {
  say(`no Pulumi engine of ${engineVersion} or newer on PATH; trying Pulumi's installer`);
  const staging = `${folder}.installer`;
  try {
    const answer = await fetch('https://get.pulumi.com/install.sh', { signal: AbortSignal.timeout(15_000) });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    mkdirSync(staging, { recursive: true });
    writeFileSync(join(staging, 'install.sh'), await answer.text());
    const script = [
      join(staging, 'install.sh'),
      '--version',
      engineVersion,
      '--install-root',
      staging,
      '--no-edit-path',
    ];
    const { code, tail } = await run('sh', script, { onLine: say });
    if (code !== 0 || !isComplete(join(staging, 'bin'))) throw new Error(tail);
    renameSync(join(staging, 'bin'), folder);
    say(`Pulumi engine ${engineVersion} installed`);
    return true;
  } catch (error) {
    say(
      `Pulumi's installer cannot be reached (${error.cause?.code ?? error.message}); building the engine from its Go modules`,
    );
    return false;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

async function build(folder) {
  const go = output('go', ['env', 'GOVERSION']);
  if (!go) {
    throw new SetupError(
      `The Pulumi engine is not on PATH, its installer cannot be reached, and there is no Go to build it with; install Pulumi ${engineVersion} or newer (pulumi.com/docs/install) or Go 1.25 or newer, and run the command again.`,
    );
  }
  const staging = `${folder}.build`;
  rmSync(staging, { recursive: true, force: true });
  cpSync(recipes, join(staging, 'recipes'), { recursive: true });
  say(`building the Pulumi engine ${engineVersion} with ${go} (three to eight minutes, once for this machine)`);
  await buildOne(staging, 'pulumi', engineModule, 'pulumi', packagesToBuild.engine);
  await buildOne(staging, 'language-host', languageHostModule, 'pulumi-language-nodejs', packagesToBuild.languageHost);
  renameSync(join(staging, 'bin'), folder);
  rmSync(staging, { recursive: true, force: true });
  say(`Pulumi engine ${engineVersion} built`);
}

async function buildOne(staging, recipe, module, binary, packages) {
  let modules = 0;
  let compiled = 0;
  // Module files are read-only by default, which would keep the staging folder from being deleted.
  const env = {
    ...process.env,
    GOMODCACHE: join(staging, 'mod'),
    GOCACHE: join(staging, 'cache'),
    GOFLAGS: '-modcacherw',
    GOWORK: 'off',
  };
  const version = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${engineVersion}`;
  const target = join(staging, 'bin', binary);
  const args = ['build', '-v', '-mod=readonly', '-trimpath', '-ldflags', `-s -w ${version}`, '-o', target, module];
  const onLine = (line) => {
    if (line.startsWith('go: downloading')) modules++;
    else if (!line.startsWith('go:')) compiled++;
  };
  const { code, tail } = await withProgress(
    () => `${binary}: ${modules} modules downloaded, ${compiled} of about ${packages} packages compiled`,
    () => run('go', args, { cwd: join(staging, 'recipes', recipe), env, onLine }),
  );
  if (code !== 0) {
    rmSync(staging, { recursive: true, force: true });
    throw new SetupError(
      `The Pulumi engine could not be built; check the connection to the Go module proxy, or install Pulumi ${engineVersion} or newer (pulumi.com/docs/install), and run the command again. Go said: ${tail}`,
    );
  }
  chmodSync(target, 0o755);
}
