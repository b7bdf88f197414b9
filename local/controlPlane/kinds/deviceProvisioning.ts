import type { Properties } from '../../contracts';
import { textAt, valuesAt } from '../values';
import { unchangedCertificate } from './iotHub';
import { type Failure, inGroup, type Kind, type Surroundings } from './kind';
import { atMost, attachedIdentity, identity, range, refersTo } from './rules';

const quotas = 'Learn: DPS quotas and limits';

export const provisioningService: Kind = {
  kind: 'deviceprovisioningservices:IotDpsResource',
  armType: 'Microsoft.Devices/provisioningServices',
  id: inGroup('Microsoft.Devices/provisioningServices/{provisioningServiceName}'),
  name: {
    min: 3,
    max: 64,
    pattern: /^[A-Za-z0-9-]*[A-Za-z0-9]$/,
    allowed: 'letters, digits and hyphens, ending in a letter or digit',
  },
  isGlobalName: true,
  immutable: ['properties.enableDataResidency'],
  rules: [
    ...identity(),
    // Learn: DPS has one unit and no scale.
    range('sku.capacity', 1, 1, quotas),
    atMost('properties.iotHubs', 50, quotas),
    range('properties.iotHubs[].allocationWeight', 0, 1000, 'ARM types'),
    refersTo(
      'properties.iotHubs[].selectedUserAssignedIdentityResourceId',
      'Microsoft.ManagedIdentity/userAssignedIdentities',
    ),
    attachedIdentity('properties.iotHubs[].selectedUserAssignedIdentityResourceId'),
    linkedHubs,
  ],
  defaults: () => ({ properties: { allocationPolicy: 'Hashed', publicNetworkAccess: 'Enabled', state: 'Active' } }),
  computed: ({ inputs }) => {
    const name = String(inputs.provisioningServiceName);
    return {
      properties: {
        serviceOperationsHostName: `${name}.azure-devices-provisioning.net`,
        deviceProvisioningHostName: 'global.azure-devices-provisioning.net',
        provisioningState: 'Succeeded',
      },
    };
  },
};

/** A hub linked by identity is named by its host name, which must be that of a hub that exists. */
function linkedHubs(inputs: Properties, { resources }: Surroundings): Failure[] {
  return valuesAt(inputs, 'properties.iotHubs[]').flatMap(({ path, value }) => {
    const [type, host, selected] = ['authenticationType', 'hostName', 'selectedUserAssignedIdentityResourceId'].map(
      (k) => textAt(value, k),
    );
    if (type === 'KeyBased' || type === undefined) return [];
    const failures: Failure[] = [];
    const hub = resources.list('iothub:IotHubResource').find((h) => textAt(h.outputs, 'properties.hostName') === host);
    if (host && !hub)
      failures.push({ property: `${path}.hostName`, reason: `there is no IoT hub with the host name '${host}'.` });
    if (type === 'SystemAssigned' && selected) {
      failures.push({
        property: `${path}.authenticationType`,
        reason: "authenticationType is 'SystemAssigned', but an identity is selected; use 'UserAssigned'.",
      });
    }
    return failures;
  });
}

export const provisioningCertificate: Kind = {
  kind: 'deviceprovisioningservices:DpsCertificate',
  armType: 'Microsoft.Devices/provisioningServices/certificates',
  id: inGroup('Microsoft.Devices/provisioningServices/{provisioningServiceName}/certificates/{certificateName}'),
  name: {
    min: 1,
    max: 256,
    pattern: /^[A-Za-z0-9._-]+$/,
    allowed: 'letters, digits, periods, hyphens and underscores',
  },
  rules: [unchangedCertificate],
};
