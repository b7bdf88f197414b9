import type { EventHub } from '@pulumi/azure-native/eventhub/eventHub';
import type { IotHubResource } from '@pulumi/azure-native/iothub/iotHubResource';
import type { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import type { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import * as pulumi from '@pulumi/pulumi';
import { clouds } from '../azure/clouds';
import { type Encryption, encryptionKey } from '../azure/encryption';
import {
  eventHub,
  eventHubsNamespace,
  existingNamespace,
  type NamespaceReference,
  namespaceHost,
} from '../azure/eventHubs';
import { hopIdentity, type Identity } from '../azure/identity';
import { operatorGrants } from '../azure/operators';
import { propagated } from '../azure/propagation';
import { siteOf } from '../azure/site';
import { container, writeOnceAccount } from '../azure/storage';
import type { IoMTIngestArgs } from '../iomtIngest';
import { deployerGrants, exposure, operatorRights, provisioningGrant, routerGrants } from './access';
import { applyEdgeDeployment, applyEnrollmentGroups } from './dataPlane';
import type { CompleteSettings } from './defaults';
import { edgeDeployment } from './edge';
import { manualSteps, writeArtefacts } from './handOver';
import { hubCertificates, hubHostName, iotHub } from './iotHub';
import { observe } from './observe';
import { enrollmentGroups, type ProvisioningService, provisioningService } from './provisioning';
import { administrationEndpoint, deviceDataEndpoint, rawEndpoint } from './routing';
import type { IngestSite } from './site';

/** The Azure resources of an ingest. */
export interface IngestNodes {
  readonly iotHub: IotHubResource;
  readonly eventHubsNamespace: NamespaceReference;
  readonly deviceDataHub: EventHub;
  readonly rawStorageAccount: StorageAccount;
  readonly rawContainer: BlobContainer;
  readonly deviceAdministrationContainer: BlobContainer;
  readonly hubRouter: Identity;
  /** On the namespace, so that hubs in it can be captured with it; undefined where the namespace existed. */
  readonly captureIdentity?: Identity;
  readonly provisioningService?: ProvisioningService;
}

/** Makes all resources of an ingest, each after what it needs. */
export function buildIngest(
  component: pulumi.ComponentResource,
  name: string,
  args: IoMTIngestArgs,
  settings: CompleteSettings,
) {
  const site = siteOf(component, name, args, settings);
  const router = hopIdentity(
    site.children,
    site.names,
    site.surroundings,
    'hub-router',
    settings.managedIdentities?.hubRouter,
  );
  const { managedIdentities } = settings;
  const capture = captureIdentity(site);
  const encryption = encryptionKey(site, 'encryption', managedIdentities?.customerManagedKey, 'Event Hubs and storage');
  const stream = buildStream(site, encryption, capture ? [capture] : []);
  const storage = buildStorage(site, encryption);

  const routerRoles = site.grants.add(
    ...routerGrants(router, stream.hub.id, storage.rawContainer, storage.administrationContainer),
  );
  const gate = propagated(site, 'role-propagation', routerRoles);
  const hub = buildHub(site, router, stream, storage, gate);
  const provisioning = buildProvisioning(site, hub);
  const handOver = finish(site, hub, provisioning, stream.hub, storage);
  observe(site, hub, provisioning, stream.namespace, storage.account);

  return {
    nodes: {
      iotHub: hub,
      eventHubsNamespace: stream.namespace,
      deviceDataHub: stream.hub,
      rawStorageAccount: storage.account,
      rawContainer: storage.rawContainer,
      deviceAdministrationContainer: storage.administrationContainer,
      hubRouter: router,
      captureIdentity: capture,
      provisioningService: provisioning,
    },
    outputs: {
      iotHubHostName: hubHostName(hub),
      provisioningIdScope: provisioning?.idScope,
      provisioningHostName: provisioning?.deviceHost,
      deviceDataHubId: stream.hub.id,
      eventHubsNamespaceHost: stream.namespace.serviceBusEndpoint.apply(namespaceHost),
      rawStorageAccountId: storage.account.id,
      manualSteps: manualSteps(handOver),
    },
  };
}

/**
 * Event Hubs writes captured files with an identity that the namespace carries. It is put there with the namespace, whoever
 * has hubs captured later; without a role it can do nothing.
 */
function captureIdentity({ children, names, surroundings, settings }: IngestSite): Identity | undefined {
  if (settings.existingEventHubsNamespaceId !== undefined) return undefined;
  return hopIdentity(children, names, surroundings, 'capture', settings.managedIdentities?.capture);
}

function buildStream(
  { children, names, surroundings, settings, protection }: IngestSite,
  { key, ready }: Encryption,
  captureIdentities: readonly Identity[],
) {
  const { eventHubs, existingEventHubsNamespaceId, consumerGroups } = settings;
  const namespace =
    existingEventHubsNamespaceId !== undefined
      ? existingNamespace(children, existingEventHubsNamespaceId)
      : eventHubsNamespace(
          children,
          surroundings,
          {
            ...eventHubs,
            name: names.of('eventHubsNamespace', settings.names?.eventHubsNamespace),
            publicNetworkAccess: exposure(settings).data,
            key,
            captureIdentities,
          },
          { ...protection, dependsOn: ready },
        );
  const { hub } = eventHub(
    children,
    namespace,
    {
      eventHubName: deviceDataEndpoint,
      partitionCount: eventHubs.deviceDataPartitions,
      retentionHours: eventHubs.retentionHours,
      consumerGroups,
    },
    protection,
  );
  return { namespace, hub };
}

function buildStorage({ children, names, surroundings, settings, protection }: IngestSite, { key, ready }: Encryption) {
  const { rawStorage } = settings;
  const account = writeOnceAccount(
    children,
    surroundings,
    'raw-storage',
    {
      ...rawStorage,
      name: names.of('storageAccount', settings.names?.rawStorageAccount, 'raw'),
      deleteAfterDays: rawStorage.deleteAfterDays ?? pulumi.output(rawStorage.retentionDays).apply((days) => days + 1),
      publicNetworkAccess: exposure(settings).data,
      key,
    },
    { ...protection, dependsOn: ready },
  );
  const containerOf = (name: string) => container(children, surroundings.resourceGroupName, account, name, protection);
  return {
    account,
    rawContainer: containerOf(rawEndpoint),
    administrationContainer: containerOf(administrationEndpoint),
  };
}

type Stream = ReturnType<typeof buildStream>;
type Storage = ReturnType<typeof buildStorage>;

function buildHub(
  site: IngestSite,
  router: Identity,
  { namespace, hub }: Stream,
  storage: Storage,
  gate: pulumi.Resource[],
) {
  const { children, names, surroundings, settings, grants, protection, hospitalId } = site;
  const targets = {
    serviceBusEndpoint: namespace.serviceBusEndpoint,
    blobEndpoint: storage.account.primaryEndpoints.apply(({ blob }) => blob),
  };
  const dependsOn = grants.afterTold([hub, storage.rawContainer, storage.administrationContainer, ...gate]);
  const name = names.of('iotHub', settings.names?.iotHub);
  const parts = { name, targets, router, access: exposure(settings).registries };
  return iotHub(children, surroundings, hospitalId, settings, parts, { ...protection, dependsOn });
}

function buildProvisioning(site: IngestSite, hub: IotHubResource): ProvisioningService | undefined {
  const { children, names, surroundings, settings, grants, protection } = site;
  if (!settings.provisioning.enabled) return undefined;
  const identity = hopIdentity(children, names, surroundings, 'provisioning', settings.managedIdentities?.provisioning);
  const dependsOn = grants.add(provisioningGrant(identity, hub.id));
  const name = names.of('provisioningService', settings.names?.provisioningService);
  const parts = { name, hub, identity, access: exposure(settings).registries };
  // Devices carry its id scope, and a service that is made anew gets another one.
  return provisioningService(children, surroundings, settings, parts, { ...protection, dependsOn });
}

/** Certificates, roles of people, and what lies on data planes or is handed over. */
function finish(
  { children, surroundings, settings, grants, dataPlane, hospitalId, protection }: IngestSite,
  hub: IotHubResource,
  provisioning: ProvisioningService | undefined,
  deviceDataHub: EventHub,
  { rawContainer, administrationContainer }: Storage,
) {
  hubCertificates(children, surroundings.resourceGroupName, hub, settings, protection.protect);
  const assignments = grants.add(...deployerGrants(settings, { provisioningId: provisioning?.id, hubId: hub.id }));
  const scopes = { eventHubId: deviceDataHub.id, rawContainer, administrationContainer, hubId: hub.id };
  grants.add(...operatorGrants(settings.roleAssignments, operatorRights(scopes)));

  const groups = provisioning ? enrollmentGroups(hospitalId, settings) : [];
  const deployment = settings.edge && edgeDeployment(hospitalId, settings, settings.edge);
  const handOver = {
    settings,
    roleSteps: grants.steps,
    groups,
    deployment,
    provisioningHost: provisioning?.serviceHost,
    hubHost: hubHostName(hub),
  };
  if (settings.deployerReach === 'none') {
    writeArtefacts(handOver);
    return handOver;
  }
  const plane = {
    cloud: clouds[settings.cloud],
    tenantId: surroundings.tenantId,
    provider: dataPlane,
    deployerRoles: assignments,
  };
  if (provisioning) applyEnrollmentGroups(children, plane, provisioning, groups);
  if (deployment) applyEdgeDeployment(children, plane, hub, deployment);
  return handOver;
}
