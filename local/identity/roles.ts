/** Azure's built-in roles, with the data actions that their definitions hold (Learn: "Azure built-in roles"). */

export interface BuiltInRole {
  readonly id: string;
  readonly name: string;
  /** Patterns in which `*` stands for anything. */
  readonly dataActions: readonly string[];
}

const eventHubs = 'Microsoft.EventHub';
const blobs = 'Microsoft.Storage/storageAccounts/blobServices/containers';
/** A plain action (management plane) of the blob roles, which the blob endpoint asks for at the account. */
const delegation = 'Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action';
const queues = 'Microsoft.Storage/storageAccounts/queueServices/queues';
const tables = 'Microsoft.Storage/storageAccounts/tableServices/tables';
const fhir = 'Microsoft.HealthcareApis/workspaces/fhirservices/resources';
const iotHubs = 'Microsoft.Devices/IotHubs';
const keys = 'Microsoft.KeyVault/vaults/keys';
const secrets = 'Microsoft.KeyVault/vaults/secrets';

const role = (name: string, id: string, ...dataActions: readonly string[]): BuiltInRole => ({ name, id, dataActions });

export const builtInRoles: readonly BuiltInRole[] = [
  role('Azure Event Hubs Data Sender', '2b629674-e913-4c01-ae53-ef4638d8f975', `${eventHubs}/*/send/action`),
  role('Azure Event Hubs Data Receiver', 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde', `${eventHubs}/*/receive/action`),
  role('Azure Event Hubs Data Owner', 'f526a384-b230-433a-b45c-95f59c4a2dec', `${eventHubs}/*`),
  role(
    'Schema Registry Reader (Preview)',
    '2c56ea50-c6b3-40a6-83c0-9d98858bc7d2',
    `${eventHubs}/namespaces/schemas/read`,
  ),
  role(
    'Schema Registry Contributor (Preview)',
    '5dffeca3-4936-4216-b2bc-10343a5abb25',
    `${eventHubs}/namespaces/schemas/*`,
  ),
  // It manages, and reads and writes no data.
  role('SQL DB Contributor', '9b7fa17d-e63e-47b0-bb0a-15c516ac86ec'),
  role('Storage Blob Delegator', 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a', delegation),
  role(
    'Storage Blob Data Owner',
    'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
    `${blobs}/blobs/*`,
    `${blobs}/read`,
    `${blobs}/write`,
    `${blobs}/delete`,
    delegation,
  ),
  role(
    'Storage Blob Data Contributor',
    'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
    `${blobs}/blobs/delete`,
    `${blobs}/blobs/read`,
    `${blobs}/blobs/write`,
    `${blobs}/blobs/move/action`,
    `${blobs}/blobs/add/action`,
    // Its plain actions (management plane), which the blob endpoint grants over OAuth as well.
    `${blobs}/read`,
    `${blobs}/write`,
    `${blobs}/delete`,
    delegation,
  ),
  role(
    'Storage Blob Data Reader',
    '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1',
    `${blobs}/blobs/read`,
    `${blobs}/read`,
    delegation,
  ),
  role('Storage Blob Delegator', 'db58b8e5-c6ad-4a2a-8342-4190687cbfc0', delegation),
  role('Storage Queue Data Contributor', '974c5e8b-45b9-4653-ba55-5f855dd0fb88', `${queues}/*`),
  role('Storage Table Data Contributor', '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3', `${tables}/*`),
  role('FHIR Data Reader', '4c8d0bbc-75d3-4935-991f-5f3c56d81508', `${fhir}/read`, `${fhir}/export/action`),
  role('FHIR Data Writer', '3f88fce4-5892-4214-ae73-ba5294559913', `${fhir}/read`, `${fhir}/write`, `${fhir}/delete`),
  role('FHIR Data Contributor', '5a1fc7df-4bf1-4951-a576-89034ee01acd', `${fhir}/*`),
  role('FHIR Data Exporter', '3db33094-8700-4567-8da5-1501d4e7e843', `${fhir}/read`, `${fhir}/export/action`),
  role('FHIR Data Importer', '4465e953-8ced-4406-a58e-0f6e3f3b530b', `${fhir}/read`, `${fhir}/import/action`),
  role('FHIR Data Converter', 'a1705bd2-3a8f-45a5-8683-466fcfd5cc24', `${fhir}/convertData/action`),
  role('FHIR SMART User', '4ba50f17-9666-485c-a643-ff00808643f0', `${fhir}/smart/action`),
  role('IoT Hub Data Contributor', '4fc6c259-987e-4a07-842e-c321cc9d413f', `${iotHubs}/*`),
  role(
    'IoT Hub Data Reader',
    'b447c946-2db7-41ec-983d-d8bf3b1c77e3',
    `${iotHubs}/*/read`,
    `${iotHubs}/fileUpload/notifications/action`,
  ),
  role('IoT Hub Registry Contributor', '4ea46cd5-c1b2-4a8e-910b-273211f9ce47', `${iotHubs}/devices/*`),
  role('IoT Hub Twin Contributor', '494bdba2-168f-4f31-a0a1-191d2f7c028c', `${iotHubs}/twins/*`),
  role(
    'Device Provisioning Service Data Contributor',
    'dfce44e4-17b7-4bd1-a6d1-04996ec95633',
    'Microsoft.Devices/provisioningServices/*',
  ),
  role(
    'Key Vault Crypto Service Encryption User',
    'e147488a-f6f5-4113-8e2d-b22465e65bf6',
    `${keys}/read`,
    `${keys}/wrap/action`,
    `${keys}/unwrap/action`,
  ),
  role(
    'Key Vault Crypto User',
    '12338af0-0e69-4776-bea7-57ae8d297424',
    ...['read', 'update/action', 'backup/action', 'encrypt/action', 'decrypt/action'].map((a) => `${keys}/${a}`),
    ...['wrap/action', 'unwrap/action', 'sign/action', 'verify/action'].map((a) => `${keys}/${a}`),
  ),
  role(
    'Key Vault Crypto Officer',
    '14b46e9e-c2b7-41b4-b07b-48a6ebf60603',
    `${keys}/*`,
    'Microsoft.KeyVault/vaults/keyrotationpolicies/*',
  ),
  role(
    'Key Vault Secrets User',
    '4633458b-17de-408a-b874-0445c86b69e6',
    `${secrets}/getSecret/action`,
    `${secrets}/readMetadata/action`,
  ),
  role('Key Vault Secrets Officer', 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7', `${secrets}/*`),
  role('Key Vault Administrator', '00482a5a-887f-4fb3-b363-3b7fe8e74483', 'Microsoft.KeyVault/vaults/*'),
  role(
    'Monitoring Metrics Publisher',
    '3913510d-42f4-4e42-8a64-420c390055eb',
    'Microsoft.Insights/Metrics/Write',
    'Microsoft.Insights/Telemetry/Write',
  ),
  role('EventGrid Data Sender', 'd5a91429-5739-47e2-a06b-3470a27159e7', 'Microsoft.EventGrid/*/events/send/action'),
  // Roles for the management plane only: they hold no data action.
  role('AcrPull', '7f951dda-4ed3-4680-a7ca-43fe172d538d'),
  role('AcrPush', '8311e382-0749-4cb8-b61a-304f252e45ec'),
  role(
    'AzureML Data Scientist',
    'f6c7c914-8db3-469d-8ca1-694a8f32e121',
    'Microsoft.MachineLearningServices/workspaces/*',
  ),
  role(
    'AzureML Metrics Writer',
    '635dd51f-9968-44d3-b7fb-6d9a6bd613ae',
    'Microsoft.MachineLearningServices/workspaces/metrics/*/write',
  ),
  role('Network Contributor', '4d97b98b-1d4f-4787-a291-c67834d212e7'),
  role('Reader', 'acdd72a7-3385-48ef-bd42-f606fba81ae7'),
  role('Contributor', 'b24988ac-6180-42a0-ab88-20f7382dd24c'),
];

const byId = new Map(builtInRoles.map((r) => [r.id, r]));

/** The built-in role behind `.../providers/Microsoft.Authorization/roleDefinitions/<guid>`; undefined for others. */
export function roleOfDefinitionId(id: string): BuiltInRole | undefined {
  const guid = /(?:^|\/)providers\/Microsoft\.Authorization\/roleDefinitions\/([0-9a-f-]{36})$/i.exec(id)?.[1];
  return guid ? byId.get(guid.toLowerCase()) : undefined;
}

/** True when the role's definition holds the data action (`*` in a definition stands for anything; case is ignored). */
export function holds({ dataActions }: Pick<BuiltInRole, 'dataActions'>, dataAction: string): boolean {
  return dataActions.some((pattern) => {
    const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`, 'i').test(dataAction);
  });
}
