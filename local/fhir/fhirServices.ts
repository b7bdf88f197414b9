import { join } from 'node:path';
import type { WithId } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';
import {
  type ArmResource,
  AzureError,
  type EventHubSender,
  type Properties,
  type Service,
  type ServiceContext,
} from '../contracts';
import { type KeyUse, requireKeyAccess } from '../identity/encryptionKey';
import { Endpoint } from './endpoint';
import type { FhirFaults } from './faults';
import { FhirService } from './fhirService';
import type { VersionPolicy } from './repository';
import type { FhirStatistics } from './statistics';

interface Running {
  readonly service: FhirService;
  readonly endpoint: Endpoint;
}

/**
 * FHIR services of Azure Health Data Services: each an HTTPS endpoint for R4 over its own durable store, with medplum's
 * router. Its URL is its `authenticationConfiguration.audience`, as in Azure, but `https://localhost:<port>`.
 *
 * What differs from Azure: there is no export, import, conversion, SMART, validation of profiles, custom search
 * parameter, chained or composite search.
 */
export class FhirServices implements Service {
  readonly kinds = ['healthcareapis:FhirService'] as const;
  /** By lower-case ARM id. */
  private readonly running = new Map<string, Running>();

  constructor(
    private readonly context: ServiceContext,
    private readonly eventHubs: EventHubSender,
  ) {}

  async provision(resource: ArmResource, previous?: ArmResource): Promise<Properties> {
    requireKeyAccess(resource, previous, (encryption) => keysOf(encryption, resource.inputs), this.context);
    const base = await this.baseOf(resource.id);
    const asked = (resource.inputs.authenticationConfiguration ?? {}) as Properties;
    const audience = isOwnUrl(asked.audience, resource.id) ? base : String(asked.audience);
    const running = this.running.get(resource.id.toLowerCase()) ?? (await this.start(resource.id, base, audience));
    running.endpoint.audience = audience;
    running.service.policy = policyOf(resource);
    const filledIn = resource.outputs.authenticationConfiguration as Properties | undefined;
    return {
      authenticationConfiguration: {
        authority: asked.authority ?? filledIn?.authority,
        audience,
        smartProxyEnabled: asked.smartProxyEnabled ?? false,
      },
    };
  }

  async deprovision({ id }: ArmResource): Promise<void> {
    const running = this.running.get(id.toLowerCase());
    this.running.delete(id.toLowerCase());
    await running?.endpoint.close();
    await running?.service.delete();
  }

  async close(): Promise<void> {
    for (const { endpoint, service } of this.running.values()) {
      await endpoint.close();
      await service.close();
    }
    this.running.clear();
  }

  /** ARM ids of the services that run. */
  ids(): string[] {
    return [...this.running.keys()];
  }

  /** All current resources of a type, for who proves a run. They carry their version in `meta.versionId`. */
  resources(id: string, type: string): Generator<WithId<Resource>> {
    return this.find(id).service.resources(type);
  }

  /** The types of which a service holds resources. */
  resourceTypes(id: string): string[] {
    return this.find(id).service.resourceTypes();
  }

  faults(id: string): FhirFaults {
    return this.find(id).service.faults;
  }

  /** By ARM id, lower case. */
  stats(): Record<string, FhirStatistics> {
    return Object.fromEntries([...this.running].map(([id, { service }]) => [id, service.statistics()]));
  }

  private find(id: string): Running {
    const running = this.running.get(id.toLowerCase());
    if (!running) throw new AzureError(404, 'ResourceNotFound', `There is no FHIR service '${id}'.`);
    return running;
  }

  private async baseOf(id: string): Promise<string> {
    return `https://localhost:${await this.context.ports.get(`fhir-${localNameOf(id)}`)}`;
  }

  private async start(id: string, base: string, audience: string): Promise<Running> {
    const { context, eventHubs } = this;
    const folder = join(context.stateFolder('fhir'), localNameOf(id));
    const workspaceId = id.replace(/\/fhirservices\/[^/]+$/i, '');
    const service = new FhirService({ id, workspaceId, base, folder, context, eventHubs });
    const endpoint = new Endpoint(context, service, base, audience);
    await endpoint.listen();
    const running = { service, endpoint };
    this.running.set(id.toLowerCase(), running);
    return running;
  }
}

/** Azure's URL of the service is its default audience; what stands for that URL here is the local one. */
function isOwnUrl(audience: unknown, id: string): boolean {
  if (typeof audience !== 'string') return true;
  return URL.canParse(audience) && new URL(audience).host.startsWith(`${localNameOf(id)}.fhir.`);
}

/** `<workspace>-<service>`, as Azure's host names have it: unique, since workspaces are unique in all of Azure. */
function localNameOf(id: string): string {
  const [, workspace, name] = /\/workspaces\/([^/]+)\/fhirservices\/([^/]+)$/i.exec(id) ?? [];
  if (!workspace || !name) throw new AzureError(400, 'InvalidResourceId', `${id} is not the id of a FHIR service.`);
  return `${workspace}-${name}`.toLowerCase();
}

function policyOf({ inputs }: ArmResource): VersionPolicy {
  const policy = (inputs.resourceVersionPolicyConfiguration ?? {}) as Properties;
  const overrides = (policy.resourceTypeOverrides ?? {}) as Readonly<Record<string, string>>;
  return (type) => overrides[type] ?? String(policy.default ?? 'versioned');
}

/** `https://<vault>/keys/<name>/<version>`, read by the service's own identity. */
function keysOf({ customerManagedKeyEncryption }: Properties, { identity }: Properties): KeyUse[] {
  const url = (customerManagedKeyEncryption as Properties | undefined)?.keyEncryptionKeyUrl;
  const [, keyVaultUri, keyName] = /^(https:\/\/[^/]+)\/keys\/([^/]+)/.exec(String(url)) ?? [];
  if (!keyVaultUri || !keyName) return [];
  const ids = (identity as Properties | undefined)?.userAssignedIdentities;
  return [{ keyVaultUri, keyName, userAssignedIdentityId: String(Array.isArray(ids) ? ids[0] : undefined) }];
}
