/**
 * The process of one function: it loads the app's package, says which functions are in it, and runs the one that it is
 * told to. The current folder is the package's root, the environment the app's own.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { FunctionDescription, ToFunction } from '../messages';
import { App, type RegisteredFunction } from './app';
import { eventHubOptions } from './eventHubOptions';
import { EventHubTrigger, eventHubSource } from './eventHubTrigger';
import { tell } from './host';
import { HttpTrigger, httpRoute } from './httpTrigger';
import { invoke, type LogLine } from './invocation';
import type { InvocationRequest, RpcBinding, RpcTypedData } from './rpc';
import { resolved } from './settings';
import { leadSignInTo } from './signIn';
import { Telemetry } from './telemetry';
import { TimerTrigger } from './timerTrigger';

const root = process.cwd();
const telemetry = new Telemetry();
const app = new App((level, message) =>
  log({ level, message, functionName: 'worker', invocationId: '', category: 'system' }),
);
let trigger: EventHubTrigger | TimerTrigger | HttpTrigger | undefined;

function log(line: LogLine): void {
  // The default level of host.json is Information.
  if (line.level === 'trace' || line.level === 'debug' || line.level === 'none') return;
  const level = line.level === 'information' ? 'info' : 'warn';
  tell({ kind: 'log', level, message: line.message });
  telemetry.trace(line);
}

type Invoke = (request: InvocationRequest) => Promise<RpcTypedData | null | undefined>;

function triggerBinding({ metadata }: RegisteredFunction): RpcBinding {
  const found = Object.entries(metadata.bindings).find(([, { type }]) => /trigger$/i.test(type));
  if (found === undefined) throw new Error(`The function '${metadata.name}' has no trigger.`);
  const [name, binding] = found;
  return { ...binding, name };
}

/** @throws Error for what is not offered here */
function describe(registered: RegisteredFunction): FunctionDescription {
  const { name, bindings } = registered.metadata;
  const binding = triggerBinding(registered);
  const isHttp = binding.type === 'httpTrigger';
  const others = Object.values(bindings).filter(
    ({ type, direction }) => (direction === 'out' || !/trigger$/i.test(type)) && !(isHttp && type === 'http'),
  );
  if (others.length > 0) {
    throw new Error(
      `The function '${name}' has a binding of type '${others[0]?.type}'; only triggers, and what HTTP triggers answer, are offered here.`,
    );
  }
  if (binding.type === 'timerTrigger') {
    const schedule = resolved(binding, 'schedule');
    return { name, trigger: binding.type, schedule, runOnStartup: binding.runOnStartup === true };
  }
  if (binding.type === 'eventHubTrigger') {
    const { fullyQualifiedNamespace, eventHub } = eventHubSource(binding);
    return { name, trigger: binding.type, eventHub: `${fullyQualifiedNamespace}/${eventHub}` };
  }
  if (isHttp) return { name, trigger: binding.type, http: httpRoute(name, binding, hostJson()) };
  throw new Error(
    `The function '${name}' has a trigger of type '${binding.type}'; offered here are eventHubTrigger, httpTrigger and timerTrigger.`,
  );
}

const hostJson = () => readFileSync('host.json', 'utf8');

async function load(): Promise<void> {
  const [, , signInUrl] = process.argv;
  if (signInUrl !== undefined) leadSignInTo(signInUrl);
  const { main } = JSON.parse(readFileSync('package.json', 'utf8')) as { main?: string };
  const entry = resolve(root, main ?? 'index.js');
  if (!existsSync(entry)) throw new Error(`package.json names ${main} as main, which is not in the package.`);
  app.inject();
  createRequire(join(root, 'package.json'))(entry);
  await app.start(root);
  tell({ kind: 'loaded', functions: [...app.functions.values()].map(describe) });
}

function triggerOf(registered: RegisteredFunction, call: Invoke): NonNullable<typeof trigger> {
  const binding = triggerBinding(registered);
  if (binding.type === 'timerTrigger') return new TimerTrigger(registered.metadata, binding, call);
  if (binding.type === 'httpTrigger') return new HttpTrigger(registered.metadata, binding, call);
  return new EventHubTrigger(registered.metadata, binding, eventHubOptions(hostJson()), call);
}

async function run(name: string): Promise<void> {
  const registered = app.functions.get(name);
  if (registered === undefined) throw new Error(`The package has no function '${name}'.`);
  const call: Invoke = async (request) => {
    try {
      return await invoke(app, registered, request, log);
    } catch (error) {
      const message = `Exception: ${error instanceof Error ? error.stack : String(error)}`;
      log({ level: 'error', message, functionName: name, invocationId: request.invocationId, category: 'host' });
      throw error;
    }
  };
  trigger = triggerOf(registered, call);
  await trigger.start();
  tell({ kind: 'running' });
}

async function stop(): Promise<void> {
  await trigger?.stop();
  await app.runHooks('appTerminate', { hookData: {}, appHookData: app.hookData });
  await telemetry.close();
  process.exit(0);
}

function fail(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  process.send?.({ kind: 'failed', reason }, () => process.exit(1));
}

process.on('message', (message: ToFunction) => {
  if (message.kind === 'run') run(message.function).catch(fail);
  if (message.kind === 'call' && trigger instanceof HttpTrigger) trigger.call(message);
  if (message.kind === 'tick' && trigger instanceof TimerTrigger) trigger.tick(message);
  if (message.kind === 'stop') stop().catch(() => process.exit(1));
});
// Ctrl-C reaches all processes of a terminal; the local cloud says when an app ends.
process.on('SIGINT', () => {});
// The local cloud is gone: so is the app.
process.on('disconnect', () => process.exit(0));
load().catch(fail);
