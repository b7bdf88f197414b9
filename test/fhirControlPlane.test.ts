import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as healthcareapis from '@pulumi/azure-native/healthcareapis';
import type { Properties } from '../local/contracts';
import { ControlPlane } from '../local/controlPlane/controlPlane';
import { ArmClient } from './support/armClient';
import { EngineStack } from './support/engineStack';

const quiet = { info() {}, warn() {} };
const inGroup = { resourceGroupName: 'rg-fhir' };
const located = { ...inGroup, location: 'westeurope' };
const inWorkspace = { ...located, workspaceName: 'ahdsicu' };
let folder: string;
let plane: ControlPlane;
let port: number;
let arm: ArmClient;
let workspaceId: string;
let hubId: string;
let identityId: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fhir-plane-'));
  plane = new ControlPlane({ stateFolder: join(folder, 'state'), log: quiet });
  port = await plane.listen();
  arm = await ArmClient.connect(port);
  await arm.create('resources:ResourceGroup', located);
  workspaceId = await arm.create('healthcareapis:Workspace', inWorkspace);
  identityId = await arm.create('managedidentity:UserAssignedIdentity', { ...located, resourceName: 'id-fhir' });
  const namespace = { ...located, namespaceName: 'evhns-icu' };
  await arm.create('eventhub:Namespace', { ...namespace, sku: { name: 'Standard', tier: 'Standard' } });
  const { location: _, ...inNamespace } = namespace;
  hubId = await arm.create('eventhub:EventHub', { ...inNamespace, eventHubName: 'fhirevents', partitionCount: 1 });
});

afterAll(async () => {
  arm.close();
  await plane.close();
  rmSync(folder, { recursive: true, force: true });
});

const topic = (more: Properties = {}): Properties => ({
  ...{ ...located, systemTopicName: 'evgt-icu', source: workspaceId },
  ...{ topicType: 'Microsoft.HealthcareApis.Workspaces', identity: attached(), ...more },
});
const attached = (): Properties => ({ type: 'UserAssigned', userAssignedIdentities: { [identityId]: {} } });
const subscription = (more: Properties = {}): Properties => ({
  ...{ ...inGroup, systemTopicName: 'evgt-icu', eventSubscriptionName: 'fhirevents' },
  deliveryWithResourceIdentity: {
    identity: { type: 'UserAssigned', userAssignedIdentity: identityId },
    destination: { endpointType: 'EventHub', resourceId: hubId },
  },
  ...more,
});

test('a FHIR service answers the URL and authority that were left out', async () => {
  const id = await arm.create('healthcareapis:FhirService', { ...inWorkspace, fhirServiceName: 'fhir' });
  expect(plane.resources.get(id)?.outputs).toMatchObject({
    kind: 'fhir-R4',
    authenticationConfiguration: {
      audience: 'https://ahdsicu-fhir.fhir.azurehealthcareapis.com',
      authority: 'https://login.microsoftonline.com/10ca1000-0000-4000-8000-00000000000a',
    },
  });
});

test.each<[string, string, Properties, string]>([
  [
    'a workspace whose name has a hyphen',
    'Workspace',
    { ...located, workspaceName: 'ahds-icu' },
    'lower-case letters and',
  ],
  [
    'a FHIR service without a workspace',
    'FhirService',
    { ...located, workspaceName: 'none', fhirServiceName: 'fhir' },
    'does not exist',
  ],
  ['a FHIR service of STU3', 'FhirService', { kind: 'fhir-Stu3' }, 'speaks R4'],
  [
    'an authority without tenant',
    'FhirService',
    { authenticationConfiguration: { authority: 'https://login' } },
    'authority',
  ],
  [
    'an unknown version policy',
    'FhirService',
    { resourceVersionPolicyConfiguration: { resourceTypeOverrides: { Flag: 'none' } } },
    "Flag is 'none'",
  ],
  [
    'a key without version',
    'FhirService',
    { encryption: { customerManagedKeyEncryption: { keyEncryptionKeyUrl: 'https://kv/keys/a' } } },
    'with its version',
  ],
  [
    'a key without an identity that reads it',
    'FhirService',
    { encryption: { customerManagedKeyEncryption: { keyEncryptionKeyUrl: 'https://kv/keys/a/1' } } },
    "needs 'UserAssigned'",
  ],
  [
    'an export account that is none',
    'FhirService',
    { exportConfiguration: { storageAccountName: 'stnone' } },
    "no storage account 'stnone'",
  ],
])('refused: %s', async (_what, kind, inputs, reason) => {
  const named = kind === 'FhirService' ? { ...inWorkspace, fhirServiceName: 'other', ...inputs } : inputs;
  await expect(arm.create(`healthcareapis:${kind}`, named)).rejects.toThrow(reason);
});

test('a topic on a workspace, and its subscription by identity, are judged as Azure and the local cloud can serve them', async () => {
  const refuse = (kind: string, inputs: Properties, reason: string) =>
    expect(arm.create(`eventgrid:${kind}`, inputs)).rejects.toThrow(reason);
  await refuse(
    'SystemTopic',
    topic({ topicType: 'Microsoft.Storage.StorageAccounts' }),
    "has 'Microsoft.HealthcareApis.Work",
  );
  await refuse('SystemTopic', topic({ location: 'northeurope' }), 'must lie with its source');
  await refuse('SystemTopic', topic({ source: `${workspaceId}x` }), 'does not exist');
  await arm.create('eventgrid:SystemTopic', topic());
  await refuse('SystemTopic', topic({ systemTopicName: 'evgt-two' }), 'has the system topic');
  const sub = (more: Properties, reason: string) => refuse('SystemTopicEventSubscription', subscription(more), reason);
  await sub({ deliveryWithResourceIdentity: undefined }, 'deliveryWithResourceIdentity is missing');
  await sub(
    { filter: { includedEventTypes: ['Microsoft.HealthcareApis.FhirResourceRead'] } },
    'allowed are Microsoft.Health',
  );
  await sub({ eventDeliverySchema: 'CloudEventSchemaV1_0' }, 'sends no other schema');
  const destination = { endpointType: 'EventHub', resourceId: `${hubId}x` };
  await sub({ deliveryWithResourceIdentity: { identity: { type: 'SystemAssigned' }, destination } }, 'does not exist');
  const own = { identity: { type: 'SystemAssigned' }, destination: { ...destination, resourceId: hubId } };
  await sub({ deliveryWithResourceIdentity: own }, 'has no system-assigned identity');
  await arm.create('eventgrid:SystemTopicEventSubscription', subscription());
});

test('a new managed MedTech service is refused in the preview, and one from before goes on', async () => {
  const connector = { ...inWorkspace, iotConnectorName: 'medtech', deviceMapping: { content: { template: [] } } };
  const id = await plane.createAsBefore('healthcareapis:IotConnector', connector);
  const fhirServiceResourceId = `${workspaceId}/fhirservices/fhir`;
  const stack = await EngineStack.open(mkdtempSync(join(tmpdir(), 'stack-')), port, 'medtech');
  try {
    const said = await stack.refusal(async () => {
      new healthcareapis.IotConnector('new', { ...inWorkspace, iotConnectorName: 'another' });
    });
    expect(said).toContain('New MedTech services cannot be created since May 3, 2025');
    const { outputs } = await stack.up(async () => {
      const old = healthcareapis.IotConnector.get('old', id);
      new healthcareapis.IotConnectorFhirDestination('destination', {
        ...{ ...inWorkspace, iotConnectorName: old.name, fhirDestinationName: 'fhir' },
        ...{ fhirServiceResourceId, resourceIdentityResolutionType: 'Lookup', fhirMapping: { content: {} } },
      });
      return { mapping: old.deviceMapping };
    });
    expect(outputs.mapping?.value).toEqual(connector.deviceMapping);
    const second = {
      ...inWorkspace,
      iotConnectorName: 'medtech',
      fhirDestinationName: 'second',
      fhirServiceResourceId,
    };
    await expect(
      arm.create('healthcareapis:IotConnectorFhirDestination', {
        ...{ ...second, resourceIdentityResolutionType: 'Create', fhirMapping: { content: {} } },
      }),
    ).rejects.toThrow('has the FHIR destination');
  } finally {
    stack.close();
  }
});
