import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as authorization from '@pulumi/azure-native/authorization';
import * as eventhub from '@pulumi/azure-native/eventhub';
import * as iothub from '@pulumi/azure-native/iothub';
import * as monitor from '@pulumi/azure-native/monitor';
import * as network from '@pulumi/azure-native/network';
import * as resources from '@pulumi/azure-native/resources';
import * as storage from '@pulumi/azure-native/storage';

import { ControlPlane } from '../local/controlPlane/controlPlane';
import { ArmClient } from './support/armClient';
import { EngineStack } from './support/engineStack';
import { plainHospital } from './support/plainHospital';

const quiet = { info() {}, warn() {} };
let folder: string;
let plane: ControlPlane;
let stack: EngineStack;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'refusals-'));
  plane = new ControlPlane({ stateFolder: join(folder, 'state'), log: quiet });
  port = await plane.listen();
  stack = await EngineStack.open(mkdtempSync(join(tmpdir(), 'stack-')), port);
  await stack.up(async () => plainHospital());
});

afterAll(async () => {
  stack.close();
  await plane.close();
  rmSync(folder, { recursive: true, force: true });
});

const group = '/subscriptions/10ca1000-0000-4000-8000-00000000000b/resourceGroups/rg-plain';
const existing = { resourceGroupName: 'rg-plain', location: 'westeurope' };
const missing = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-none`;

/** Programs hold values that the SDK's types refuse, as those of other languages and JavaScript do. */
function untyped<T>(value: unknown): T {
  return value as T;
}

describe('what Azure would refuse fails in the preview', () => {
  test('several bad values of one resource, reported together, each with what is allowed', async () => {
    const said = await stack.refusal(async () => {
      new storage.StorageAccount('st', {
        ...existing,
        accountName: 'a'.repeat(30),
        kind: 'StorageV3',
        sku: { name: 'Standard_XRS' },
        networkRuleSet: untyped({ defaultActoin: 'Deny' }),
        isHnsEnabled: untyped('yes'),
        immutableStorageWithVersioning: {
          enabled: true,
          immutabilityPolicy: { immutabilityPeriodSinceCreationInDays: 0 },
        },
      });
    });
    expect(said).toContain(`the name '${'a'.repeat(30)}' has 30 characters; allowed are 3 to 24`);
    expect(said).toContain("kind is 'StorageV3'; allowed are Storage, StorageV2,");
    expect(said).toContain("sku.name: name is 'Standard_XRS'; allowed are Standard_LRS,");
    expect(said).toContain("there is no property 'defaultActoin'; did you mean 'defaultAction'?");
    expect(said).toContain("isHnsEnabled is 'yes'; needed is a boolean");
    expect(said).toContain('immutabilityPeriodSinceCreationInDays is 0; allowed are whole numbers from 1 to 146000');
  });

  test.each<[string, () => void, string[]]>([
    [
      'event hub',
      () =>
        new eventhub.EventHub('hub', {
          ...existing,
          namespaceName: 'evhns-plain',
          eventHubName: 'x!',
          partitionCount: 33,
        }),
      [
        'partitionCount is 33; allowed are whole numbers from 1 to 32 on Standard',
        "the name 'x!' is not allowed; allowed are letters",
      ],
    ],
    [
      'sku of a hub',
      () => new iothub.IotHubResource('iot', { ...existing, resourceName: 'iot-bad', sku: untyped({ name: 'S9' }) }),
      ["name is 'S9'; allowed are F1, S1, S2, S3, B1, B2, B3"],
    ],
    [
      'parent',
      () => new eventhub.EventHub('hub', { ...existing, namespaceName: 'evhns-none', eventHubName: 'hub' }),
      ["/namespaces/evhns-none' does not exist; name a parent that exists"],
    ],
    [
      'workspace of a diagnostic setting',
      () => new monitor.DiagnosticSetting('diag', { name: 'd', resourceUri: group, workspaceId: missing }),
      ['is a Microsoft.ManagedIdentity/userAssignedIdentities; needed is a Microsoft.OperationalInsights/workspaces'],
    ],
    [
      'scope, role and principal of a role assignment',
      () =>
        new authorization.RoleAssignment('role', {
          scope: `${group}/providers/Microsoft.EventHub/namespaces/evhns-none`,
          principalId: 'someone',
          roleDefinitionId: '/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-0000-0000-000000000000',
        }),
      [
        `Microsoft.EventHub/namespaces '${group}/providers/Microsoft.EventHub/namespaces/evhns-none' does not exist`,
        'does not exist or is not one of the built-in roles',
        "principalId is 'someone'; needed is the object id, a GUID",
      ],
    ],
    [
      'subnet and group id of a private endpoint',
      () =>
        new network.PrivateEndpoint('pep', {
          ...{
            ...existing,
            subnet: { id: `${group}/providers/Microsoft.Network/virtualNetworks/vnet-plain/subnets/none` },
          },
          privateLinkServiceConnections: [
            {
              name: 'x',
              groupIds: ['blob'],
              privateLinkServiceId: `${group}/providers/Microsoft.EventHub/namespaces/evhns-plain`,
            },
          ],
        }),
      [
        "/subnets/none' does not exist",
        "group id 'blob' is not offered by Microsoft.EventHub/namespaces; allowed are namespace",
      ],
    ],
    [
      'another certificate under the name of one that is there',
      () =>
        new iothub.Certificate('ca', {
          ...{ resourceGroupName: 'rg-plain', resourceName: 'iot-plain', certificateName: 'ca' },
          properties: { certificate: 'bmV3' },
        }),
      ['Azure changes none without its ETag (412 PreconditionFailed)'],
    ],
    [
      'routing of a hub',
      badHub,
      [
        "userAssignedIdentities/id-none' does not exist",
        "event hub 'nohub' does not exist at 'sb://evhns-plain.servicebus.windows.net'",
        'batchFrequencyInSeconds is 30; allowed are whole numbers from 60 to 720',
        'lacks {mm}; it must contain all of {iothub}',
        "endpoint 'elsewhere' is not declared; allowed are events, devicedata, raw",
        'properties.routing.routes[0].condition: the condition cannot be read',
        'enrichments has 11 entries; allowed are at most 10',
        'properties.routing.enrichments[0].endpointNames: endpointNames is empty; needed is at least one',
      ],
    ],
  ])('%s', async (_, declare, sentences) => {
    const said = await stack.refusal(async () => void declare());
    for (const sentence of sentences) expect(said).toContain(sentence);
  });

  test('a required property that is missing, at the top and further in', async () => {
    // The SDK refuses the first one itself, so that it is asked of the control plane without the SDK.
    const arm = await ArmClient.connect(port);
    try {
      const account = { ...existing, accountName: 'stnew' };
      await expect(arm.create('storage:StorageAccount', { ...account, sku: {} })).rejects.toThrow(
        /sku\.name: name is missing; it is required\. kind: kind is missing/,
      );
    } finally {
      arm.close();
    }
  });

  test('a kind that the local cloud does not know', async () => {
    const said = await stack.refusal(
      async () => void new storage.Table('t', { ...existing, accountName: 'strawplain', tableName: 't' }),
    );
    expect(said).toContain(
      'The local cloud does not know azure-native:storage:Table; it knows applicationinsights:Component,',
    );
  });

  test('an id that exists, with a hint to import it; and imported it previews clean', async () => {
    const cg = {
      resourceGroupName: 'rg-plain',
      namespaceName: 'evhns-plain',
      eventHubName: 'devicedata',
      consumerGroupName: 'medtech',
    };
    const id = `${group}/providers/Microsoft.EventHub/namespaces/evhns-plain/eventhubs/devicedata/consumergroups/medtech`;
    const other = await EngineStack.open(mkdtempSync(join(tmpdir(), 'stack-')), port, 'other');
    try {
      const said = await other.refusal(async () => void new eventhub.ConsumerGroup('cg', cg));
      expect(said).toContain(
        `exists already. To manage it from here, import it: pulumi import azure-native:eventhub:ConsumerGroup medtech '${id}'`,
      );
      const importing = async () => void new eventhub.ConsumerGroup('cg', cg, { import: id });
      expect((await other.up(importing)).summary.resourceChanges).toEqual({ create: 1, import: 1 });
      expect(await other.preview(async () => void new eventhub.ConsumerGroup('cg', cg))).toEqual([]);
    } finally {
      other.close();
    }
  });

  test('a name that is unique in the whole of Azure and taken elsewhere', async () => {
    const said = await stack.refusal(async () => {
      const rg = new resources.ResourceGroup('second', { resourceGroupName: 'rg-second', location: 'westeurope' });
      void rg;
      new eventhub.Namespace(
        'ns2',
        { resourceGroupName: 'rg-second', location: 'westeurope', namespaceName: 'evhns-plain' },
        { dependsOn: rg },
      );
    });
    expect(said).toContain("the name 'evhns-plain' is taken by");
  });
});

/** A hub with one fault in each place where routing can have one. */
function badHub(): void {
  const byNobody = { authenticationType: 'identityBased', identity: { userAssignedIdentity: missing } } as const;
  new iothub.IotHubResource('badhub', {
    ...{ ...existing, resourceName: 'iot-bad', sku: { name: 'S1', capacity: 1 } },
    identity: { type: 'UserAssigned', userAssignedIdentities: [missing] },
    properties: {
      routing: {
        endpoints: {
          eventHubs: [
            {
              ...byNobody,
              name: 'devicedata',
              endpointUri: 'sb://evhns-plain.servicebus.windows.net',
              entityPath: 'nohub',
            },
          ],
          storageContainers: [
            {
              ...{
                ...byNobody,
                name: 'raw',
                endpointUri: 'https://strawplain.blob.core.windows.net',
                containerName: 'raw',
              },
              ...{ batchFrequencyInSeconds: 30, fileNameFormat: '{iothub}/{partition}/{YYYY}/{MM}/{DD}/{HH}' },
            },
          ],
        },
        routes: [
          {
            name: 'all',
            source: 'DeviceMessages',
            isEnabled: true,
            endpointNames: ['elsewhere'],
            condition: 'a === b',
          },
        ],
        enrichments: Array.from({ length: 11 }, (_, i) => ({
          key: `k${i}`,
          value: 'v',
          endpointNames: i ? ['raw'] : [],
        })),
      },
    },
  });
}
