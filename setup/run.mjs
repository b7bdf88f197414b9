/**
 * What every npm script of ours starts with: sets up what the task needs and is not there yet, then runs it with a
 * Node and a Pulumi engine that are new enough. Plain JavaScript without dependencies: it runs before there are any.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { installDependencies, nodeFolder, projectFolder } from './dependencies.mjs';
import { engineFolder } from './engine.mjs';
import { SetupError, say } from './say.mjs';

const bin = (name) => join(projectFolder, 'node_modules', '.bin', name);

/**
 * command: what to run with node; engine: whether the task runs the real Pulumi engine; built: needs dist/;
 * foreign: tests with a browser and with Python clients, which name the reason when one of them cannot be set up.
 */
const tasks = {
  start: {
    command: ['--disable-warning=ExperimentalWarning', '--import', 'tsx', 'local/main.ts'],
    engine: true,
    built: true,
  },
  test: { command: ['--disable-warning=ExperimentalWarning', bin('jest')], engine: true, built: true, foreign: true },
  bench: {
    command: ['--disable-warning=ExperimentalWarning', '--import', 'tsx', 'bench/main.ts'],
    engine: true,
    built: true,
  },
  typecheck: { command: [bin('tsc'), '--noEmit'], engine: false, built: false },
  lint: { command: [bin('biome'), 'check', '.'], engine: false, built: false },
};

async function main([name, ...args]) {
  const task = tasks[name];
  if (!task) throw new SetupError(`There is no task "${name}"; there are ${Object.keys(tasks).join(', ')}.`);
  await installDependencies();
  const path = [await nodeFolder(), join(projectFolder, 'node_modules', '.bin')];
  // Dynamic providers run in pulumi-resource-pulumi-nodejs, which ships in the SDK.
  path.push(join(projectFolder, 'node_modules', '@pulumi', 'pulumi'));
  if (task.engine) path.push(await engineFolder());
  if (task.built) await (await import('./build.mjs')).build();
  if (task.foreign) await (await import('./chromium.mjs')).chromium();
  return execute(path, [...task.command, ...args]);
}

function execute(path, args) {
  const env = { ...process.env, PATH: [...path, process.env.PATH].join(delimiter) };
  const child = spawn(join(path[0], 'node'), args, { cwd: projectFolder, env, stdio: 'inherit' });
  // Ctrl-C reaches the child by the terminal; a signal sent to this process alone has to be passed on.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
