import { join } from 'node:path';
import { IotHubResource, type IotHubResourceArgs } from '@pulumi/azure-native/iothub/iotHubResource';
import type { Principal } from '../local/contracts';
import { deployer } from '../local/identity/principals';
import { hospitalProgram, localConfig } from '../local/localStack';
import { type CommandResult, type Preview, PulumiStack } from '../local/pulumiStack';
import { armcheckTest, judgeArm, listedAsUnjudged } from './support/armcheck';
import { HospitalCloud } from './support/hospitalCloud';
import { copyOfProject } from './support/projectCopy';

/** The program that `npm start` runs, with its configuration, by the `pulumi` command. */
let hospital: HospitalCloud;
let stack: PulumiStack;
let config: Record<string, unknown>;
let upOutput = '';

beforeAll(async () => {
  hospital = await HospitalCloud.start();
  const { cloud } = hospital;
  stack = cloud.stack('local', hospitalProgram);
  config = await localConfig(cloud, 0);
  await stack.configure(config);
  await stack.up((line) => {
    upOutput += `${line}\n`;
  });
});

afterAll(() => hospital.close());

/** The stack's configuration with some values changed, put back after `run`. */
async function withConfig<T>(changed: Record<string, unknown>, run: () => Promise<T>): Promise<T> {
  await stack.configure({ ...config, ...changed });
  try {
    return await run();
  } finally {
    await stack.configure(config);
  }
}

function ingest(changed: Record<string, unknown>): Record<string, unknown> {
  return { 'hospital:ingest': { ...(config['hospital:ingest'] as object), ...changed } };
}

/** What changes, by logical name: operation and detailed differences. */
function steps({ steps: all }: Preview): Record<string, unknown> {
  return Object.fromEntries(
    all.map(({ urn, op, detailedDiff }) => {
      const differences = Object.entries(detailedDiff ?? {}).map(([path, { kind }]) => [path, kind]);
      return [`${op} ${urn.split('::').at(-1)}`, Object.fromEntries(differences)];
    }),
  );
}

describe('a stack that is up', () => {
  test('previews without a change, also when it refreshes first', async () => {
    expect(await stack.preview()).toEqual({ changes: {}, steps: [] });
    expect((await stack.preview('--refresh')).changes).toEqual({});
  });

  test('previews without a change from a clone in another directory, by another deployer', async () => {
    const clone = copyOfProject(join(hospital.temporaryFolder('elsewhere'), 'clone'));
    const other: Principal = {
      ...deployer,
      objectId: '0bbb0000-0000-4000-8000-00000000000d',
      clientId: '0bbb0000-0000-4000-8000-0000000000dc',
      name: 'colleague',
    };
    const { cloud } = hospital;
    const theirs = new PulumiStack({
      program: clone,
      stack: 'local',
      home: cloud.state.folder('pulumi'),
      providers: { 'azure-native': await cloud.controlPlane.listen(0, other) },
      env: {
        NODE_EXTRA_CA_CERTS: cloud.certificates.authorityFile,
        ...cloud.identityEnvironment([other]),
        USER: 'colleague',
        LOGNAME: 'colleague',
        HOME: hospital.temporaryFolder('home-of-colleague'),
      },
    });
    expect(await theirs.preview()).toEqual({ changes: {}, steps: [] });
    // A refresh reads data planes, for which the deployer of this stack has the roles.
    const { changes } = await cloud.stack('local', clone).preview('--refresh');
    expect(changes).toEqual({});
  });

  test('shows a changed argument as exactly that property', async () => {
    const preview = await withConfig(ingest({ eventHubs: { retentionHours: 72 } }), () => stack.preview());
    expect(steps(preview)).toEqual({
      'update hospital-ingest-devicedata': { 'retentionDescription.retentionTimeInHours': 'update' },
    });
  });

  test('shows a replacement for what cannot be changed, and refuses it for what is protected', async () => {
    const names = { logWorkspace: 'log-another-name' };
    const preview = await withConfig({ 'hospital:names': names }, () => stack.preview());
    expect(steps(preview)).toMatchObject({ 'replace hospital-log-workspace': { workspaceName: 'update-replace' } });
    for (const [resource, changed] of [
      ['iot-hub', { iotHub: 'iot-another-name' }],
      ['provisioning', { provisioningService: 'provs-another-name' }],
    ] as const) {
      const said = await withConfig(ingest({ names: changed }), refusal);
      expect(said).toMatch(
        new RegExp(`unable to replace resource .*hospital-ingest-${resource}".*marked for protection`, 's'),
      );
    }
  });

  test('refuses another number of partitions on Standard, which Azure cannot change, in the preview', async () => {
    const said = await withConfig(ingest({ eventHubs: { deviceDataPartitions: 8 } }), refusal);
    expect(said).toContain('partitionCount is 8, and the event hub has 4: it cannot change on Standard');
  });

  test('holds no key, token or connection string in state, outputs and what the engine says', async () => {
    const { stdout } = await stack.must(['stack', 'export', '--stack', 'local', '--show-secrets']);
    const outputs = JSON.stringify(await stack.outputs());
    const secrets = /AccountKey=|SharedAccessKey|SharedAccessSignature|[?&]sig=|PRIVATE KEY|\beyJ[\w-]+\.eyJ|Bearer /;
    for (const text of [stdout, outputs, upOutput]) {
      expect(text.length).toBeGreaterThan(500);
      expect(secrets.exec(text)?.[0]).toBeUndefined();
    }
    expect(stdout).not.toContain('1b47061264138c4ac30d75fd1eb44270');
  });

  armcheckTest("registers what Azure's published types allow", async () => {
    const native = (await stack.resources()).filter(({ custom, type }) => custom && !type.startsWith('pulumi:'));
    expect(native.length).toBeGreaterThan(25);
    expect(judgeArm(native)).toEqual({ unlisted: [], unjudged: listedAsUnjudged });
  });

  test('has a hub that another stack can import, and then previews without a change', async () => {
    const hub = (await stack.resources()).find(({ type }) => type === 'azure-native:iothub:IotHubResource');
    const importing = await hospital.stack('importing');
    await importing.import('azure-native:iothub:IotHubResource', 'hub', hub?.id ?? '');
    const program = async () => void new IotHubResource('hub', hub?.inputs as unknown as IotHubResourceArgs);
    expect(await importing.preview(program)).toEqual([]);
    expect(await importing.preview(program, true)).toEqual([]);
  });
});

test('what is wrong with the arguments fails in the preview, all of it together, with what is allowed', async () => {
  const changed = {
    ...ingest({
      iotHub: { sku: 'S9' },
      eventHubs: { deviceDataPartitions: 33 },
      names: { rawStorageAccount: 'a'.repeat(30) },
    }),
    'hospital:logRetentionDays': 7,
  };
  const said = await withConfig(changed, refusal);
  const sentences = [
    'hospital:ingest.iotHub.sku: must be one of S1, S2, S3; given is "S9".',
    'ingest.eventHubs.deviceDataPartitions: partitions of an event hub on Standard must be a whole number from 1 to 32; given is 33.',
    `ingest.names.rawStorageAccount: the name of a storage account must be 3 to 24 lower-case letters and digits; given is "${'a'.repeat(30)}".`,
    'logRetentionDays: the retention of logs in days must be a whole number from 30 to 730; given is 7.',
  ];
  for (const sentence of sentences) expect(said).toContain(sentence);
  expect(said).not.toContain('.ts:');
});

async function refusal(): Promise<string> {
  const result: CommandResult = await stack.run(['preview', ...stack.stackArgs()]);
  expect(result.code).not.toBe(0);
  return result.stdout + result.stderr;
}
