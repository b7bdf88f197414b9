import * as keyvault from '@pulumi/azure-native/keyvault';
import * as network from '@pulumi/azure-native/network';
import * as privatedns from '@pulumi/azure-native/privatedns';
import * as resources from '@pulumi/azure-native/resources';
import { HospitalEnvironment, type HospitalEnvironmentArgs } from '../../components';
import { localSubscriptionId, localTenantId } from '../../local/identity/principals';

const onCall = `/subscriptions/${localSubscriptionId}/resourceGroups/rg-on-call/providers/microsoft.insights/actionGroups/ward`;
const operators = '0ccc0000-0000-4000-8000-00000000000d';

/** A hospital with every switch on, in a landing zone of its own: network, DNS zones, and a key in a vault. */
export function everythingOn(args: HospitalEnvironmentArgs): HospitalEnvironment {
  const { hospitalId, location } = args;
  const group = new resources.ResourceGroup('landing', { resourceGroupName: `rg-landing-${hospitalId}`, location });
  const place: Place = { resourceGroupName: group.name, location };
  const { functionSubnetId, ...surroundings } = landingZone(place, hospitalId);
  return new HospitalEnvironment('hospital', {
    ...args,
    ...surroundings,
    deployerReach: 'vnet',
    ingest: {
      ...args.ingest,
      eventHubs: { sku: 'Premium', capacity: 1, deviceDataPartitions: 8, retentionHours: 720 },
      consumerGroups: ['research'],
      enrichments: { ward: '$twin.tags.ward' },
      routes: [{ name: 'alarms', source: 'DeviceMessages', condition: "level = 'alarm'", endpoint: 'events' }],
      roleAssignments: operatorsWith('readDeviceData', 'readRawData', 'administerDevices'),
    },
    connector: {
      ...args.connector,
      functionSubnetId,
      alwaysReadyInstances: 1,
      alertActionGroupIds: [onCall],
      eventHubs: { fhirEventsPartitions: 2, retentionHours: 720 },
      normalizedDataConsumerGroups: ['research'],
      fhirEventsConsumerGroups: ['care-team'],
      roleAssignments: [
        ...(args.connector?.roleAssignments ?? []),
        ...operatorsWith('readFhir', 'writeFhir', 'replayDeadLetters'),
      ],
    },
    scoring: {
      ...args.scoring,
      alwaysReadyInstances: 1,
      eventHubs: { enrichedPartitions: 4, scoredPartitions: 2, retentionHours: 720 },
      enrichedConsumerGroups: ['research'],
      scoredConsumerGroups: ['audit'],
      longWindows: ['PT1H'],
      lake: { captureMinutes: 1, replication: 'Standard_GZRS' },
      roleAssignments: operatorsWith('readLake', 'readScored', 'replayDeadLetters'),
    },
    ...(args.hotPathEnabled !== false && { hotPath: hotPathOn(args) }),
  });
}

function hotPathOn({ hotPath }: HospitalEnvironmentArgs): HospitalEnvironmentArgs['hotPath'] {
  return {
    ...hotPath,
    alwaysReadyInstances: 1,
    repository: {
      administrator: { login: 'sql-administrators', objectId: operators },
      users: [{ name: 'research', clientId: operators, role: 'dashboardReader' }],
      ...hotPath?.repository,
    },
    roleAssignments: [...(hotPath?.roleAssignments ?? []), ...operatorsWith('manageDatabase', 'replayDeadLetters')],
  };
}

/** Each role for the same people. */
function operatorsWith<Role extends string>(...roles: readonly Role[]) {
  return roles.map((role) => ({ name: role.toLowerCase(), principalId: operators, role }));
}

interface Place {
  readonly resourceGroupName: resources.ResourceGroup['name'];
  readonly location: string;
}

function landingZone(place: Place, hospitalId: string) {
  const vault = new keyvault.Vault('vault', {
    ...place,
    vaultName: `kv-${hospitalId}`,
    properties: {
      ...{ tenantId: localTenantId, sku: { family: 'A', name: 'premium' } },
      ...{ enableRbacAuthorization: true, enablePurgeProtection: true },
    },
  });
  const key = new keyvault.Key('key', {
    resourceGroupName: place.resourceGroupName,
    ...{ vaultName: vault.name, keyName: 'hospital', properties: { kty: 'RSA-HSM', keySize: 3072 } },
  });
  const vnet = new network.VirtualNetwork('vnet', {
    ...place,
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
  });
  const subnet = new network.Subnet('subnet', {
    resourceGroupName: place.resourceGroupName,
    ...{ virtualNetworkName: vnet.name, addressPrefix: '10.0.0.0/24' },
  });
  const functionSubnet = new network.Subnet('function-subnet', {
    resourceGroupName: place.resourceGroupName,
    ...{ virtualNetworkName: vnet.name, addressPrefix: '10.0.1.0/26' },
    delegations: [{ name: 'functions', serviceName: 'Microsoft.App/environments' }],
  });
  const zone = (privateZoneName: string) =>
    new privatedns.PrivateZone(privateZoneName, {
      ...{ resourceGroupName: place.resourceGroupName, location: 'Global', privateZoneName },
    }).id;
  return {
    functionSubnetId: functionSubnet.id,
    customerManagedKey: { keyUri: key.keyUriWithVersion, keyId: key.id },
    privateEndpoints: {
      subnetId: subnet.id,
      privateDnsZoneIds: {
        azureDevices: zone('privatelink.azure-devices.net'),
        azureDevicesProvisioning: zone('privatelink.azure-devices-provisioning.net'),
        serviceBus: zone('privatelink.servicebus.windows.net'),
        blob: zone('privatelink.blob.core.windows.net'),
        dfs: zone('privatelink.dfs.core.windows.net'),
        sites: zone('privatelink.azurewebsites.net'),
        healthWorkspace: zone('privatelink.workspace.azurehealthcareapis.com'),
        fhir: zone('privatelink.fhir.azurehealthcareapis.com'),
        sql: zone('privatelink.database.windows.net'),
      },
    },
  };
}
