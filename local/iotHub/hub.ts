import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AzureError, type ServiceContext } from '../contracts';
import { readJson, writeJsonAtomic } from '../core/state';
import { SharedTlsListener } from '../mqtt/sharedTlsListener';
import { Configurations } from './configurations';
import type { Device } from './device';
import { DeviceEndpoint } from './deviceEndpoint';
import { type DeviceChange, DeviceRegistry } from './deviceRegistry';
import { DirectMethods } from './directMethods';
import { connectionEvent, lifecycleEvent, twinEvent } from './hubEvents';
import { Ingress } from './ingress';
import type { IotHubMessage } from './message';
import { Deliveries, type DeliveryTargets } from './routing/deliveries';
import { isWanted, type RoutingTwin, routeMessage } from './routing/router';
import { ServiceApi } from './serviceApi';
import { builtInEndpoint, type HubSettings } from './settings';

/** What a hub has done since the start, for the live page. */
export interface HubStats {
  readonly hubName: string;
  readonly connectedDevices: number;
  /** Messages taken from devices. */
  readonly accepted: number;
  /** Of these, in the name of a child by its gateway. */
  readonly viaGateway: number;
  /** Messages that no route took and that went to the built-in endpoint. */
  readonly fallback: number;
  /** Messages that no route took while the fallback route is off. */
  readonly orphaned: number;
  readonly sent: Readonly<Record<string, number>>;
}

/** One IoT hub: a port for devices and services, its registry, its log, and the routing out of it. */
export class IotHub {
  readonly methods: DirectMethods;
  private readonly counts = { accepted: 0, viaGateway: 0, fallback: 0, orphaned: 0 };
  private readonly uncounted = { '1': 0, '2': 0 };
  private reporting: NodeJS.Immediate | undefined;
  private listener: SharedTlsListener | undefined;
  private endpoint: DeviceEndpoint | undefined;
  /** PEM of the verified authorities, by the name of their `iothub:Certificate`. */
  readonly authorities = new Map<string, string>();

  private constructor(
    private settings: HubSettings,
    private readonly folder: string,
    private readonly port: number,
    private readonly context: ServiceContext,
    readonly registry: DeviceRegistry,
    readonly configurations: Configurations,
    private readonly ingress: Ingress,
    private readonly deliveries: Deliveries,
  ) {
    this.methods = new DirectMethods();
  }

  static async open(
    settings: HubSettings,
    folder: string,
    port: number,
    context: ServiceContext,
    targets: DeliveryTargets,
  ): Promise<IotHub> {
    let hub: IotHub | undefined;
    const ingress = new Ingress(
      join(folder, 'ingress'),
      settings.partitionCount,
      context.clock,
      settings.retentionDays,
    );
    const registry = new DeviceRegistry(join(folder, 'devices'), async (change) => hub?.changed(change));
    const configurations = new Configurations(join(folder, 'configurations'), context.clock);
    const incarnation = incarnationOf(folder);
    const deliveries = new Deliveries(join(folder, 'endpoints'), ingress, context, targets, incarnation);
    hub = new IotHub(settings, folder, port, context, registry, configurations, ingress, deliveries);
    await deliveries.apply(settings);
    await hub.listen();
    return hub;
  }

  get id(): string {
    return this.settings.id;
  }

  get hostName(): string {
    return `localhost:${this.port}`;
  }

  async apply(settings: HubSettings): Promise<void> {
    this.settings = settings;
    await this.deliveries.apply(settings);
  }

  stats(): HubStats {
    const sent = Object.fromEntries(this.health().map(({ endpointName, sent }) => [endpointName, sent]));
    return { hubName: this.settings.name, connectedDevices: this.endpoint?.connected ?? 0, ...this.counts, sent };
  }

  health() {
    return this.deliveries.health();
  }

  /** What the hub has accepted and still holds: its built-in endpoint and more, since it holds routed messages too. */
  accepted(): ReturnType<Ingress['messages']> {
    return this.ingress.messages();
  }

  isConnected(deviceId: string): boolean {
    return this.endpoint?.isConnected(deviceId) ?? false;
  }

  /**
   * Calls a direct method of a device.
   * @throws AzureError 404 DeviceNotOnline, 504 GatewayTimeout
   */
  async invokeMethod(deviceId: string, methodName: string, payload: unknown, timeoutSeconds: number) {
    this.registry.get(deviceId);
    return this.methods.invoke(timeoutSeconds, (requestId) => {
      const body = Buffer.from(JSON.stringify(payload ?? null));
      if (this.endpoint?.callMethod(deviceId, methodName, requestId, body)) return;
      throw new AzureError(
        404,
        'DeviceNotOnline',
        `The device "${deviceId}" is not connected or has no direct methods.`,
      );
    });
  }

  async close(): Promise<void> {
    await this.endpoint?.close();
    await this.listener?.close();
    await this.deliveries.close();
    await this.ingress.close();
  }

  /** Closes and forgets everything. */
  async delete(): Promise<void> {
    await this.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async listen(): Promise<void> {
    const { context } = this;
    const endpoint = await DeviceEndpoint.start({
      rules: () => ({
        hostName: this.hostName,
        deviceSasAllowed: this.settings.deviceSasAllowed,
        authorities: [...this.authorities.values()],
        find: (deviceId) => this.registry.find(deviceId),
      }),
      find: (deviceId) => this.registry.find(deviceId),
      accept: (message, viaGateway) => this.acceptFromDevice(message, viaGateway),
      reportProperties: (deviceId, patch) => this.registry.reportProperties(deviceId, patch),
      methodAnswered: (_deviceId, requestId, status, payload) => this.methods.answered(requestId, status, payload),
      connectionChanged: (device, connected) => this.connectionChanged(device, connected),
      refused: (reason) => context.log.warn(`IoT hub ${this.settings.name} has refused a client: ${reason}`),
    });
    this.endpoint = endpoint;
    const api = new ServiceApi(this, context.authority);
    this.listener = await SharedTlsListener.listen({
      port: this.port,
      server: context.certificates.server,
      onMqtt: (socket) => endpoint.handle(socket),
      onRequest: (request, response) => void api.handle(request, response),
    });
  }

  private async acceptFromDevice(message: IotHubMessage, viaGateway: boolean): Promise<void> {
    const endpointNames = await this.accept(message);
    this.counts.accepted++;
    if (viaGateway) this.counts.viaGateway++;
    if (endpointNames.length === 0) this.counts.orphaned++;
    else if (endpointNames.length === 1 && endpointNames[0] === builtInEndpoint) this.counts.fallback++;
    this.uncounted[viaGateway ? '2' : '1']++;
    this.reporting ??= setImmediate(() => this.report());
  }

  /** One event for all that one write of the log has made safe. */
  private report(): void {
    this.reporting = undefined;
    for (const step of ['1', '2'] as const) {
      if (this.uncounted[step] > 0) this.context.events.emit({ step, count: this.uncounted[step] });
      this.uncounted[step] = 0;
    }
    this.ingress.trim((partition) => this.deliveries.waitedFor(partition));
  }

  /** Decides where the message goes and keeps it; resolves with the endpoints once it is safe. */
  private async accept(message: IotHubMessage): Promise<readonly string[]> {
    const enqueuedTime = this.context.clock.now();
    const device = this.registry.find(message.deviceId);
    const decision = routeMessage(this.settings, message, device && twinFor(device), enqueuedTime);
    if (message.source === 'DeviceMessages' || decision.endpointNames.length > 0) {
      await this.ingress.append({ ...message, ...decision, acceptedAt: Date.now() }, enqueuedTime);
    }
    return decision.endpointNames;
  }

  private async changed(change: DeviceChange): Promise<void> {
    const { device } = change;
    if (change.kind === 'twin') {
      if (change.patch.desired !== undefined) this.endpoint?.notifyDesired(device, change.patch.desired);
      await this.tell(twinEvent(this.settings.name, change, this.context.clock.now()));
      return;
    }
    if (change.kind !== 'created' && (change.kind === 'deleted' || device.status === 'disabled')) {
      this.endpoint?.disconnect(device.deviceId);
    }
    if (change.kind !== 'updated') {
      await this.tell(lifecycleEvent(this.settings.name, change.kind, device, this.context.clock.now()));
    }
  }

  private connectionChanged(device: Device, connected: boolean): void {
    const event = connectionEvent(this.settings.name, device, connected, this.context.clock.now());
    this.tell(event).catch((error) => this.context.log.warn(`IoT hub ${this.settings.name}: ${error}`));
  }

  private async tell(event: IotHubMessage): Promise<void> {
    if (isWanted(this.settings.routes, event.source)) await this.accept(event);
  }
}

function twinFor({ twin }: Device): RoutingTwin {
  return { tags: twin.tags, properties: { desired: twin.desired.values, reported: twin.reported.values } };
}

/** Tells this hub from an earlier one of the same name, whose sequences an event hub may still know. */
function incarnationOf(folder: string): string {
  const file = join(folder, 'hub.json');
  const known = readJson<{ incarnation: string }>(file);
  if (known !== undefined) return known.incarnation;
  const incarnation = randomUUID();
  writeJsonAtomic(file, { incarnation });
  return incarnation;
}
