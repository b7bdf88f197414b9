import { PrivateDnsZoneGroup } from '@pulumi/azure-native/network/privateDnsZoneGroup';
import { PrivateEndpoint } from '@pulumi/azure-native/network/privateEndpoint';
import type * as pulumi from '@pulumi/pulumi';
import { type AzureCloud, clouds, type PrivateDnsZoneName } from './clouds';
import { type Children, type Names, nameFromId, type Surroundings } from './component';
import { known, type Problems } from './validation';

/** ARM ids of private DNS zones. Leave one out where a policy of the landing zone makes the DNS records. */
export interface PrivateDnsZoneIds {
  /**
   * Zone `privatelink.azure-devices.net`: IoT Hub; default none.
   * @default none
   */
  azureDevices?: pulumi.Input<string>;
  /**
   * Zone `privatelink.azure-devices-provisioning.net`: the device provisioning service; default none.
   * @default none
   */
  azureDevicesProvisioning?: pulumi.Input<string>;
  /**
   * Zone `privatelink.servicebus.windows.net`: Event Hubs and IoT Hub's built-in endpoint; default none.
   * @default none
   */
  serviceBus?: pulumi.Input<string>;
  /**
   * Zone `privatelink.blob.core.windows.net`: blob storage; default none.
   * @default none
   */
  blob?: pulumi.Input<string>;
  /**
   * Zone `privatelink.dfs.core.windows.net`: the lake's file system; default none.
   * @default none
   */
  dfs?: pulumi.Input<string>;
  /**
   * Zone `privatelink.azurewebsites.net`: function apps; default none.
   * @default none
   */
  sites?: pulumi.Input<string>;
  /**
   * Zone `privatelink.workspace.azurehealthcareapis.com`: workspaces of Azure Health Data Services; default none.
   * @default none
   */
  healthWorkspace?: pulumi.Input<string>;
  /**
   * Zone `privatelink.fhir.azurehealthcareapis.com`: FHIR services; default none.
   * @default none
   */
  fhir?: pulumi.Input<string>;
  /**
   * Zone `privatelink.azuredatabricks.net`: Databricks workspaces; default none.
   * @default none
   */
  databricks?: pulumi.Input<string>;
  /**
   * Zone `privatelink.api.azureml.ms`: machine learning workspaces and their endpoints; default none.
   * @default none
   */
  machineLearning?: pulumi.Input<string>;
  /**
   * Zone `privatelink.notebooks.azure.net`: notebooks of machine learning workspaces; default none.
   * @default none
   */
  notebooks?: pulumi.Input<string>;
  /**
   * Zone `privatelink.database.windows.net`: Azure SQL; default none.
   * @default none
   */
  sql?: pulumi.Input<string>;
}

/** Gives every resource a private endpoint and closes its public one. */
export interface PrivateEndpointSettings {
  /** ARM id of the subnet in which the private endpoints lie. */
  subnetId: pulumi.Input<string>;
  /** Zones in which their names are registered; none by default. */
  privateDnsZoneIds?: PrivateDnsZoneIds;
}

/** Private-link sub-resources and the zones that they need ("Private-link resource" and "DNS zone values" tables). */
export const privateLinks = {
  'iot-hub': { groupId: 'iotHub', zones: ['azureDevices', 'serviceBus'] },
  provisioning: { groupId: 'iotDps', zones: ['azureDevicesProvisioning'] },
  'event-hubs': { groupId: 'namespace', zones: ['serviceBus'] },
  'raw-storage': { groupId: 'blob', zones: ['blob'] },
  'function-app': { groupId: 'sites', zones: ['sites'] },
  'app-storage': { groupId: 'blob', zones: ['blob'] },
  'health-workspace': { groupId: 'healthcareworkspace', zones: ['healthWorkspace', 'fhir'] },
  'dead-letters': { groupId: 'blob', zones: ['blob'] },
  lake: { groupId: 'blob', zones: ['blob'] },
  // Clients of a hierarchical account call both; an endpoint has one sub-resource.
  'lake-files': { groupId: 'dfs', zones: ['dfs'] },
  databricks: { groupId: 'databricks_ui_api', zones: ['databricks'] },
  'machine-learning': { groupId: 'amlworkspace', zones: ['machineLearning', 'notebooks'] },
  'sql-server': { groupId: 'sqlServer', zones: ['sql'] },
} as const satisfies Record<string, { groupId: string; zones: readonly PrivateDnsZoneName[] }>;

/**
 * The private endpoint of one resource, and its DNS records where zones are given.
 *
 * @param link what the resource is
 */
export function privateEndpoint(
  children: Children,
  names: Names,
  { resourceGroupName, location, tags }: Surroundings,
  child: string,
  resourceId: pulumi.Input<string>,
  settings: PrivateEndpointSettings | undefined,
  link: keyof typeof privateLinks,
  opts: pulumi.CustomResourceOptions = {},
): void {
  if (!settings) return;
  const { groupId, zones } = privateLinks[link];
  const endpoint = new PrivateEndpoint(
    ...children.of(
      `${child}-private-endpoint`,
      {
        resourceGroupName,
        privateEndpointName: names.of('privateEndpoint', undefined, child),
        location,
        tags,
        subnet: { id: settings.subnetId },
        privateLinkServiceConnections: [{ name: child, privateLinkServiceId: resourceId, groupIds: [groupId] }],
      },
      opts,
    ),
  );
  const privateDnsZoneConfigs = zones.flatMap((zone) => {
    const privateDnsZoneId = settings.privateDnsZoneIds?.[zone];
    return privateDnsZoneId === undefined ? [] : [{ name: zone, privateDnsZoneId }];
  });
  if (privateDnsZoneConfigs.length === 0) return;
  new PrivateDnsZoneGroup(
    ...children.of(`${child}-private-dns`, {
      resourceGroupName,
      privateEndpointName: nameFromId(endpoint.id),
      privateDnsZoneGroupName: 'default',
      privateDnsZoneConfigs,
    }),
  );
}

/** A record in the wrong zone is never found by a client; the zone's name is the last segment of its id. */
export function validatePrivateDnsZones(
  problems: Problems,
  settings: PrivateEndpointSettings | undefined,
  cloud: AzureCloud,
): void {
  const expected = Object.entries(clouds[cloud]?.privateDnsZones ?? {}) as [PrivateDnsZoneName, string][];
  for (const [zone, name] of expected) {
    const id = known(settings?.privateDnsZoneIds?.[zone]);
    if (id === undefined || id.toLowerCase().endsWith(`/${name}`)) continue;
    problems.add(`privateEndpoints.privateDnsZoneIds.${zone}`, `the zone must be ${name}; given is "${id}".`);
  }
}
