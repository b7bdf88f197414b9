import { DpsCertificate } from '@pulumi/azure-native/deviceprovisioningservices/dpsCertificate';
import type { IotHubResource } from '@pulumi/azure-native/iothub/iotHubResource';
import { Resource } from '@pulumi/azure-native/resources/resource';
import type * as pulumi from '@pulumi/pulumi';
import { type Children, nameFromId, type Surroundings } from '../azure/component';
import type { Identity } from '../azure/identity';
import { goesWith } from '../azure/protection';
import type { JsonObject } from '../dataPlane/document';
import { certificateName, idOfAuthority } from './certificates';
import type { CompleteSettings } from './defaults';
import { gatewayRole } from './defaults';
import { hubHostName, type RegistryAccess } from './iotHub';
import type { CertificateAuthority } from './settings';

/** The first version in which the service links a hub as an identity; the one of azure-native's own resource wants a key. */
const apiVersion = '2025-02-01-preview';

/** A device provisioning service and what of it others need. */
export interface ProvisioningService {
  readonly resource: Resource;
  readonly id: pulumi.Output<string>;
  readonly idScope: pulumi.Output<string>;
  readonly deviceHost: pulumi.Output<string>;
  readonly serviceHost: pulumi.Output<string>;
  readonly certificates: DpsCertificate[];
}

/** What the service answers, of what is used here. */
interface ProvisioningProperties {
  readonly idScope: string;
  readonly deviceProvisioningHostName: string;
  readonly serviceOperationsHostName: string;
}

/** A provisioning service that creates devices in the hub as its own identity. */
export function provisioningService(
  children: Children,
  { resourceGroupName, location, tags }: Surroundings,
  settings: CompleteSettings,
  parts: {
    readonly name: pulumi.Input<string>;
    readonly hub: IotHubResource;
    readonly identity: Identity;
    readonly access: RegistryAccess;
  },
  opts: pulumi.CustomResourceOptions,
): ProvisioningService {
  const { hub, identity, access } = parts;
  const resource = new Resource(
    ...children.of(
      'provisioning',
      {
        resourceGroupName,
        resourceProviderNamespace: 'Microsoft.Devices',
        parentResourcePath: '',
        resourceType: 'provisioningServices',
        resourceName: parts.name,
        apiVersion,
        location,
        tags,
        sku: { name: 'S1', capacity: 1 },
        identity: { type: 'UserAssigned' as const, userAssignedIdentities: [identity.id] },
        properties: {
          allocationPolicy: settings.provisioning.allocationPolicy,
          publicNetworkAccess: access.publicNetworkAccess,
          ...(access.allowedAddresses && { ipFilterRules: ipFilterRules(access.allowedAddresses) }),
          iotHubs: [
            {
              authenticationType: 'UserAssigned',
              selectedUserAssignedIdentityResourceId: identity.id,
              hostName: hubHostName(hub),
              location: hub.location,
              allocationWeight: 1,
              applyAllocationPolicy: true,
            },
          ],
        },
      },
      opts,
    ),
  );
  const properties = resource.properties.apply((answer: ProvisioningProperties) => answer);
  return {
    resource,
    id: resource.id,
    idScope: properties.apply(({ idScope }) => idScope),
    deviceHost: properties.apply(({ deviceProvisioningHostName }) => deviceProvisioningHostName),
    serviceHost: properties.apply(({ serviceOperationsHostName }) => serviceOperationsHostName),
    certificates: certificates(children, resourceGroupName, resource, settings, opts.protect),
  };
}

function certificates(
  children: Children,
  resourceGroupName: pulumi.Input<string>,
  service: Resource,
  { deviceCertificateAuthorities, edge }: CompleteSettings,
  isProtected: boolean | undefined,
): DpsCertificate[] {
  return [...deviceCertificateAuthorities, ...(edge?.certificateAuthorities ?? [])].map(
    (authority) =>
      new DpsCertificate(
        ...children.of(
          `provisioning-certificate-${authority.name}`,
          {
            resourceGroupName,
            provisioningServiceName: nameFromId(service.id),
            certificateName: certificateName(authority),
            properties: { certificate: authority.certificate, isVerified: true },
          },
          goesWith(service, isProtected),
        ),
      ),
  );
}

/** The first rule that matches decides; the last one refuses everybody else. */
function ipFilterRules(addresses: readonly string[]) {
  const accepted = addresses.map((ipMask, i) => ({ filterName: `deployer-${i + 1}`, action: 'Accept', ipMask }));
  return [...accepted, { filterName: 'all-others', action: 'Reject', ipMask: '0.0.0.0/0' }].map((rule) => ({
    ...rule,
    target: 'all',
  }));
}

/** An enrolment group as it is applied or handed to the device team. */
export interface EnrollmentGroupPlan {
  readonly enrollmentGroupId: string;
  readonly group: JsonObject;
}

/** One group for each authority: a device's certificate leads to the group of its authority. */
export function enrollmentGroups(hospitalId: string, settings: CompleteSettings): EnrollmentGroupPlan[] {
  const { deviceAuthentication, deviceCertificateAuthorities, edge, environment } = settings;
  const tags = { hospitalId, environment };
  const common = {
    provisioningStatus: 'enabled',
    reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
  };
  const byAuthority = (authority: CertificateAuthority, iotEdge: boolean, twinTags: JsonObject) => ({
    enrollmentGroupId: `${iotEdge ? 'gateways' : 'devices'}-${idOfAuthority(authority.name)}`,
    group: {
      attestation: { type: 'x509', x509: { caReferences: { primary: certificateName(authority) } } },
      capabilities: { iotEdge },
      ...common,
      initialTwin: { tags: twinTags },
    },
  });
  const byKey = {
    enrollmentGroupId: 'devices-by-key',
    // Without keys here, the service makes them; they never pass through program or state.
    group: {
      attestation: { type: 'symmetricKey' },
      capabilities: { iotEdge: false },
      ...common,
      initialTwin: { tags },
    },
  };
  return [
    ...deviceCertificateAuthorities.map((authority) => byAuthority(authority, false, tags)),
    ...(deviceAuthentication === 'sas' ? [byKey] : []),
    ...(edge?.certificateAuthorities ?? []).map((authority) =>
      byAuthority(authority, true, { ...tags, role: gatewayRole }),
    ),
  ];
}
