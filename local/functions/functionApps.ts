import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ArmResource,
  AzureError,
  type BlobStore,
  type Properties,
  type Service,
  type ServiceContext,
} from '../contracts';
import { idKey } from '../controlPlane/armIds';
import { equal } from '../controlPlane/values';
import type { EventHubStats } from '../eventHubs/eventHub';
import { type SiteSettings, siteSettings } from './appEnvironment';
import { FunctionApp, type FunctionAppContext } from './functionApp';
import type { AppHealth, FunctionHealth } from './health';
import { HttpFront } from './httpFront';
import { readPackage, releasedPackage } from './packages';

/** What function apps need of the rest of the local cloud. */
export interface FunctionAppsNeeds {
  readonly blobs: BlobStore;
  readonly eventHubs: { stats(): EventHubStats[] };
  /** The environment in which a process gets tokens of these identities, by ARM id, and of no others. */
  readonly identityEnvironment: (identities: readonly string[]) => Record<string, string>;
  /** Address of the local authority, where apps find Microsoft Entra's sign-in hosts. */
  readonly signInUrl: string;
}

interface Site {
  readonly id: string;
  readonly settings: SiteSettings;
  readonly front: HttpFront;
  app: FunctionApp;
  starts: number;
}

/**
 * Function apps on Flex Consumption: runs the package that is deployed to each, every function in a process of its own,
 * with the app's settings and identities and nothing else.
 *
 * What differs from Azure: a function has one instance, which is always there; scale, memory and always-ready instances
 * are recorded. There are Event Hubs, HTTP and timer triggers, and no output bindings. HTTP triggers are anonymous ones;
 * every site listens at its `defaultHostName`, whether or not it has one. Connections are by identity only. An app is never
 * recycled by the platform.
 */
export class FunctionApps implements Service {
  readonly kinds = ['web:WebApp'] as const;
  private readonly sites = new Map<string, Site>();
  /** Changes of a site, one after the other. */
  private readonly changes = new Map<string, Promise<void>>();

  constructor(
    private readonly context: ServiceContext,
    private readonly needs: FunctionAppsNeeds,
  ) {}

  async provision(resource: ArmResource): Promise<Properties> {
    let host = '';
    await this.change(resource.id, async () => {
      const settings = siteSettings(resource);
      const site = this.sites.get(idKey(resource.id));
      const front = site?.front ?? (await this.frontOf(resource.id, settings));
      ({ host } = front);
      if (site !== undefined && equal(site.settings, settings)) return;
      await this.restart(resource.id, settings, front);
    });
    return { defaultHostName: host, hostNames: [host], enabledHostNames: [host] };
  }

  async deprovision({ id }: ArmResource): Promise<void> {
    await this.change(id, async () => {
      const site = this.sites.get(idKey(id));
      if (site === undefined) return;
      await site.front.close();
      await site.app.stop();
      this.sites.delete(idKey(id));
      rmSync(this.folderOf(site.settings), { recursive: true, force: true });
    });
  }

  /**
   * Puts a package into the app's deployment container, as the app's deployment identity, and restarts the app with it.
   * @throws AzureError 400 for what is no package, 403 when the identity may not write, 404 when there is no such app
   */
  async deploy(siteId: string, content: Buffer): Promise<void> {
    readPackage(content);
    await this.change(siteId, async () => {
      const { id, settings, front } = this.site(siteId);
      await this.needs.blobs.replace(
        this.context.authority.identity(settings.deploymentIdentity),
        this.containerId(settings),
        releasedPackage,
        content,
      );
      await this.restart(id, settings, front);
    });
  }

  /** What each app does, and its functions. */
  health(): AppHealth[] {
    return [...this.sites.values()].map(({ id, app, starts }) => ({ site: id, starts, ...app.health() }));
  }

  /**
   * True when the functions have handled all that lies in the hubs they read; not while an app or a function does not run,
   * or a hub is not there. Apps without a package and stopped ones do not count.
   */
  isDrained(): boolean {
    return this.health()
      .filter(({ state }) => state !== 'noPackage' && state !== 'stopped')
      .every((app) => app.state === 'running' && app.functions.every(isDrained));
  }

  /** Ends the process of a function as a machine that fails does (SIGKILL). It is started again. */
  async killFunction(siteId: string, name: string): Promise<void> {
    const found = this.site(siteId).app.function(name);
    if (found === undefined) throw new AzureError(404, 'NotFound', `'${siteId}' runs no function '${name}'.`);
    await found.kill();
  }

  async close(): Promise<void> {
    await Promise.all(this.changes.values());
    await Promise.all([...this.sites.values()].map(({ front }) => front.close()));
    await Promise.all([...this.sites.values()].map(({ app }) => app.stop()));
  }

  private async frontOf(id: string, { name }: SiteSettings): Promise<HttpFront> {
    const port = await this.context.ports.get(`site-${name}`);
    return HttpFront.listen(this.context, port, () => {
      const site = this.sites.get(idKey(id));
      return site && { app: site.app, settings: site.settings.settings };
    });
  }

  private async restart(id: string, settings: SiteSettings, front: HttpFront): Promise<void> {
    const before = this.sites.get(idKey(id));
    await before?.app.stop();
    const folder = this.folderOf(settings);
    mkdirSync(folder, { recursive: true });
    const app = new FunctionApp(settings, folder, front.host, this.appContext());
    this.sites.set(idKey(id), { id, settings, front, app, starts: (before?.starts ?? 0) + 1 });
  }

  private appContext(): FunctionAppContext {
    const { clock, log, certificates, authority } = this.context;
    return {
      clock,
      log,
      authorityFile: certificates.authorityFile,
      identityEnvironment: this.needs.identityEnvironment,
      fetchPackage: async (site) =>
        this.needs.blobs.read(authority.identity(site.deploymentIdentity), this.containerId(site), releasedPackage),
      lastSequences: (eventHub) => this.lastSequences(eventHub),
      signInUrl: this.needs.signInUrl,
    };
  }

  /** @param eventHub `localhost:<port>/<hub>` */
  private lastSequences(eventHub: string): readonly number[] | undefined {
    const [host, name] = eventHub.toLowerCase().split('/');
    const namespace = this.context.resources.list('eventhub:Namespace').find(({ outputs }) => {
      const endpoint = String(outputs.serviceBusEndpoint);
      return URL.canParse(endpoint) && new URL(endpoint).host === host;
    });
    const hub = this.needs.eventHubs
      .stats()
      .find((one) => one.namespace === namespace?.id.split('/').at(-1) && one.eventHub.toLowerCase() === name);
    return hub?.lastSequences;
  }

  /** ARM id of the container that a deployment URL names. */
  private containerId({ deploymentContainer }: SiteSettings): string {
    const [account, container] = deploymentContainer.split('/').slice(-2);
    const found = this.context.resources
      .list('storage:StorageAccount')
      .find(({ id }) => id.endsWith(`/${account}`) && deploymentContainer.startsWith('https://'));
    if (found === undefined) {
      throw new AzureError(404, 'ContainerNotFound', `There is no blob container '${deploymentContainer}'.`);
    }
    return `${found.id}/blobServices/default/containers/${container}`;
  }

  private site(id: string): Site {
    const site = this.sites.get(idKey(id));
    if (site === undefined) throw new AzureError(404, 'ResourceNotFound', `There is no function app '${id}'.`);
    return site;
  }

  private folderOf({ name }: SiteSettings): string {
    return join(this.context.stateFolder('functions'), name.toLowerCase());
  }

  private async change(id: string, run: () => Promise<void>): Promise<void> {
    const before = this.changes.get(idKey(id)) ?? Promise.resolve();
    const change = before.then(run);
    this.changes.set(
      idKey(id),
      change.catch(() => {}),
    );
    await change;
  }
}

function isDrained({ trigger, state, lag }: FunctionHealth): boolean {
  if (trigger !== 'eventHubTrigger') return state === 'running';
  return state === 'running' && lag !== undefined && lag.every((events) => events === 0);
}
