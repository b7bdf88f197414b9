import extracted from './azureNative.json';
import type { ObjectSpec, Schema } from './schema';

/** The inputs that DPS has beyond those of the API version in the SDK (2025-02-01-preview: hubs linked by identity). */
const linkedByIdentity: ObjectSpec = {
  required: ['location'],
  properties: {
    allocationWeight: 'number',
    applyAllocationPolicy: 'boolean',
    authenticationType: { enum: 'deviceprovisioningservices.IotHubAuthenticationType' },
    connectionString: 'string',
    hostName: 'string',
    location: 'string',
    selectedUserAssignedIdentityResourceId: 'string',
  },
};

const generated = extracted as unknown as Schema;

/**
 * The SDK has one enum of this name for two services and lost the words of log alerts (Learn:
 * Microsoft.Insights/scheduledQueryRules).
 */
const logAlertOperators = ['Equals', 'GreaterThan', 'GreaterThanOrEqual', 'LessThan', 'LessThanOrEqual'];

const sdk: Schema = { ...generated, enums: { ...generated.enums, 'monitor.ConditionOperator': logAlertOperators } };

/** Schema of the default API versions of azure-native. */
export const azureNative: Schema = sdk;

/**
 * Schema for DPS written as a generic `resources:Resource` with API version 2025-02-01-preview or newer
 * (Learn: Microsoft.Devices/provisioningServices).
 */
export const provisioningByIdentity: Schema = {
  ...sdk,
  types: { ...sdk.types, 'deviceprovisioningservices.IotHubDefinitionDescriptionArgs': linkedByIdentity },
  enums: {
    ...sdk.enums,
    'deviceprovisioningservices.IotHubAuthenticationType': ['KeyBased', 'SystemAssigned', 'UserAssigned'],
  },
};
