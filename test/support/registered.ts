import * as pulumi from '@pulumi/pulumi';
import { roles } from '../../components/azure/roles';

/** A resource as the engine would be asked for it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  readonly custom: boolean;
}

export const mockSubscription = '0b1f6471-1bf0-4dda-aec3-cb9272f09590';
export const mockTenant = '10ca1000-0000-4000-8000-00000000000a';

/** Of namespaces that exist. */
const captureIdentity = `/subscriptions/${mockSubscription}/resourceGroups/rg-platform/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-stmary-prod-capture-x`;

const resourceGroup = `/subscriptions/${mockSubscription}/resourceGroups/rg-test`;

/** Runs `program` against Pulumi's mocks and tells what it registered, in the order of registration. */
export async function registered(program: () => unknown, config: Record<string, string> = {}): Promise<Registered[]> {
  const found: Registered[] = [];
  pulumi.runtime.setAllConfig(config);
  await pulumi.runtime.setMocks(
    mocks((resource) => found.push(resource)),
    'hospital',
    'test',
    false,
  );
  await program();
  await pulumi.runtime.disconnect();
  return found;
}

/** Answers as Azure's provider would, as far as the library reads the answers. */
export function mocks(onRegistered: (resource: Registered) => void): pulumi.runtime.Mocks {
  return {
    newResource: ({ type, name, inputs, id, custom }) => {
      // What is read has an id and no inputs; what is imported has both.
      const isRead = Boolean(id) && Object.keys(inputs).length === 0;
      if (!isRead) onRegistered({ type, name, inputs, custom: custom ?? true });
      return { id: id || idOf(type, name, inputs), state: { ...inputs, ...outputsOf(type, inputs) } };
    },
    call: ({ token }) => {
      if (token === 'azure-native:authorization:getClientConfig') {
        return { subscriptionId: mockSubscription, tenantId: mockTenant, clientId: 'unused', objectId: 'unused' };
      }
      throw new Error(`The program invoked ${token}, which the mocks do not know.`);
    },
  };
}

/** Ids of the shape of Azure's, where the library reads a name from them. */
function idOf(type: string, name: string, inputs: Record<string, unknown>): string {
  const own =
    inputs.resourceName ??
    inputs.namespaceName ??
    inputs.accountName ??
    inputs.privateEndpointName ??
    inputs.deploymentName ??
    inputs.endpointName ??
    inputs.workspaceName ??
    inputs.resourceGroupName;
  const last = inputs.eventHubName ?? inputs.containerName ?? inputs.certificateName ?? own ?? name;
  const health = `${resourceGroup}/providers/Microsoft.HealthcareApis/workspaces/${inputs.workspaceName}`;
  if (type === 'azure-native:healthcareapis:Workspace') return health;
  if (type === 'azure-native:healthcareapis:FhirService') return `${health}/fhirservices/${inputs.fhirServiceName}`;
  if (type === 'azure-native:eventhub:Namespace')
    return `${resourceGroup}/providers/Microsoft.EventHub/namespaces/${last}`;
  if (type === 'azure-native:eventhub:EventHub')
    return `${resourceGroup}/providers/Microsoft.EventHub/namespaces/${own}/eventhubs/${last}`;
  const server = `${resourceGroup}/providers/Microsoft.Sql/servers/${inputs.serverName}`;
  if (type === 'azure-native:sql:Server') return server;
  if (type === 'azure-native:sql:Database') return `${server}/databases/${inputs.databaseName}`;
  if (type === 'azure-native:sql:ServerKey') return `${server}/keys/${inputs.keyName}`;
  return `${resourceGroup}/providers/${type.replaceAll(':', '/')}/${last}`;
}

function outputsOf(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (type) {
    case 'azure-native:managedidentity:UserAssignedIdentity':
      return {
        principalId: `principal-of-${String(inputs.resourceName)}`,
        clientId: `client-of-${String(inputs.resourceName)}`,
      };
    case 'azure-native:eventhub:Namespace':
      return {
        serviceBusEndpoint: `https://${String(inputs.namespaceName ?? 'existing')}.servicebus.windows.net:443/`,
        // One that is read carries the identity that the ingest puts there.
        ...(inputs.namespaceName === undefined && {
          identity: { userAssignedIdentities: { [captureIdentity]: { principalId: 'principal-of-capture' } } },
        }),
      };
    case 'azure-native:eventhub:EventHub':
      return { name: inputs.eventHubName, partitionCount: inputs.partitionCount ?? 4 };
    case 'azure-native:healthcareapis:FhirService':
      return {
        authenticationConfiguration: inputs.authenticationConfiguration ?? { audience: 'https://existing.fhir.test' },
        location: inputs.location ?? 'westeurope',
      };
    case 'azure-native:healthcareapis:IotConnector':
      return { identity: { principalId: 'principal-of-iot-connector', tenantId: mockTenant, type: 'SystemAssigned' } };
    case 'azure-native:applicationinsights:Component':
      return { connectionString: 'InstrumentationKey=00000000-0000-0000-0000-000000000000' };
    case 'azure-native:storage:StorageAccount':
      return {
        primaryEndpoints: {
          blob: `https://${String(inputs.accountName)}.blob.core.windows.net/`,
          dfs: `https://${String(inputs.accountName)}.dfs.core.windows.net/`,
        },
      };
    case 'azure-native:storage:BlobContainer':
      return { name: inputs.containerName };
    case 'azure-native:sql:Server':
      return { fullyQualifiedDomainName: `${String(inputs.serverName ?? 'existing')}.database.windows.net` };
    case 'pulumi-nodejs:dynamic/azure-iomt:FabricWorkspace':
      return { identityObjectId: 'object-of-workspace', identityClientId: 'client-of-workspace' };
    case 'azure-native:databricks:Workspace':
      return {
        workspaceUrl: 'adb-1234567890123456.7.azuredatabricks.net',
        managedDiskIdentity: { principalId: 'disks' },
      };
    case 'databricks:index/volume:Volume':
      return { volumePath: `/Volumes/${inputs.catalogName}/${inputs.schemaName}/${inputs.name}` };
    case 'azure-native:machinelearningservices:OnlineEndpoint':
      return { properties: { ...(inputs.properties as object), scoringUri: 'https://endpoint.test/score' } };
    case 'azure-native:iothub:IotHubResource':
      return {
        properties: { ...(inputs.properties as object), hostName: `${String(inputs.resourceName)}.azure-devices.net` },
      };
    case 'azure-native:resources:Resource':
      return {
        properties: {
          idScope: '0ne00ABCDEF',
          deviceProvisioningHostName: 'global.azure-devices-provisioning.net',
          serviceOperationsHostName: `${String(inputs.resourceName)}.azure-devices-provisioning.net`,
        },
      };
    default:
      return {};
  }
}

/** What one program registered, of a component that was given a name. */
export class RegisteredNames {
  private readonly front: RegExp;

  constructor(private readonly component: string) {
    this.front = new RegExp(`^${component}-`);
  }

  /** Inputs of one child. @throws Error naming those there are */
  one(resources: readonly Registered[], child: string): Registered['inputs'] {
    const found = resources.find(({ name }) => name === `${this.component}-${child}`);
    if (!found) throw new Error(`There is no ${child} among ${resources.map(({ name }) => name).join(', ')}.`);
    return found.inputs;
  }

  /** Who may do what where, as `name: role on the last word of the scope`. */
  rolesOf(resources: readonly Registered[]): string[] {
    const byId = new Map(Object.entries(roles).map(([name, id]) => [id as string, name]));
    return resources
      .filter(({ type }) => type === 'azure-native:authorization:RoleAssignment')
      .map(({ name, inputs }) => {
        const role = byId.get(String(inputs.roleDefinitionId).split('/').at(-1) ?? '');
        const scope = resources.find(({ inputs: { accountName } }) => String(inputs.scope).endsWith(`/${accountName}`));
        const where = scope?.name.replace(this.front, '') ?? String(inputs.scope).split('/').at(-1);
        return `${name.replace(this.front, '').replace(/-role$/, '')}: ${role} on ${where}`;
      })
      .sort();
  }
}

export function settingsOf(app: Registered['inputs']): Record<string, string> {
  const { appSettings } = app.siteConfig as { appSettings: { name: string; value: string }[] };
  return Object.fromEntries(appSettings.map(({ name, value }) => [name, value]));
}

export const resolved = <T>(output: pulumi.Output<T>) => new Promise<T>((take) => output.apply(take));
