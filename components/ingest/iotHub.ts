import { Certificate } from '@pulumi/azure-native/iothub/certificate';
import { IotHubResource } from '@pulumi/azure-native/iothub/iotHubResource';
import type { input } from '@pulumi/azure-native/types';
import type * as pulumi from '@pulumi/pulumi';
import { type Children, nameFromId, type Surroundings } from '../azure/component';
import type { Identity } from '../azure/identity';
import { goesWith } from '../azure/protection';
import { certificateName } from './certificates';
import type { CompleteSettings } from './defaults';
import { hubRouting, type RoutingTargets, routedHosts } from './routing';

/** Where a device registry answers: on its public endpoint, for whom, or on private ones alone. */
export interface RegistryAccess {
  readonly publicNetworkAccess: 'Enabled' | 'Disabled';
  /** When given, the public endpoint answers these addresses only. */
  readonly allowedAddresses?: readonly string[];
}

/** The hub that devices talk to, without keys, sending as the identity of its own hop. */
export function iotHub(
  children: Children,
  { resourceGroupName, location, tags }: Surroundings,
  hospitalId: string,
  settings: CompleteSettings,
  parts: {
    readonly name: pulumi.Input<string>;
    readonly targets: RoutingTargets;
    readonly router: Identity;
    readonly access: RegistryAccess;
  },
  opts: pulumi.CustomResourceOptions,
): IotHubResource {
  const { sku, units } = settings.iotHub;
  return new IotHubResource(
    ...children.of(
      'iot-hub',
      {
        resourceGroupName,
        resourceName: parts.name,
        location,
        tags,
        sku: { name: sku, capacity: units },
        identity: {
          // The trusted-service exception of firewalls is documented for both kinds at different times; it has both.
          type: 'SystemAssigned, UserAssigned' as const,
          userAssignedIdentities: [parts.router.id],
        },
        properties: {
          ...hubSecurity(settings, parts.access, parts.targets),
          eventHubEndpoints: {
            events: {
              partitionCount: settings.iotHub.builtInEndpointPartitions,
              retentionTimeInDays: settings.iotHub.builtInEndpointRetentionDays,
            },
          },
          routing: hubRouting(hospitalId, settings, parts.targets, parts.router),
        },
      },
      opts,
    ),
  );
}

function hubSecurity(
  { iotHub: hub, deviceAuthentication, edge }: CompleteSettings,
  { publicNetworkAccess, allowedAddresses }: RegistryAccess,
  targets: RoutingTargets,
): input.iothub.IotHubPropertiesArgs {
  return {
    disableLocalAuth: true,
    disableDeviceSAS: deviceAuthentication === 'x509',
    // The runtime of IoT Edge signs its modules' connections with keys; its devices still come with certificates.
    disableModuleSAS: edge === undefined,
    minTlsVersion: hub.minimumTlsVersion,
    enableDataResidency: hub.dataResidency,
    restrictOutboundNetworkAccess: true,
    allowedFqdnList: routedHosts(targets).apply((hosts) => [...new Set([...hosts, ...hub.allowedFqdns])]),
    publicNetworkAccess,
    ...(allowedAddresses && {
      networkRuleSets: {
        defaultAction: 'Deny',
        applyToBuiltInEventHubEndpoint: true,
        ipRules: allowedAddresses.map((ipMask, i) => ({ filterName: `deployer-${i + 1}`, action: 'Allow', ipMask })),
      },
    }),
  };
}

/** The authorities whose devices the hub lets in. They are trusted because the program names them: no proof of possession. */
export function hubCertificates(
  children: Children,
  resourceGroupName: pulumi.Input<string>,
  hub: IotHubResource,
  { deviceCertificateAuthorities, edge }: CompleteSettings,
  isProtected: boolean,
): Certificate[] {
  return [...deviceCertificateAuthorities, ...(edge?.certificateAuthorities ?? [])].map(
    (authority) =>
      new Certificate(
        ...children.of(
          `iot-hub-certificate-${authority.name}`,
          {
            resourceGroupName,
            resourceName: nameFromId(hub.id),
            certificateName: certificateName(authority),
            properties: { certificate: authority.certificate, isVerified: true },
          },
          goesWith(hub, isProtected),
        ),
      ),
  );
}

/** The hub's host as devices and services call it. */
export function hubHostName(hub: IotHubResource): pulumi.Output<string> {
  return hub.properties.apply(({ hostName }) => hostName);
}
