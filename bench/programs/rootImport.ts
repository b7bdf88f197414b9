// biome-ignore lint/style/noRestrictedImports: the root import is what is measured here.
import * as azureNative from '@pulumi/azure-native';

/** What many programs do: everything of azure-native by its root, of which the modules of one hospital are used. */
export const used = [
  azureNative.authorization.RoleAssignment,
  azureNative.deviceprovisioningservices.DpsCertificate,
  azureNative.eventhub.Namespace,
  azureNative.iothub.IotHubResource,
  azureNative.managedidentity.UserAssignedIdentity,
  azureNative.operationalinsights.Workspace,
  azureNative.resources.ResourceGroup,
  azureNative.storage.StorageAccount,
].length;
