import type { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import type * as pulumi from '@pulumi/pulumi';
import { dataAccess } from '../azure/commonDefaults';
import type { Grant, Identity } from '../azure/identity';
import type { OperatorRight } from '../azure/operators';
import type { OperatorRole } from './choices';
import type { CompleteSettings } from './defaults';
import type { RegistryAccess } from './iotHub';

const service = 'ServicePrincipal' as const;

/** What the hub needs to send what its routes say; Azure checks it when the hub is created. */
export function routerGrants(
  router: Identity,
  eventHubId: pulumi.Input<string>,
  rawContainer: BlobContainer,
  administrationContainer: BlobContainer,
): Grant[] {
  const principal = { principalId: router.principalId, principalType: service };
  return [
    {
      ...principal,
      name: 'hub-router-devicedata',
      role: 'eventHubsDataSender',
      scope: eventHubId,
      reason: 'Step 4: IoT Hub sends device data to the event hub devicedata.',
    },
    {
      ...principal,
      name: 'hub-router-raw',
      role: 'storageBlobDataContributor',
      scope: rawContainer.id,
      reason: 'Step 3: IoT Hub writes raw copies of device data.',
    },
    {
      ...principal,
      name: 'hub-router-device-administration',
      role: 'storageBlobDataContributor',
      scope: administrationContainer.id,
      reason: 'Step 3: IoT Hub writes device lifecycle, connection and twin events for device administration.',
    },
  ];
}

export function provisioningGrant(identity: Identity, hubId: pulumi.Input<string>): Grant {
  return {
    name: 'provisioning-iot-hub',
    principalId: identity.principalId,
    principalType: service,
    role: 'iotHubDataContributor',
    scope: hubId,
    reason: 'Step 1: the provisioning service creates devices in the IoT hub.',
  };
}

/** What the deployer needs for the data-plane resources that are applied by the deployment itself. */
export function deployerGrants(
  settings: CompleteSettings,
  scopes: { readonly provisioningId?: pulumi.Input<string>; readonly hubId: pulumi.Input<string> },
): Grant[] {
  const { deployerPrincipalId, deployerPrincipalType, deployerReach, edge } = settings;
  if (deployerPrincipalId === undefined || deployerReach === 'none') return [];
  const principal = { principalId: deployerPrincipalId, principalType: deployerPrincipalType };
  const grants: Grant[] = [];
  if (scopes.provisioningId !== undefined) {
    grants.push({
      ...principal,
      name: 'deployer-provisioning',
      role: 'provisioningDataContributor',
      scope: scopes.provisioningId,
      reason: 'The deployer makes the enrolment groups.',
    });
  }
  if (edge) {
    grants.push({
      ...principal,
      name: 'deployer-iot-hub',
      role: 'iotHubDataContributor',
      scope: scopes.hubId,
      reason: 'The deployer applies the automatic deployment of IoT Edge.',
    });
  }
  return grants;
}

/** What the roles of people are about. */
interface OperatorScopes {
  readonly eventHubId: pulumi.Input<string>;
  readonly rawContainer: BlobContainer;
  readonly administrationContainer: BlobContainer;
  readonly hubId: pulumi.Input<string>;
}

/** What comes with each role of people. */
export function operatorRights(scopes: OperatorScopes): Record<OperatorRole, OperatorRight[]> {
  const reader = { role: 'storageBlobDataReader' as const, reason: 'Operator: reads raw copies.' };
  return {
    readDeviceData: [
      {
        suffix: 'devicedata',
        role: 'eventHubsDataReceiver',
        scope: scopes.eventHubId,
        reason: 'Operator: reads device data.',
      },
    ],
    readRawData: [
      { ...reader, suffix: 'raw', scope: scopes.rawContainer.id },
      { ...reader, suffix: 'device-administration', scope: scopes.administrationContainer.id },
    ],
    administerDevices: [
      {
        suffix: 'iot-hub',
        role: 'iotHubDataContributor',
        scope: scopes.hubId,
        reason: 'Operator: administers devices.',
      },
    ],
  };
}

/** Which of the public endpoints stay open: data services, and the registries that devices and deployer call. */
export function exposure(settings: CompleteSettings): { data: 'Enabled' | 'Disabled'; registries: RegistryAccess } {
  const { privateEndpoints, publicNetworkAccess, deployerReach, deployerIpAddresses } = settings;
  const data = dataAccess(settings);
  if (privateEndpoints && publicNetworkAccess === undefined && deployerReach === 'ipAllowList') {
    return { data, registries: { publicNetworkAccess: 'Enabled', allowedAddresses: deployerIpAddresses } };
  }
  return { data, registries: { publicNetworkAccess: data } };
}
