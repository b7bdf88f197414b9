import Module from 'node:module';
import type { FunctionCallback, FunctionMetadata, HookCallback, LogLevel, ProgrammingModel } from './rpc';

/** A function that the app registered, with its handler. */
export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

/** Hooks that an app may register; others are refused as the real worker does. */
const hookNames = ['preInvocation', 'postInvocation', 'appStart', 'appTerminate', 'log'] as const;
export type HookName = (typeof hookNames)[number];

class Disposable {
  static from(...others: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const other of others) other.dispose();
    });
  }

  constructor(private callOnDispose: (() => unknown) | undefined) {}

  dispose(): void {
    this.callOnDispose?.();
    this.callOnDispose = undefined;
  }
}

/**
 * The app in this process, as its code declares it through `@azure/functions-core`. That module is in no package: the
 * real worker puts it before Node's own resolution, and so does `inject`.
 */
export class App {
  readonly functions = new Map<string, RegisteredFunction>();
  /** Shared by all hooks of the app. */
  readonly hookData: Record<string, unknown> = {};
  /** The one set last. */
  model: ProgrammingModel | undefined;
  private readonly hooks: { name: HookName; callback: HookCallback }[] = [];
  private started = false;

  constructor(private readonly log: (level: LogLevel, message: string) => void) {}

  /** From now on, `require('@azure/functions-core')` answers this app's API. */
  inject(): void {
    const api = this.api();
    const prototype = Module.prototype as unknown as { require(id: string): unknown };
    const original = prototype.require;
    prototype.require = function require(id: string): unknown {
      return id === '@azure/functions-core' ? api : original.call(this, id);
    };
  }

  /** After the code is loaded: no function may be registered any more. */
  async start(functionAppDirectory: string): Promise<void> {
    if (this.model === undefined) throw new Error('The package registers no function.');
    const capabilities = await this.model.getCapabilities?.({ TypedDataCollection: 'true' });
    if (capabilities?.HttpUri !== undefined) {
      throw new Error('The package sets enableHttpStream; bodies of HTTP calls are not streamed here.');
    }
    this.started = true;
    await this.runHooks('appStart', { functionAppDirectory, hookData: {}, appHookData: this.hookData });
  }

  async runHooks(name: HookName, context: Record<string, unknown>): Promise<void> {
    for (const hook of this.hooks.filter((one) => one.name === name)) await hook.callback(context);
  }

  private api(): object {
    return {
      version: '3.12.0',
      hostVersion: '4.1041.0',
      Disposable,
      registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) => this.register(metadata, callback),
      registerHook: (name: string, callback: HookCallback) => this.registerHook(name, callback),
      setProgrammingModel: (model: ProgrammingModel) => {
        this.model = model;
      },
      getProgrammingModel: () => this.model,
      log: (level: LogLevel, _category: string, message: string) => this.log(level, message),
    };
  }

  private register(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
    if (this.started) throw new Error('A function can only be registered during app startup.');
    if (this.functions.has(metadata.name)) throw new Error(`A function named "${metadata.name}" is registered twice.`);
    this.functions.set(metadata.name, { metadata, callback });
    return new Disposable(() => this.functions.delete(metadata.name));
  }

  private registerHook(name: string, callback: HookCallback): Disposable {
    const known = hookNames.find((one) => one === name);
    if (known === undefined) throw new RangeError(`Unrecognized hook "${name}"`);
    const hook = { name: known, callback };
    this.hooks.push(hook);
    return new Disposable(() => this.hooks.splice(this.hooks.indexOf(hook), 1));
  }
}
