import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ArmResource, AzureError, type Properties, type Service, type ServiceContext } from '../contracts';
import { SharedTlsListener } from '../mqtt/sharedTlsListener';
import type { LinkedHub } from './allocation';
import { ProvisioningDeviceApi } from './deviceApi';
import { describeCertificate, verifiedAuthority } from './dpsCertificate';
import { type AllocationPolicy, allocationPolicies } from './enrollmentGroup';
import { ProvisioningStore } from './provisioningStore';
import { type LinkedRegistries, type ProvisioningSettings, Registrar } from './registrar';
import { ProvisioningServiceApi } from './serviceApi';

interface Running {
  readonly store: ProvisioningStore;
  readonly stop: () => Promise<void>;
}

interface LinkInputs {
  readonly authenticationType?: string;
  readonly hostName?: string;
  readonly selectedUserAssignedIdentityResourceId?: string;
  readonly allocationWeight?: number;
  readonly applyAllocationPolicy?: boolean;
}

/**
 * The Device Provisioning Service: tells devices which hub is theirs and has that hub register them, under the
 * user-assigned identity that links the two. One TLS port serves devices (MQTT) and administrators (HTTPS).
 *
 * Not done here, and refused: single enrollments, TPM, custom allocation by a function, links by key or by the
 * system-assigned identity.
 */
export class ProvisioningServices implements Service {
  readonly kinds = ['deviceprovisioningservices:IotDpsResource', 'deviceprovisioningservices:DpsCertificate'] as const;
  private readonly running = new Map<string, Running>();

  constructor(
    private readonly context: ServiceContext,
    private readonly registries: LinkedRegistries,
  ) {}

  async provision(resource: ArmResource): Promise<Properties> {
    if (resource.kind === 'deviceprovisioningservices:DpsCertificate') return describeCertificate(resource);
    const settings = this.settingsOf(resource);
    const host = `localhost:${await this.context.ports.get(`dps-${nameOf(resource)}`)}`;
    const key = resource.id.toLowerCase();
    if (!this.running.has(key)) this.running.set(key, await this.start(resource.id, settings.idScope));
    return {
      properties: {
        ...(resource.inputs.properties as Properties),
        state: 'Active',
        provisioningState: 'Succeeded',
        idScope: settings.idScope,
        deviceProvisioningHostName: host,
        serviceOperationsHostName: host,
      },
      etag: `"${createHash('sha256').update(JSON.stringify(resource.inputs)).digest('hex').slice(0, 16)}"`,
    };
  }

  async deprovision(resource: ArmResource): Promise<void> {
    const key = resource.id.toLowerCase();
    const running = this.running.get(key);
    this.running.delete(key);
    await running?.stop();
    running?.store.delete();
  }

  async close(): Promise<void> {
    const stopping = [...this.running.values()].map(({ stop }) => stop());
    this.running.clear();
    await Promise.all(stopping);
  }

  private async start(id: string, idScope: string): Promise<Running> {
    const { authority, clock, log, certificates } = this.context;
    const folder = join(this.context.stateFolder('provisioning'), idScope);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const store = new ProvisioningStore(folder);
    const registrar = new Registrar(() => this.currentSettings(id), store, this.registries, authority, clock);
    const devices = await ProvisioningDeviceApi.start(idScope, registrar, clock, log);
    const hasAuthority = (name: string) => verifiedAuthority(this.context.resources, id, name) !== undefined;
    const administrators = new ProvisioningServiceApi(id, store, hasAuthority, authority, clock, log);
    const listener = await SharedTlsListener.listen({
      port: await this.context.ports.get(`dps-${id.split('/').at(-1)}`),
      server: certificates.server,
      onMqtt: (socket) => devices.accept(socket),
      onRequest: (request, response) => void administrators.handle(request, response),
    });
    const stop = async () => {
      await devices.stop();
      await listener.close();
    };
    return { store, stop };
  }

  private currentSettings(id: string): ProvisioningSettings {
    const resource = this.context.resources.get(id);
    if (resource === undefined)
      throw new AzureError(404, 'ResourceNotFound', `There is no provisioning service ${id}.`);
    return this.settingsOf(resource);
  }

  private settingsOf(resource: ArmResource): ProvisioningSettings {
    const given = (resource.inputs.properties ?? {}) as { iotHubs?: LinkInputs[]; allocationPolicy?: string };
    const problems: string[] = [];
    const policy = readPolicy(given.allocationPolicy, problems);
    const linkedHubs = (given.iotHubs ?? []).flatMap((link, index) => readLink(link, index, resource, problems) ?? []);
    if (problems.length > 0) throw new AzureError(400, 'BadRequest', `${resource.id}: ${problems.join('; ')}.`);
    return {
      idScope: idScopeOf(resource.id),
      allocationPolicy: policy,
      linkedHubs,
      authority: (name) => verifiedAuthority(this.context.resources, resource.id, name),
    };
  }
}

/** `0ne` and eight characters that follow from the ARM id, so that a service made again has the same scope. */
function idScopeOf(id: string): string {
  return `0ne${createHash('sha256').update(id.toLowerCase()).digest('hex').slice(0, 8).toUpperCase()}`;
}

/** ARM spells policies `Hashed`, `GeoLatency`, `Static`; the service API begins them in lower case. */
function readPolicy(given: string | undefined, problems: string[]): AllocationPolicy {
  const policy = allocationPolicies.find((known) => known.toLowerCase() === (given ?? 'hashed').toLowerCase());
  if (policy === undefined)
    problems.push(`properties.allocationPolicy is "${given}"; allowed: Hashed, GeoLatency, Static`);
  return policy ?? 'hashed';
}

function readLink(link: LinkInputs, index: number, service: ArmResource, problems: string[]): LinkedHub | undefined {
  const where = `properties.iotHubs[${index}]`;
  const identityId = link.selectedUserAssignedIdentityResourceId;
  if (link.authenticationType !== 'UserAssigned' || identityId === undefined || link.hostName === undefined) {
    problems.push(
      `${where} must have authenticationType "UserAssigned", hostName and selectedUserAssignedIdentityResourceId: the local provisioning service links by user-assigned identity only`,
    );
    return undefined;
  }
  if (!identitiesOf(service).includes(identityId.toLowerCase())) {
    problems.push(`${where} uses ${identityId}, which is not among the identities of the provisioning service`);
  }
  return {
    hostName: link.hostName,
    allocationWeight: link.allocationWeight ?? 1,
    applyAllocationPolicy: link.applyAllocationPolicy ?? true,
    identityId,
  };
}

/** Ids in lower case; ARM keeps them as keys of a map, azure-native's typed resources as a list. */
function identitiesOf({ inputs }: ArmResource): string[] {
  const given = (inputs.identity as { userAssignedIdentities?: string[] | Record<string, unknown> } | undefined)
    ?.userAssignedIdentities;
  const ids = Array.isArray(given) ? given : Object.keys(given ?? {});
  return ids.map((id) => id.toLowerCase());
}

function nameOf(resource: ArmResource): string {
  return resource.id.split('/').at(-1) ?? '';
}
