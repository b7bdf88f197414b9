import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';

export interface StartedPackage {
  readonly registered: Readonly<
    Record<string, { readonly trigger: Readonly<Record<string, unknown>>; readonly retryOptions?: unknown }>
  >;
  /** Name of the programming model that was set last. */
  readonly model: string;
}

/** Loads a function package as the Node.js worker does, which injects one module, and prints what it registers. */
const worker = `
  const { Module } = require('node:module');
  const registered = {};
  let model;
  const core = {
    setProgrammingModel: (given) => { model = given; },
    getProgrammingModel: () => model,
    registerFunction: ({ name, bindings, retryOptions }) => {
      registered[name] = { trigger: Object.values(bindings)[0], retryOptions };
    },
  };
  const { require: original } = Module.prototype;
  Module.prototype.require = function (name) {
    return name === '@azure/functions-core' ? core : original.call(this, name);
  };
  require(process.argv[1]);
  console.log(JSON.stringify({ registered, model: model.name }));
  process.exit();`;

/**
 * Starts a package in a process of its own.
 *
 * @param main its bundle
 * @param env all that the process gets of an environment
 * @throws Error with what the process said, when it does not start
 */
export async function startPackage(main: string, env: NodeJS.ProcessEnv): Promise<StartedPackage> {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', worker, main], { env, cwd: tmpdir() });
  return JSON.parse(stdout) as StartedPackage;
}
