import { scheduledQueryRule } from './alerts';
import { component } from './applicationInsights';
import { accessConnector, databricksWorkspace } from './databricks';
import { provisioningCertificate, provisioningService } from './deviceProvisioning';
import { systemTopic, systemTopicEventSubscription } from './eventGrid';
import { consumerGroup, eventHub, namespace, namespaceNetworkRuleSet } from './eventHubs';
import { fabricCapacity } from './fabric';
import { fhirService, healthWorkspace, iotConnector, iotConnectorFhirDestination } from './healthcare';
import { lock, roleAssignment, userAssignedIdentity } from './identityAndAccess';
import { builtInConsumerGroup, certificate, iotHub } from './iotHub';
import { key, secret, vault } from './keyVault';
import type { Kind } from './kind';
import { machineLearningCompute, machineLearningWorkspace } from './machineLearning';
import { diagnosticSetting, workspace } from './monitor';
import {
  networkSecurityGroup,
  privateDnsZoneGroup,
  privateEndpoint,
  privateZone,
  subnet,
  virtualNetwork,
  virtualNetworkLink,
} from './network';
import { onlineDeployment, onlineEndpoint } from './onlineEndpoints';
import { natGateway, publicIpAddress } from './outbound';
import { resourceGroup } from './resources';
import { roleDefinition } from './roleDefinition';
import { backupShortTermRetentionPolicy, longTermRetentionPolicy, sqlDatabase } from './sqlDatabase';
import { encryptionProtector, serverKey, transparentDataEncryption } from './sqlEncryption';
import {
  extendedServerBlobAuditingPolicy,
  firewallRule,
  outboundFirewallRule,
  serverAzureADAdministrator,
  serverAzureADOnlyAuthentication,
  serverSecurityAlertPolicy,
  sqlServer,
  sqlVulnerabilityAssessmentsSetting,
  virtualNetworkRule,
} from './sqlServer';
import { blobContainer, blobServiceProperties, managementPolicy, storageAccount } from './storage';
import { appServicePlan, ftpAllowed, scmAllowed, webApp } from './web';

const all: readonly Kind[] = [
  ...[resourceGroup, userAssignedIdentity, roleAssignment, roleDefinition, lock, workspace, diagnosticSetting],
  ...[namespace, eventHub, consumerGroup, namespaceNetworkRuleSet],
  ...[storageAccount, blobContainer, blobServiceProperties, managementPolicy],
  ...[iotHub, certificate, builtInConsumerGroup, provisioningService, provisioningCertificate],
  ...[vault, key, secret],
  ...[databricksWorkspace, accessConnector],
  ...[machineLearningWorkspace, machineLearningCompute, onlineEndpoint, onlineDeployment],
  ...[sqlServer, serverAzureADAdministrator, serverAzureADOnlyAuthentication, firewallRule, virtualNetworkRule],
  ...[outboundFirewallRule, serverSecurityAlertPolicy, sqlVulnerabilityAssessmentsSetting],
  ...[extendedServerBlobAuditingPolicy, serverKey, encryptionProtector],
  ...[sqlDatabase, transparentDataEncryption, backupShortTermRetentionPolicy, longTermRetentionPolicy],
  ...[healthWorkspace, fhirService, iotConnector, iotConnectorFhirDestination],
  ...[systemTopic, systemTopicEventSubscription],
  ...[fabricCapacity],
  ...[appServicePlan, webApp, scmAllowed, ftpAllowed, component, scheduledQueryRule],
  ...[
    virtualNetwork,
    subnet,
    networkSecurityGroup,
    privateEndpoint,
    privateDnsZoneGroup,
    privateZone,
    virtualNetworkLink,
    natGateway,
    publicIpAddress,
  ],
];

/** By Pulumi type token without package. To add a kind: its entry here, its name in `names.ts`, `schema/extract.ts`. */
export const kinds: ReadonlyMap<string, Kind> = new Map(all.map((kind) => [kind.kind, kind]));

/** By ARM type, lower case. */
export const kindsByArmType: ReadonlyMap<string, Kind> = new Map(all.map((kind) => [kind.armType.toLowerCase(), kind]));
