import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ArmResource, BlobLister, Properties, Service, ServiceContext } from '../contracts';
import { AzureError } from '../contracts';
import { idKey, nameOf } from '../controlPlane/armIds';
import { serveProvider } from '../controlPlane/server';
import { equal } from '../controlPlane/values';
import type { EventHub } from '../eventHubs/eventHub';
import { KafkaEndpoint, type KafkaEndpointHealth } from '../kafka/kafkaEndpoint';
import { tools } from '../kafka/tools';
import { ContinuousJob, type ContinuousJobNeeds } from './continuousJob';
import { Folders, onThisMachine } from './folders';
import type { JobHealth } from './health';
import { type JobAccess, jobAccess } from './jobAccess';
import { type JobSettings, jobSettings } from './jobSettings';
import { LakeMirror } from './lakeMirror';
import { type Asset, Assets } from './provider/assets';
import { DatabricksProvider } from './provider/databricksProvider';
import { ProgramFolders } from './provider/programFolders';
import { fileContent } from './provider/workspaceAssets';

export interface DatabricksNeeds {
  readonly blobs: BlobLister;
  readonly eventHubs: { find(eventHubId: string): EventHub | undefined };
}

/**
 * Databricks: takes the place of Pulumi's databricks provider, and runs the continuous jobs of its workspaces as real Spark
 * in local mode, each in processes of its own, with the wheels that its libraries name.
 *
 * What differs from Azure: one machine of two cores is the cluster; its runtime is pyspark with Delta and no Photon. Open
 * source Spark has no Unity Catalog and no tokens, so it is not refused a call: rights are looked at before a job runs and
 * every two seconds after, and a job that lacks one is held, with the reason in its health. `abfss://` URLs are folders
 * of this machine; blobs of the container are brought in, and what Spark writes is not to be seen as blobs.
 * Kafka's address and paths of volumes are replaced in the job's parameters. Grants are recorded without effect, and so are
 * clusters, policies, `runAs` and schedules. Catalogs are the account's: any name counts as existing.
 */
export class Databricks implements Service {
  readonly kinds = ['databricks:Workspace'] as const;
  /** Of the programs that deploy into its workspaces. */
  readonly programs = new ProgramFolders();
  private readonly folders: Folders;
  private readonly assets: Assets;
  private readonly lake: LakeMirror;
  private readonly jobs = new Map<string, ContinuousJob>();
  /** By lower-case ARM id of the namespace. */
  private readonly endpoints = new Map<string, KafkaEndpoint>();
  private readonly servers: { close(): void }[] = [];
  /** Changes of a job, one after the other. */
  private readonly changes = new Map<string, Promise<void>>();

  constructor(
    private readonly context: ServiceContext,
    private readonly needs: DatabricksNeeds,
  ) {
    this.folders = new Folders(context.stateFolder('databricks'));
    this.assets = new Assets(this.folders.assets);
    mkdirSync(this.folders.lakeNotes, { recursive: true });
    this.lake = new LakeMirror(needs.blobs, this.folders.lakeNotes);
  }

  /** Listens on 127.0.0.1 for engines, and answers the port. @param port default 0: any free one */
  async listen(port = 0): Promise<number> {
    const { resources, authority } = this.context;
    const effects = {
      changed: (asset: Asset, previous: Asset | undefined) => this.changed(asset, previous),
      removed: (asset: Asset) => this.removed(asset),
    };
    const provider = new DatabricksProvider(this.assets, resources, authority, this.programs, effects);
    const served = await serveProvider(provider, port);
    this.servers.push(served);
    return served.port;
  }

  async provision({ id }: ArmResource, previous?: ArmResource): Promise<Properties> {
    // Back after a restart: what is in it comes alive again.
    if (previous !== undefined) for (const job of this.assets.list('Job', id)) await this.start(job);
    return {};
  }

  async deprovision({ id }: ArmResource): Promise<void> {
    for (const job of this.assets.list('Job', id)) await this.removed(job);
    this.assets.removeAll(id);
    rmSync(this.folders.workspace(id), { recursive: true, force: true });
  }

  /** What each continuous job does. */
  health(): JobHealth[] {
    return [...this.jobs.values()].map((job) => job.health());
  }

  /** By name of the namespace; empty before a job needs one. */
  kafkaHealth(): Record<string, KafkaEndpointHealth> {
    return Object.fromEntries([...this.endpoints].map(([id, endpoint]) => [nameOf(id), endpoint.health()]));
  }

  /** Where what Spark sees of a container lies; undefined while no job uses it. */
  lakeFolder(containerId: string): string | undefined {
    const container = this.context.resources.get(containerId);
    const account = nameOf(containerId.split('/blobServices/')[0] ?? '');
    if (!container) return undefined;
    const place = { account, container: nameOf(containerId) };
    const folder = this.folders.container(place, container.createdAt);
    return existsSync(folder) ? folder : undefined;
  }

  /** True when each job that is not paused has handled all that lies in the hubs it reads. */
  isDrained(): boolean {
    return this.health()
      .filter(({ state }) => state !== 'paused')
      .every(({ state, lag }) => state === 'running' && lag !== undefined && lag.every((events) => events === 0));
  }

  /** Ends all processes of a job as a machine that fails does, or by another signal. It is started again. */
  async killJob(jobId: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const job = [...this.jobs.values()].find(({ settings }) => settings.id === jobId);
    if (!job) throw new AzureError(404, 'NotFound', `There is no continuous job '${jobId}'.`);
    await job.kill(signal);
  }

  /** Ends the Kafka brokers as machines that fail do. They are started again. */
  async killBrokers(): Promise<void> {
    await Promise.all([...this.endpoints.values()].map((endpoint) => endpoint.killBroker()));
  }

  async close(): Promise<void> {
    for (const server of this.servers.splice(0)) server.close();
    await Promise.all(this.changes.values());
    await Promise.all([...this.jobs.values()].map((job) => job.stop()));
    await this.closeEndpoints();
  }

  private async closeEndpoints(): Promise<void> {
    const all = [...this.endpoints.values()];
    this.endpoints.clear();
    await Promise.all(all.map((endpoint) => endpoint.close()));
  }

  private async changed(asset: Asset, previous: Asset | undefined): Promise<void> {
    if (asset.type === 'File') this.writeFile(asset);
    if (asset.type === 'Job') await this.start(asset, previous);
  }

  private async removed(asset: Asset): Promise<void> {
    if (asset.type === 'File') rmSync(this.pathOf(asset), { force: true });
    if (asset.type !== 'Job') return;
    await this.change(asset, async () => {
      await this.jobs.get(keyOf(asset))?.stop();
      this.jobs.delete(keyOf(asset));
      rmSync(this.folders.job(asset.workspaceId, asset.id), { recursive: true, force: true });
    });
    if (this.jobs.size === 0) await this.closeEndpoints();
  }

  private pathOf({ workspaceId, id }: Asset): string {
    return onThisMachine(id, this.folders.volumes(workspaceId));
  }

  private writeFile(asset: Asset): void {
    const file = this.pathOf(asset);
    mkdirSync(dirname(file), { recursive: true });
    const unfinished = `${file}.unfinished`;
    writeFileSync(unfinished, fileContent(asset.inputs, this.programs));
    renameSync(unfinished, file);
  }

  /** A job whose settings are the same goes on as it is. */
  private start(asset: Asset, _previous?: Asset): Promise<void> {
    return this.change(asset, async () => {
      const settings = jobSettings(asset);
      const before = this.jobs.get(keyOf(asset));
      if (before && settings && equal(before.settings, settings)) return;
      await before?.stop();
      this.jobs.delete(keyOf(asset));
      if (settings)
        this.jobs.set(keyOf(asset), new ContinuousJob(settings, this.needsOf(settings), before?.startsSoFar));
    });
  }

  private needsOf(settings: JobSettings): ContinuousJobNeeds {
    const { resources, authority, log } = this.context;
    return {
      log,
      folder: this.folders.job(settings.workspaceId, settings.id),
      volumes: this.folders.volumes(settings.workspaceId),
      tools: () => tools(['kafka', 'spark'], log),
      access: () => jobAccess(settings, this.assets, resources, authority),
      kafka: (access) => this.kafka(access),
      lake: (access) => this.containers(access),
      lastSequences: ({ mirrored }) =>
        mirrored.flatMap((id) => {
          const hub = this.needs.eventHubs.find(id);
          return hub ? [{ hub: hub.settings.name, last: hub.partitions.map((p) => p.nextSequence - 1) }] : [];
        }),
    };
  }

  /** One endpoint for each namespace serves what all its jobs use. */
  private async kafka({ namespaceId }: JobAccess): Promise<string | undefined> {
    if (namespaceId === undefined) return undefined;
    const { resources, authority } = this.context;
    const all = this.assets.list('Job').flatMap((asset) => {
      const settings = jobSettings(asset);
      const access = settings && jobAccess(settings, this.assets, resources, authority);
      return access?.namespaceId !== undefined && idKey(access.namespaceId) === idKey(namespaceId) ? [access] : [];
    });
    const served = {
      mirrored: all.flatMap(({ mirrored }) => mirrored),
      received: all.flatMap(({ received }) => received),
    };
    return this.endpoint(namespaceId).serve(served);
  }

  private endpoint(namespaceId: string): KafkaEndpoint {
    const key = idKey(namespaceId);
    const found = this.endpoints.get(key);
    if (found) return found;
    const made = new KafkaEndpoint(nameOf(namespaceId), this.context, (id) => this.needs.eventHubs.find(id));
    this.endpoints.set(key, made);
    return made;
  }

  private async containers({ containers }: JobAccess): Promise<Record<string, string>> {
    const folders: Record<string, string> = {};
    for (const used of containers) {
      const folder = this.folders.container(used.place, used.createdAt);
      if (!existsSync(folder)) rmSync(dirname(folder), { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      await this.lake.refresh(used, folder);
      folders[used.place.authority] = folder;
    }
    return folders;
  }

  private async change(asset: Asset, run: () => Promise<void>): Promise<void> {
    const key = keyOf(asset);
    const change = (this.changes.get(key) ?? Promise.resolve()).then(run);
    this.changes.set(
      key,
      change.catch(() => {}),
    );
    await change;
  }
}

function keyOf({ workspaceId, id }: Asset): string {
  return join(idKey(workspaceId), id);
}
