import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type ArmResource,
  AzureError,
  type Principal,
  type Properties,
  type Service,
  type ServiceContext,
} from '../contracts';
import type { Configuration } from './configurations';
import type { Device, DeviceRegistration } from './device';
import { type HubStats, IotHub } from './hub';
import type { DeliveryTargets } from './routing/deliveries';
import type { EndpointHealth } from './routing/endpointHealth';
import { validateEndpoint } from './routing/targets';
import { iotHubActions } from './serviceApi';
import { builtInEndpoint, type HubSettings, readHubSettings } from './settings';

const hubKind = 'iothub:IotHubResource';
const certificateKind = 'iothub:Certificate';
const consumerGroupKind = 'iothub:IotHubResourceEventHubConsumerGroup';

/** A hub's registry for services inside the local cloud, which must hold the same roles as foreign callers. */
export interface HubRegistry {
  /** `localhost:PORT`, for devices. */
  readonly hostName: string;
  /**
   * The device as it is after: made when it is not there; else, when its way to authenticate is another one, changed to
   * the given one. An initial twin is for a new device only.
   * @throws AzureError 403 without the data actions devices/read, devices/write (and twins/write for an initial twin).
   */
  createOrGet(caller: Principal, deviceId: string, registration: DeviceRegistration): Promise<Device>;
}

/**
 * Azure IoT Hub in the local cloud: MQTT over TLS and the REST API on one port for each hub, identity-based routing to
 * event hubs and storage, twins, direct methods and automatic deployments. What the hub has acknowledged lies in its own
 * log, from which each endpoint is served at its own pace.
 *
 * Not here: AMQP and HTTPS for devices, reading the built-in endpoint as an event hub, cloud-to-device messages, modules,
 * file upload, jobs, throttling by sku, the end of a connection when its SAS token expires, firewalls
 * (`publicNetworkAccess`, `ipFilterRules` are kept and have no effect). TLS is 1.2 or newer, whatever `minTlsVersion` says.
 */
export class IotHubs implements Service {
  readonly kinds = [hubKind, certificateKind, consumerGroupKind] as const;
  private readonly hubs = new Map<string, IotHub>();
  private readonly folder: string;

  constructor(
    private readonly context: ServiceContext,
    private readonly targets: DeliveryTargets,
  ) {
    this.folder = context.stateFolder('iothub');
  }

  async provision(resource: ArmResource, previous?: ArmResource): Promise<Properties> {
    if (resource.kind === certificateKind) return this.provisionCertificate(resource);
    if (resource.kind === consumerGroupKind) return { name: nameOf(resource.id) };
    const settings = readHubSettings(resource);
    const isRestart = isDeepStrictEqual(previous?.inputs, resource.inputs);
    // Azure checks the endpoints when a hub is made or changed, and never after.
    if (!isRestart) for (const endpoint of settings.endpoints) validateEndpoint(endpoint, this.context);
    const hub = this.hubs.get(key(resource.id));
    if (hub !== undefined) await hub.apply(settings);
    return hubOutputs(resource, settings, hub ?? (await this.openHub(settings)));
  }

  async deprovision(resource: ArmResource): Promise<void> {
    if (resource.kind === certificateKind) {
      this.hubs.get(key(parentOf(resource.id)))?.authorities.delete(nameOf(resource.id).toLowerCase());
      return;
    }
    if (resource.kind !== hubKind) return;
    const hub = this.hubs.get(key(resource.id));
    this.hubs.delete(key(resource.id));
    await hub?.delete();
  }

  async close(): Promise<void> {
    await Promise.all([...this.hubs.values()].map((hub) => hub.close()));
    this.hubs.clear();
  }

  /** @throws AzureError 404 when there is no such hub. */
  registry(hubId: string): HubRegistry {
    const hub = this.hub(hubId);
    return {
      hostName: hub.hostName,
      createOrGet: (caller, deviceId, registration) => this.createOrGet(hub, caller, deviceId, registration),
    };
  }

  /** The ARM id of the hub that devices reach at this host name (`localhost:PORT`); nothing when there is none. */
  hubAt(hostName: string): string | undefined {
    return [...this.hubs.values()].find((hub) => hub.hostName === hostName.toLowerCase())?.id;
  }

  /** The automatic deployment that an IoT Edge device runs: of those that target it the one of the highest priority. */
  deploymentsFor(hubId: string, edgeDeviceId: string): Configuration | undefined {
    const hub = this.hub(hubId);
    return hub.configurations.effectiveFor(hub.registry.get(edgeDeviceId));
  }

  /** How often each message id was accepted from devices: more than once when a device sent it again. */
  acceptedCounts(hubId: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { source, messageId } of this.hub(hubId).accepted()) {
      if (source === 'DeviceMessages' && messageId !== undefined)
        counts.set(messageId, (counts.get(messageId) ?? 0) + 1);
    }
    return counts;
  }

  /** What a hub has accepted and still holds, with the endpoints that each message went to. */
  accepted(hubId: string): ReturnType<IotHub['accepted']> {
    return this.hub(hubId).accepted();
  }

  health(hubId: string): EndpointHealth[] {
    return this.hub(hubId).health();
  }

  stats(): HubStats[] {
    return [...this.hubs.values()].map((hub) => hub.stats());
  }

  private async openHub(settings: HubSettings): Promise<IotHub> {
    const port = await this.context.ports.get(`iothub-${settings.name}`);
    const folder = join(this.folder, settings.name.toLowerCase());
    const hub = await IotHub.open(settings, folder, port, this.context, this.targets);
    this.hubs.set(key(settings.id), hub);
    return hub;
  }

  private provisionCertificate(resource: ArmResource): Properties {
    const given = resource.inputs.properties as { certificate?: unknown; isVerified?: unknown } | undefined;
    const certificate = readCertificate(resource.id, given?.certificate);
    const hub = this.hub(parentOf(resource.id));
    const name = nameOf(resource.id).toLowerCase();
    if (given?.isVerified === true) hub.authorities.set(name, certificate.toString());
    else hub.authorities.delete(name);
    return {
      name: nameOf(resource.id),
      properties: {
        ...given,
        isVerified: given?.isVerified === true,
        subject: /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? certificate.subject,
        thumbprint: certificate.fingerprint.replaceAll(':', ''),
        expiry: new Date(certificate.validTo).toUTCString(),
        created: new Date(resource.createdAt).toUTCString(),
        updated: new Date(resource.createdAt).toUTCString(),
      },
    };
  }

  private async createOrGet(
    hub: IotHub,
    caller: Principal,
    deviceId: string,
    registration: DeviceRegistration,
  ): Promise<Device> {
    const { authority } = this.context;
    authority.require(caller, iotHubActions.readDevices, hub.id);
    const found = hub.registry.find(deviceId);
    if (found !== undefined && sameAuthentication(found, registration)) return found;
    authority.require(caller, iotHubActions.writeDevices, hub.id);
    if (found !== undefined) {
      const { iotEdge, deviceScope, parentScopes, status } = found;
      const kept = { iotEdge, ...(deviceScope === undefined ? {} : { deviceScope }), parentScopes, status };
      return hub.registry.update(deviceId, { ...kept, authentication: registration.authentication }, '*');
    }
    if (registration.initialTwin !== undefined) authority.require(caller, iotHubActions.writeTwins, hub.id);
    return hub.registry.create(deviceId, registration);
  }

  private hub(hubId: string): IotHub {
    const hub = this.hubs.get(key(hubId));
    if (hub === undefined) throw new AzureError(404, 'ResourceNotFound', `There is no IoT hub ${hubId}.`);
    return hub;
  }
}

/** Outputs as Azure answers them; the built-in endpoint has no `endpoint`, since it cannot be read as an event hub here. */
function hubOutputs(resource: ArmResource, settings: HubSettings, hub: IotHub): Properties {
  const partitionIds = Array.from({ length: settings.partitionCount }, (_, partition) => String(partition));
  const { partitionCount, retentionDays } = settings;
  return {
    name: settings.name,
    properties: {
      ...(resource.inputs.properties as Properties | undefined),
      hostName: hub.hostName,
      state: 'Active',
      provisioningState: 'Succeeded',
      eventHubEndpoints: {
        [builtInEndpoint]: {
          partitionCount,
          retentionTimeInDays: retentionDays,
          partitionIds,
          path: settings.name.toLowerCase(),
        },
      },
    },
  };
}

function sameAuthentication(device: Device, { authentication }: DeviceRegistration): boolean {
  const old = device.authentication;
  if (old.type !== 'selfSigned' || authentication.type !== 'selfSigned') return old.type === authentication.type;
  const { primaryThumbprint } = authentication.x509Thumbprint;
  return old.x509Thumbprint.primaryThumbprint.toLowerCase() === primaryThumbprint.toLowerCase();
}

/** A certificate is given as PEM, or as base64 of PEM or of DER, as the portal and the SDKs do. */
function readCertificate(id: string, given: unknown): X509Certificate {
  const text = typeof given === 'string' ? given.trim() : '';
  try {
    return new X509Certificate(text.startsWith('-----BEGIN') ? text : Buffer.from(text, 'base64'));
  } catch {
    throw new AzureError(
      400,
      'InvalidCertificate',
      `${nameOf(id)}: properties.certificate is no X.509 certificate in PEM or base64.`,
    );
  }
}

function parentOf(childId: string): string {
  return childId.split('/').slice(0, -2).join('/');
}

function nameOf(id: string): string {
  return id.split('/').at(-1) ?? '';
}

function key(id: string): string {
  return id.toLowerCase();
}
