import { mkdirSync } from 'node:fs';
import type { Log, Principal, Properties, Resources, Service } from '../contracts';
import { deployer, localSubscriptionId, localTenantId } from '../identity/principals';
import { declared, idOf } from './declared';
import { Operations } from './operations';
import { Provider } from './provider';
import { serveProvider } from './server';
import { Session, type Target } from './sessions';
import { Store } from './store';

const tokenPrefix = 'azure-native:';

export interface ControlPlaneOptions {
  /** Folder in which the resources are kept; made when absent. */
  readonly stateFolder: string;
  readonly log: Log;
  /** Subscription and tenant of providers whose configuration names none. Default: those of the local cloud. */
  readonly target?: Target;
}

/**
 * Takes the place of Azure Resource Manager and of Pulumi's azure-native provider: the engine attaches to it with
 * `PULUMI_DEBUG_PROVIDERS=azure-native:<port>`. Resources are checked as Azure would check them, brought to life by the
 * services that are registered, and remembered in the state folder.
 */
export class ControlPlane {
  /** All resources that exist, in the order of their creation. */
  readonly resources: Resources;
  private readonly store: Store;
  private readonly operations: Operations;
  private readonly target: Target;
  private readonly servers: { close(): void }[] = [];

  constructor({ stateFolder, log, target }: ControlPlaneOptions) {
    mkdirSync(stateFolder, { recursive: true });
    this.store = new Store(stateFolder);
    this.resources = this.store;
    this.operations = new Operations(this.store, log);
    this.target = target ?? { subscriptionId: localSubscriptionId, tenantId: localTenantId };
  }

  /** Gives kinds their behaviour. Kinds without a service are checked and recorded only. */
  register(services: readonly Service[]): void {
    this.operations.register(services);
  }

  /**
   * The ARM id that a resource has or would get in the subscription of `target`.
   * @param type Pulumi type token, as in `azure-native:eventhub:Namespace`; other providers' resources have none
   */
  idOf(type: string, inputs: Properties): string | undefined {
    if (!type.startsWith(tokenPrefix)) return undefined;
    return idOf(declared(type.slice(tokenPrefix.length), inputs), this.target.subscriptionId);
  }

  /**
   * Creates a resource of a kind that Azure has closed since (`healthcareapis:IotConnector`), as if long ago, or of any
   * other kind that such a one needs. Programs can then import it.
   * @returns its ARM id
   */
  async createAsBefore(token: string, inputs: Properties): Promise<string> {
    const session = new Session(this.target, deployer, true);
    return (await this.operations.create(declared(token, inputs), inputs, session)).id;
  }

  /** Lets all resources that were there before a restart come alive again, in the order of their creation. */
  restore(): Promise<void> {
    return this.operations.restore();
  }

  /**
   * Listens on 127.0.0.1 and answers the port. May be called once for each one who deploys.
   * @param port default 0: any free one
   * @param caller as whom an engine acts that attaches to this port, default the local cloud's deployer
   */
  async listen(port = 0, caller: Principal = deployer): Promise<number> {
    const served = await serveProvider(new Provider(this.store, this.operations, this.target, caller), port);
    this.servers.push(served);
    return served.port;
  }

  /** Ends connections. Services are closed by whoever made them. */
  async close(): Promise<void> {
    for (const server of this.servers.splice(0)) server.close();
  }
}
