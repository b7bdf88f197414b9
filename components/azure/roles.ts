/**
 * Azure's built-in roles that the components assign, each with what it is for. The ids are the same in every tenant
 * ("Azure built-in roles").
 */
export const roles = {
  /** Sends events to one event hub. */
  eventHubsDataSender: '2b629674-e913-4c01-ae53-ef4638d8f975',
  /** Reads events of one event hub. */
  eventHubsDataReceiver: 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde',
  /** Writes blobs into one container. */
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
  /** Reads and writes all blobs of one account, leases and access rights included: what a functions host needs. */
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
  /** Has keys made that let others read and write for a time what the identity itself may; of one account, and no data. */
  storageBlobDelegator: 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a',
  /** Reads the blobs of one container. */
  storageBlobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1',
  /** Creates devices in an IoT hub, reads and writes twins, applies automatic deployments. */
  iotHubDataContributor: '4fc6c259-987e-4a07-842e-c321cc9d413f',
  /** Makes enrolment groups in a device provisioning service. */
  provisioningDataContributor: 'dfce44e4-17b7-4bd1-a6d1-04996ec95633',
  /** Sends metrics, logs and traces to one Application Insights component. */
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb',
  /** Reads and writes all resources of one FHIR service. */
  fhirDataWriter: '3f88fce4-5892-4214-ae73-ba5294559913',
  /** Reads all resources of one FHIR service. */
  fhirDataReader: '4c8d0bbc-75d3-4935-991f-5f3c56d81508',
  /** Makes, restores and resizes databases of a server, and sees nothing of what is in them. */
  sqlDbContributor: '9b7fa17d-e63e-47b0-bb0a-15c516ac86ec',
  /** Reads the values of one secret of a Key Vault. */
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6',
  /** Wraps and unwraps data keys with one key of a Key Vault. */
  keyVaultCryptoServiceEncryptionUser: 'e147488a-f6f5-4113-8e2d-b22465e65bf6',
} as const;

export type RoleName = keyof typeof roles;

/** The role's id as Azure Resource Manager keeps it, in one subscription. */
export function roleDefinitionId(subscriptionId: string, role: RoleName): string {
  return `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roles[role]}`;
}
