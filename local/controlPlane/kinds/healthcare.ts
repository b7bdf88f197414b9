import type { Properties } from '../../contracts';
import { parentId } from '../armIds';
import { isUnknownAt, textAt, valuesAt } from '../values';
import { type Failure, inGroup, type Kind, type NameRule, type Surroundings } from './kind';
import { identity, matches, oneOf, refersTo } from './rules';

const inWorkspace = 'Microsoft.HealthcareApis/workspaces/{workspaceName}';

/** terraform-provider-azurerm, healthcare/validate: names of services in a workspace. */
const serviceName: NameRule = {
  min: 3,
  max: 24,
  pattern: /^[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]$/,
  allowed: 'letters, digits and hyphens, starting and ending with a letter or digit',
};

export const healthWorkspace: Kind = {
  kind: 'healthcareapis:Workspace',
  armType: 'Microsoft.HealthcareApis/workspaces',
  id: inGroup(inWorkspace),
  name: { min: 3, max: 24, pattern: /^[a-z0-9]+$/, allowed: 'lower-case letters and digits' },
  // Part of the host names of its services.
  isGlobalName: true,
  rules: [oneOf('properties.publicNetworkAccess', ['Enabled', 'Disabled'], 'ARM types')],
  defaults: () => ({ properties: { publicNetworkAccess: 'Enabled' } }),
  computed: () => ({ properties: { provisioningState: 'Succeeded' } }),
};

export const fhirService: Kind = {
  kind: 'healthcareapis:FhirService',
  armType: 'Microsoft.HealthcareApis/workspaces/fhirservices',
  id: inGroup(`${inWorkspace}/fhirservices/{fhirServiceName}`),
  name: serviceName,
  immutable: ['kind'],
  rules: [
    ...identity(),
    // Azure has STU3, too, which the local cloud has not.
    oneOf('kind', ['fhir-R4'], 'the local FHIR service speaks R4'),
    matches(
      'authenticationConfiguration.authority',
      /^https:\/\/[^/]+\/[^/]+\/?$/,
      'https://{login host}/{tenant}',
      'ARM types',
    ),
    matches('authenticationConfiguration.audience', /^https:\/\/\S+$/, 'an https URL', 'ARM types'),
    oneOf('resourceVersionPolicyConfiguration.default', ['no-version', 'versioned', 'versioned-update'], 'ARM types'),
    versionOverrides,
    matches(
      'encryption.customerManagedKeyEncryption.keyEncryptionKeyUrl',
      /^https:\/\/[^/]+\/keys\/[^/]+\/[^/]+$/,
      "a key's URI with its version",
      'Learn: Configure customer-managed keys',
    ),
    keyIdentity,
    exportAccount,
  ],
  defaults: () => ({ kind: 'fhir-R4' }),
  computed: ({ inputs }, tenantId) => {
    const given = (name: string) => textAt(inputs, `authenticationConfiguration.${name}`);
    const host = `${String(inputs.workspaceName)}-${String(inputs.fhirServiceName)}.fhir.azurehealthcareapis.com`;
    return {
      authenticationConfiguration: {
        authority: given('authority') ?? `https://login.microsoftonline.com/${tenantId}`,
        audience: given('audience') ?? `https://${host}`,
      },
      eventState: 'Enabled',
      provisioningState: 'Succeeded',
      publicNetworkAccess: 'Enabled',
    };
  },
};

function versionOverrides(inputs: Properties): Failure[] {
  const path = 'resourceVersionPolicyConfiguration.resourceTypeOverrides';
  return valuesAt(inputs, path).flatMap(({ value }) =>
    Object.entries((value ?? {}) as Properties)
      .filter(([, policy]) => typeof policy === 'string' && !/^(no-version|versioned|versioned-update)$/.test(policy))
      .map(([type, policy]) => ({
        property: `${path}.${type}`,
        reason: `${type} is '${String(policy)}'; allowed are no-version, versioned, versioned-update (ARM types).`,
      })),
  );
}

/** Learn: "Configure customer-managed keys for the FHIR service": it reads the key as its one identity. */
function keyIdentity(inputs: Properties): Failure[] {
  if (textAt(inputs, 'encryption.customerManagedKeyEncryption.keyEncryptionKeyUrl') === undefined) return [];
  if (isUnknownAt(inputs, 'identity') || textAt(inputs, 'identity.type') === 'UserAssigned') return [];
  const reason = `identity.type is '${textAt(inputs, 'identity.type') ?? 'None'}'; a key that is set at creation needs 'UserAssigned' with the identity that may use it.`;
  return [{ property: 'identity.type', reason }];
}

function exportAccount(inputs: Properties, { resources }: Surroundings): Failure[] {
  const property = 'exportConfiguration.storageAccountName';
  const name = textAt(inputs, property);
  const known = resources.list('storage:StorageAccount').some(({ inputs: account }) => account.accountName === name);
  return name === undefined || known ? [] : [{ property, reason: `there is no storage account '${name}'.` }];
}

/** The managed MedTech service: those from before May 2025 go on until May 2028. */
export const iotConnector: Kind = {
  kind: 'healthcareapis:IotConnector',
  armType: 'Microsoft.HealthcareApis/workspaces/iotconnectors',
  id: inGroup(`${inWorkspace}/iotconnectors/{iotConnectorName}`),
  name: serviceName,
  // Learn: "MedTech service deprecation": prevention of new instance creation since May 3, 2025. The words are ours.
  closed: 'New MedTech services cannot be created since May 3, 2025; existing ones are supported until May 3, 2028.',
  rules: [
    ...identity(),
    matches(
      'ingestionEndpointConfiguration.fullyQualifiedEventHubNamespace',
      /^[^\s:/]+(:\d+)?$/,
      'a host name, without sb://',
      'Learn: Deploy the MedTech service',
    ),
  ],
  computed: () => ({ provisioningState: 'Succeeded' }),
};

export const iotConnectorFhirDestination: Kind = {
  kind: 'healthcareapis:IotConnectorFhirDestination',
  armType: 'Microsoft.HealthcareApis/workspaces/iotconnectors/fhirdestinations',
  id: inGroup(`${inWorkspace}/iotconnectors/{iotConnectorName}/fhirdestinations/{fhirDestinationName}`),
  name: serviceName,
  rules: [
    refersTo('fhirServiceResourceId', 'Microsoft.HealthcareApis/workspaces/fhirservices'),
    oneOf('resourceIdentityResolutionType', ['Create', 'Lookup'], 'ARM types'),
    oneDestination,
  ],
};

/** Learn: "Deploy the MedTech service": one FHIR destination each. */
function oneDestination(_: Properties, { id, current, resources }: Surroundings): Failure[] {
  if (!id || current) return [];
  const [other] = resources
    .below(parentId(id) ?? '')
    .filter(({ kind }) => kind === 'healthcareapis:IotConnectorFhirDestination');
  if (!other) return [];
  return [
    { property: 'fhirDestinationName', reason: `the MedTech service has the FHIR destination '${other.id}' already.` },
  ];
}
