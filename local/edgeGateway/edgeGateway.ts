import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../contracts';
import { readJson, writeJsonAtomic } from '../core/state';
import type { DeviceCredentials } from '../devices/deviceAuthority';
import { type ProvisioningEndpoint, provisionDevice } from '../devices/provisionDevice';
import { type DeploymentContent, readEdgeHubSettings } from './deployment';
import { LeafListener } from './leafListener';
import { MessageStore } from './messageStore';
import { Uplink, type UplinkState } from './uplink';

/** How a gateway is set up; plain JSON, so that it reaches a process of its own. */
export interface EdgeGatewayConfig {
  /** Device id of the edge device: common name of its certificate, registered with the iotEdge capability. */
  readonly deviceId: string;
  readonly credentials: DeviceCredentials;
  /** Folder of the store; one gateway at a time may have it. */
  readonly folder: string;
  /** Port on 127.0.0.1 for leaf devices. */
  readonly port: number;
  /** PEM of the key and certificate that leaf devices see. */
  readonly server: { readonly key: string; readonly cert: string };
  /** PEM of the authorities of the leaf devices' certificates. */
  readonly deviceAuthorities: readonly string[];
  /** PEM of the authority behind the TLS certificates of hub and provisioning service. */
  readonly serverAuthority: string;
  /** Where the edge device asks for its hub; or else `hubHost`. */
  readonly provisioning?: ProvisioningEndpoint;
  /** `host` or `host:port` of its hub. */
  readonly hubHost?: string;
}

/** How a gateway does. */
export interface EdgeGatewayStatus {
  readonly uplink: UplinkState;
  /** Why there is no uplink, where known. */
  readonly reason?: string;
  /** False while no deployment has a route to `$upstream`; then messages are kept. */
  readonly routesUpstream: boolean;
  /** Messages taken from leaf devices since the start. */
  readonly accepted: number;
  /** Messages that the hub has acknowledged since the start; one sent twice counts twice. */
  readonly forwarded: number;
  /** Messages dropped since the start because they had waited for longer than the deployment's time to live. */
  readonly expired: number;
  /** Messages that wait for the uplink. */
  readonly waiting: number;
  readonly connectedDevices: number;
}

interface Assigned {
  readonly idScope: string;
  readonly hubHost: string;
}

/**
 * A store-and-forward gateway that stands in for the IoT Edge hub in steps 1 and 2: leaf devices connect to it by MQTT,
 * it acknowledges what it has on disk, and forwards that to IoT Hub at least once, in order, under the edge device's own
 * identity, as the effective automatic deployment says (a route to `$upstream`, the time to live).
 *
 * It is not IoT Edge: it runs no containers and no modules, has no routes between modules, no twins or methods for its
 * devices, no nested gateways, and it does not check offline whether a device is its child: the hub does, when the
 * message arrives.
 */
export class EdgeGateway {
  private accepted = 0;

  private constructor(
    private readonly config: EdgeGatewayConfig,
    private readonly log: Log,
    private readonly store: MessageStore,
    private readonly uplink: Uplink,
    private leaves: { close(): Promise<void>; connectedDevices(): number } | undefined,
  ) {}

  /** Opens the store, takes up the deployment that was in force last, and listens for leaf devices. */
  static async start(config: EdgeGatewayConfig, log: Log, now: () => number = Date.now): Promise<EdgeGateway> {
    mkdirSync(config.folder, { recursive: true, mode: 0o700 });
    const store = MessageStore.open(config.folder);
    const { deviceId, credentials, serverAuthority } = config;
    const hubHost = (again: boolean) => findHub(config, again);
    const uplink = new Uplink({ deviceId, credentials, serverAuthority, hubHost, store, now, log });
    const gateway = new EdgeGateway(config, log, store, uplink, undefined);
    gateway.applyDeployment(readJson<DeploymentContent>(gateway.deploymentFile));
    uplink.start();
    gateway.leaves = await LeafListener.listen({
      ...config,
      log,
      store: async (message) => {
        await store.append(message, now());
        gateway.accepted++;
      },
    });
    return gateway;
  }

  /**
   * Makes a deployment the effective one; nothing takes it away. Without one that routes upstream, messages are kept.
   * It is remembered, so that a gateway that starts while the hub cannot be reached knows it.
   * @throws Error when the deployment has a route that this stand-in cannot do; then the one before stays in force.
   */
  applyDeployment(deployment: DeploymentContent | undefined): void {
    const settings = readEdgeHubSettings(deployment);
    writeJsonAtomic(this.deploymentFile, deployment ?? {});
    if (settings === undefined) {
      this.log.warn(
        `Edge gateway ${this.config.deviceId}: no deployment routes messages upstream, so they are only kept.`,
      );
    }
    this.uplink.apply(settings);
  }

  /** Breaks the connection to the hub until it is called with false. */
  cutUplink(isCut: boolean): void {
    this.uplink.cut(isCut);
  }

  status(): EdgeGatewayStatus {
    const { state, reason, routesUpstream, forwarded, expired } = this.uplink;
    const connectedDevices = this.leaves?.connectedDevices() ?? 0;
    return {
      uplink: state,
      reason,
      routesUpstream,
      accepted: this.accepted,
      forwarded,
      expired,
      waiting: this.store.waiting,
      connectedDevices,
    };
  }

  /** Stops listening and writes down how far the hub has acknowledged. */
  async close(): Promise<void> {
    await this.leaves?.close();
    await this.uplink.close();
    await this.store.close();
  }

  private get deploymentFile(): string {
    return join(this.config.folder, 'deployment.json');
  }
}

/**
 * The hub that the gateway was assigned to; remembered, so that only the first start needs the provisioning service.
 * @param again ask the provisioning service all the same.
 */
async function findHub(config: EdgeGatewayConfig, again: boolean): Promise<string> {
  const { hubHost, provisioning, deviceId, credentials, serverAuthority, folder } = config;
  if (hubHost !== undefined) return hubHost;
  if (provisioning === undefined)
    throw new Error(`Gateway ${deviceId} has neither hubHost nor provisioning: give one.`);
  const file = join(folder, 'assignment.json');
  const kept = readJson<Assigned>(file);
  if (kept?.idScope === provisioning.idScope && !again) return kept.hubHost;
  const assigned = await provisionDevice(provisioning, deviceId, credentials, serverAuthority);
  writeJsonAtomic(file, { idScope: provisioning.idScope, hubHost: assigned.hubHost } satisfies Assigned);
  return assigned.hubHost;
}
