import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Provider } from '@pulumi/azure-native/provider';
import { HospitalEnvironment } from '../components';
import { deployer } from '../local/identity/principals';
import { hospitalProgram, localConfig } from '../local/localStack';
import type { PulumiStack } from '../local/pulumiStack';
import { ArmClient } from './support/armClient';
import { armcheckTest, judgeArm, listedAsUnjudged } from './support/armcheck';
import type { EngineStack, StateResource } from './support/engineStack';
import { everythingOn } from './support/everythingOn';
import { HospitalCloud } from './support/hospitalCloud';

/** Other shapes of a hospital than the one that `npm start` makes. */
let hospital: HospitalCloud;

beforeAll(async () => {
  hospital = await HospitalCloud.start();
});

afterAll(() => hospital.close());

const ofType = (resources: readonly StateResource[], type: string) => resources.filter((r) => r.type.includes(type));

describe('a hospital with every switch on', () => {
  let stack: EngineStack;
  let program: () => Promise<void>;

  beforeAll(async () => {
    stack = await hospital.stack('everything');
    const args = await hospital.args('everything', { lock: 'CanNotDelete', hotPathEnabled: true });
    program = async () => void everythingOn(args);
    await stack.up(program);
  });

  test('previews without a change, also when it refreshes first', async () => {
    expect(await stack.preview(program)).toEqual([]);
    expect(await stack.preview(program, true)).toEqual([]);
  });

  armcheckTest("registers what Azure's published types allow", async () => {
    const resources = await stack.resources();
    const kinds = ['PrivateEndpoint', 'PrivateDnsZoneGroup', 'ManagementLockByScope', 'NamespaceNetworkRuleSet'];
    kinds.push('EncryptionProtector', 'ExtendedServerBlobAuditingPolicy', 'FabricCapacity');
    for (const kind of kinds) expect(ofType(resources, kind)).not.toEqual([]);
    // Without a public endpoint the SQL server has no firewall.
    const unjudged = listedAsUnjudged.filter((kind) => !kind.endsWith(':FirewallRule'));
    expect(judgeArm(resources)).toEqual({ unlisted: [], unjudged });
  });
});

test('with default providers disabled, all lands where the explicit provider says', async () => {
  const subscriptionId = 'aaaaaaaa-0000-4000-8000-000000000001';
  const tenantId = 'aaaaaaaa-0000-4000-8000-00000000000a';
  const args = await hospital.args('stmary');
  const program = async () => {
    const provider = new Provider('stmary', { subscriptionId, tenantId });
    new HospitalEnvironment('hospital', args, { providers: [provider] });
  };
  const stack = await hospital.stack('explicit');
  await stack.config('pulumi:disable-default-providers', '["*"]');
  await stack.up(program);
  const resources = await stack.resources();
  const native = ofType(resources, 'azure-native:');
  expect(native.length).toBeGreaterThan(25);
  expect(native.filter(({ id }) => !id?.startsWith(`/subscriptions/${subscriptionId}/`))).toEqual([]);
  // What names a subscription anywhere in its inputs names that one.
  const named = JSON.stringify(resources.map(({ inputs }) => inputs)).matchAll(/\/subscriptions\/([0-9a-f-]+)/g);
  expect(new Set([...named].map(([, id]) => id))).toEqual(new Set([subscriptionId]));
  const dynamic = ofType(resources, 'pulumi-nodejs:').filter(({ type }) => !type.endsWith(':RolePropagation'));
  expect(dynamic.map(({ inputs }) => inputs?.tenantId)).toEqual(Array.from({ length: 8 }, () => tenantId));
  expect(await stack.preview(program)).toEqual([]);
});

describe('a deployer who may neither assign roles nor reach the data planes', () => {
  /** The program that `npm start` runs, by the `pulumi` command: a program inside this process outlives a failed update. */
  let stack: PulumiStack;
  let steps: string[];
  let files: string;
  let arm: ArmClient;

  const neededRole = /Assign the role (\S+) \((\w+)\) to the (\w+) (\S+) at (\S+)\. /;

  const roleOf = (sentence: string) => neededRole.exec(sentence)?.[2];
  const ingestRoles = [
    'eventHubsDataSender',
    'storageBlobDataContributor',
    'storageBlobDataContributor',
    'iotHubDataContributor',
  ];
  const ofHost = ['storageBlobDataOwner', 'monitoringMetricsPublisher'];
  const connectorRoles = [
    // Events of the FHIR service, then each app: what it does, and its host.
    'eventHubsDataSender',
    ...['eventHubsDataReceiver', 'eventHubsDataSender', 'storageBlobDataContributor', 'eventHubsDataSender', ...ofHost],
    ...['eventHubsDataReceiver', 'fhirDataWriter', 'storageBlobDataContributor', ...ofHost],
    // The health record, which admits patients.
    'fhirDataWriter',
  ];
  const scoringRoles = [
    // Capture of both hubs, then each app.
    ...['storageBlobDataContributor', 'storageBlobDataContributor'],
    ...['eventHubsDataReceiver', 'fhirDataReader', 'eventHubsDataSender', 'storageBlobDataContributor'],
    ...['eventHubsDataReceiver', 'eventHubsDataSender', ...ofHost],
    ...['eventHubsDataReceiver', 'eventHubsDataSender', 'storageBlobDataContributor'],
    ...['storageBlobDataReader', 'storageBlobDataReader', ...ofHost],
    ...[
      'eventHubsDataSender',
      'storageBlobDataReader',
      'storageBlobDataReader',
      'storageBlobDataContributor',
      ...ofHost,
    ],
  ];

  /** What the team does that may assign roles. */
  async function assign(sentence: string, n: number): Promise<void> {
    const [, roleId = '', , principalType = '', principalId = '', scope = ''] = neededRole.exec(sentence) ?? [];
    await arm.create('authorization:RoleAssignment', {
      ...{
        scope,
        principalId,
        principalType,
        roleAssignmentName: `dddddddd-0000-4000-8000-${String(n).padStart(12, '0')}`,
      },
      roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
    });
  }

  beforeAll(async () => {
    arm = await ArmClient.connect(hospital.cloud.controlPlanePort);
    stack = hospital.cloud.stack('external', hospitalProgram);
    files = join(hospital.temporaryFolder('external'), 'artefacts');
    const config = await localConfig(hospital.cloud, 0);
    const emitting = (part: string) => ({ ...(config[`hospital:${part}`] as object), artefactsFolder: files });
    await stack.configure({
      ...config,
      'hospital:hospitalId': 'external',
      'hospital:hotPathEnabled': false,
      'hospital:deployerReach': 'none',
      'hospital:roleAssignmentMode': 'external',
      'hospital:ingest': emitting('ingest'),
      'hospital:connector': emitting('connector'),
    });
  });

  afterAll(() => arm.close());

  test('is told the roles that are missing, and gets on when they are given', async () => {
    const assigned = new Set<string>();
    // Routes of the IoT hub and of the FHIR service's events, or Capture.
    const isMissing =
      /needs the role "Azure Event Hubs Data Sender" on \/subscriptions|may not do 'Microsoft\.Storage\S+\/write' on '\/subscriptions/;
    // Each attempt ends where Azure misses a role first, and has told that one by then.
    const refusal = () => stack.up().then(() => undefined, String);
    for (let attempt = await refusal(); attempt !== undefined; attempt = await refusal()) {
      expect(attempt).toMatch(isMissing);
      const told = [...attempt.matchAll(new RegExp(neededRole, 'g'))].map(([sentence]) => sentence);
      const fresh = [...new Set(told)].filter((sentence) => !assigned.has(sentence));
      expect(fresh).not.toEqual([]);
      for (const sentence of fresh) await assign(sentence, assigned.add(sentence).size);
    }
    expect([...assigned].map(roleOf)).toEqual(expect.arrayContaining(ingestRoles.slice(0, 3)));
    steps = (await stack.outputs()).manualSteps as string[];
    const resources = await stack.resources();
    expect(ofType(resources, 'RoleAssignment')).toEqual([]);
    expect(ofType(resources, 'pulumi-nodejs:')).toEqual([]);
    expect((await stack.preview()).steps).toEqual([]);
  });

  test('is left with the steps in their order', () => {
    expect(steps.map((step) => roleOf(step) ?? step.slice(0, step.indexOf(' of ')))).toEqual([
      ...ingestRoles,
      'PUT the group "devices-local-devices"',
      'PUT the group "gateways-local-gateways"',
      expect.stringMatching(/^PUT .*deployment.json to https:\/\/localhost:\d+\/configurations\/iomt-gateway-/),
      ...connectorRoles,
      expect.stringMatching(/^Deploy .*normalize.zip to \/subscriptions/),
      expect.stringMatching(/^Deploy .*write-observations.zip to \/subscriptions/),
      ...scoringRoles,
      ...['ml-input', 'score', 'long-view'].map((app) =>
        expect.stringMatching(new RegExp(`^Deploy .*${app}.zip to /subscriptions`)),
      ),
    ]);
  });

  test('has files which the services take as the steps say', async () => {
    const { cloud } = hospital;
    const groups = JSON.parse(readFileSync(join(files, 'enrollment-groups.json'), 'utf8')) as {
      enrollmentGroupId: string;
    }[];
    const deployment: unknown = JSON.parse(readFileSync(join(files, 'deployment.json'), 'utf8'));
    const resources = await stack.resources();
    const scopes = [ofType(resources, ':IotHubResource'), ofType(resources, 'resources:Resource')].map(([r]) => r?.id);
    const roles = ['4fc6c259-987e-4a07-842e-c321cc9d413f', 'dfce44e4-17b7-4bd1-a6d1-04996ec95633'];
    for (const [i, scope] of scopes.entries()) {
      await assign(
        `Assign the role ${roles[i]} (x) to the ServicePrincipal ${deployer.objectId} at ${scope}. `,
        i + 90,
      );
    }
    const audiences = ['https://azure-devices-provisioning.net', 'https://iothubs.azure.net'];
    for (const step of steps.filter((sentence) => sentence.startsWith('PUT'))) {
      const url = /https:\S+\?api-version=[\d-]+/.exec(step)?.[0] ?? '';
      const group = groups.find(({ enrollmentGroupId }) => url.includes(`/${enrollmentGroupId}?`));
      const { token } = await cloud.authority.token(deployer, audiences[group ? 0 : 1] ?? '');
      const answer = await fetch(url, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(group ?? deployment),
      });
      expect([step, answer.status]).toEqual([step, 200]);
    }
  });
});
