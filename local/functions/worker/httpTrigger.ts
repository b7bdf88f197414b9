import { randomUUID } from 'node:crypto';
import { fullRoute, type HttpRoute } from '../httpRoutes';
import type { HttpAnswer, HttpCall, ToFunction } from '../messages';
import { tell } from './host';
import { httpAnswer, httpInput, httpMetadata } from './httpExchange';
import type { FunctionMetadata, InvocationRequest, RpcBinding, RpcTypedData } from './rpc';
import { resolved } from './settings';

/**
 * Where an HTTP trigger is called, from its binding and host.json (Learn: "Azure Functions HTTP triggers and bindings",
 * host.json settings: `routePrefix` is `api` unless said).
 * @throws Error for what is not offered here
 */
export function httpRoute(name: string, binding: RpcBinding, hostJson: string): HttpRoute {
  const level = String(binding.authLevel ?? 'function').toLowerCase();
  if (level !== 'anonymous') {
    throw new Error(
      `The function '${name}' has the authLevel '${level}'; offered here is anonymous: keys are secrets, and this host has none.`,
    );
  }
  const { extensions } = JSON.parse(hostJson) as { extensions?: { http?: { routePrefix?: unknown } } };
  const methods = Array.isArray(binding.methods) ? binding.methods : [];
  if (methods.length === 0) throw new Error(`The function '${name}' names no methods.`);
  return {
    route: fullRoute(name, String(extensions?.http?.routePrefix ?? 'api'), resolved(binding, 'route') ?? name),
    methods: methods.map((method) => String(method).toUpperCase()),
  };
}

/** Runs a function for each call that the site's front end hands on. It listens as soon as the code is loaded. */
export class HttpTrigger {
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly metadata: FunctionMetadata,
    private readonly binding: RpcBinding,
    private readonly invoke: (request: InvocationRequest) => Promise<RpcTypedData | null | undefined>,
  ) {}

  async start(): Promise<void> {}

  call(message: Extract<ToFunction, { kind: 'call' }>): void {
    const work = this.run(message).finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  /** Waits for the answers that are under way. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  private async run({ id, call }: Extract<ToFunction, { kind: 'call' }>): Promise<void> {
    const answer = await this.answer(call).catch(() => undefined);
    tell({ kind: 'invoked', events: 0, failed: answer === undefined });
    tell({ kind: 'answered', id, answer });
  }

  /** There are no retries: the caller has them. @throws Error that has been logged */
  private async answer(call: HttpCall): Promise<HttpAnswer> {
    const returned = await this.invoke({
      functionId: this.metadata.name,
      invocationId: randomUUID(),
      inputData: [{ name: String(this.binding.name), data: httpInput(call) }],
      triggerMetadata: httpMetadata(call),
    });
    try {
      return httpAnswer(returned);
    } catch (error) {
      tell({ kind: 'log', level: 'warn', message: String(error) });
      throw error;
    }
  }
}
