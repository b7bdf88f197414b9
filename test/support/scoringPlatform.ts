import { ConsumerGroup } from '@pulumi/azure-native/eventhub/consumerGroup';
import { EventHub } from '@pulumi/azure-native/eventhub/eventHub';
import { Namespace } from '@pulumi/azure-native/eventhub/namespace';
import { FhirService } from '@pulumi/azure-native/healthcareapis/fhirService';
import { Workspace } from '@pulumi/azure-native/healthcareapis/workspace';
import { UserAssignedIdentity } from '@pulumi/azure-native/managedidentity/userAssignedIdentity';
import { ResourceGroup } from '@pulumi/azure-native/resources/resourceGroup';

/** What a platform team has made without any component: measurements of their own, and a FHIR service without events. */
export function scoringPlatform(name: string) {
  const place = { resourceGroupName: `rg-${name}`, location: 'westeurope' };
  const { name: resourceGroupName } = new ResourceGroup(`${name}-group`, place);
  const inGroup = { ...place, resourceGroupName };
  const capture = new UserAssignedIdentity(`${name}-capture`, { ...inGroup, resourceName: `id-${name}` });
  const namespace = new Namespace(`${name}-hubs`, {
    ...inGroup,
    namespaceName: `evhns-${name}`,
    disableLocalAuth: true,
    sku: { name: 'Standard', tier: 'Standard', capacity: 1 },
    identity: { type: 'UserAssigned', userAssignedIdentities: [capture.id] },
  });
  const inNamespace = { resourceGroupName, namespaceName: namespace.name };
  const hub = new EventHub(`${name}-normalizeddata`, {
    ...{ ...inNamespace, eventHubName: 'normalizeddata', partitionCount: 2 },
    retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: 24 },
  });
  const readers = { ...inNamespace, eventHubName: hub.name, consumerGroupName: 'ml-input' };
  new ConsumerGroup(`${name}-readers`, readers);
  const workspace = new Workspace(`${name}-workspace`, { ...inGroup, workspaceName: `hdws${name}` });
  const fhir = new FhirService(`${name}-fhir`, {
    ...{ ...inGroup, workspaceName: workspace.name, fhirServiceName: 'records', kind: 'fhir-R4' },
    authenticationConfiguration: { authority: 'https://login.microsoftonline.com/tenant' },
  });
  return { resourceGroupName, existingNormalizedDataHubId: hub.id, existingFhirServiceId: fhir.id };
}
