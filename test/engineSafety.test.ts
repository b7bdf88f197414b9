import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HospitalEnvironment, type HospitalEnvironmentArgs } from '../components';
import type { ArmResource } from '../local/contracts';
import { repaired } from '../local/interruptedUpdate';
import { deployLocalStack, hospitalProgram, localConfig } from '../local/localStack';
import type { PulumiStack, StackResource } from '../local/pulumiStack';
import { until } from './support/deviceFleet';
import { HospitalCloud } from './support/hospitalCloud';

/** What may not be lost: data, and a stack whose update was killed. */
let hospital: HospitalCloud;

beforeAll(async () => {
  hospital = await HospitalCloud.start();
});

afterAll(() => hospital.close());

const quiet = { info() {}, warn() {} };

describe('an update whose engine is killed', () => {
  /** Runs `pulumi up` and kills it when the first storage account exists. */
  async function killedUp(stack: PulumiStack): Promise<void> {
    const { resources } = hospital.cloud.controlPlane;
    const args = ['up', '--yes', '--skip-preview', '--non-interactive', '--cwd', hospitalProgram];
    const engine = spawn('pulumi', [...args, ...stack.stackArgs()], { env: stack.environment(), stdio: 'ignore' });
    const ended = new Promise((resolve) => engine.on('close', resolve));
    await until('the storage account exists', () => resources.list('storage:StorageAccount').length > 0);
    // The language host does not notice when its engine is gone.
    const started = childrenOf(engine.pid ?? 0);
    engine.kill('SIGKILL');
    await ended;
    for (const pid of started) kill(pid);
  }

  /** Linux tells a process's children; elsewhere they are left to themselves. */
  function childrenOf(pid: number): number[] {
    const tasks = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
    return tasks.flatMap((task) => {
      const listed = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim();
      return listed === '' ? [] : listed.split(' ').map(Number);
    });
  }

  function kill(pid: number): void {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  test('leaves a stack that comes up again, with nothing made twice', async () => {
    const { cloud } = hospital;
    const stack = cloud.stack('local', hospitalProgram);
    const settings = { 'hospital:hotPathEnabled': false };
    await stack.configure({ ...(await localConfig(cloud, 0)), ...settings });
    await killedUp(stack);
    expect((await stack.run(['up', '--yes', '--skip-preview', ...stack.stackArgs()])).stderr).toMatch(
      /currently locked|failed to load checkpoint/,
    );
    // The worst moment: the attributes beside the checkpoint are being written.
    const checkpoints = join(cloud.state.folder('pulumi'), '.pulumi', 'stacks');
    const attributes = readdirSync(checkpoints, { recursive: true, encoding: 'utf8' }).find((name) =>
      name.endsWith('local.json.attrs'),
    );
    writeFileSync(join(checkpoints, attributes ?? ''), '');

    await deployLocalStack(cloud, { roleDelaySeconds: 0, settings, log: quiet, onProgress: () => {} });
    expect((await stack.state()).deployment.pending_operations ?? []).toEqual([]);
    expect((await stack.preview('--refresh')).changes).toEqual({});
    const native = (await stack.resources()).filter(({ type, id }) => id && type.startsWith('azure-native:'));
    const existing = cloud.controlPlane.resources.below('/subscriptions').map(({ id }) => id);
    expect(native.map(({ id }) => id).sort()).toEqual(existing.sort());
  });

  test('what was made and not noted is noted, what was not made is forgotten', () => {
    const { controlPlane } = hospital.cloud;
    const [made] = controlPlane.resources.list('storage:StorageAccount');
    const creating = (accountName: string) => ({
      type: 'creating',
      resource: {
        urn: `urn:pulumi:a::b::azure-native:storage:StorageAccount::${accountName}`,
        type: 'azure-native:storage:StorageAccount',
        inputs: { ...made?.inputs, accountName },
      } as unknown as StackResource,
    });
    const [there, gone] = [creating(String(made?.inputs.accountName)), creating('stnever')];
    const { deployment } = repaired({ deployment: { resources: [], pending_operations: [there, gone] } }, controlPlane);
    expect(deployment).toEqual({ resources: [{ ...there.resource, id: made?.id }], pending_operations: [] });
  });
});

test('data is deleted with both keys only, and never within its retention', async () => {
  const { clock, controlPlane, blobs, authority } = hospital.cloud;
  const args = await hospital.args('leaving', { ingest: { rawStorage: { retentionDays: 1 } } });
  const program = (others: Partial<HospitalEnvironmentArgs> = {}) => {
    return async () => void new HospitalEnvironment('hospital', { ...args, ...others });
  };
  const stack = await hospital.stack('leaving');
  await stack.up(program());
  const [group] = (await stack.resources()).filter(({ type }) => type.endsWith(':ResourceGroup'));
  const existing = () => controlPlane.resources.below(group?.id ?? '');
  const idOf = (text: string) => existing().find(({ id }) => id.includes(text))?.id ?? '';
  const dataKinds = [
    ...['iothub:IotHubResource', 'storage:StorageAccount', 'storage:BlobContainer', 'eventhub:EventHub'],
    ...['healthcareapis:Workspace', 'healthcareapis:FhirService'],
  ];
  // The accounts of function apps hold packages and checkpoints, and no data of patients.
  const ofApp = /storageAccounts\/stleavingdev(norm|writ|mlin|scor|long)/;
  const isData = ({ id, kind }: ArmResource) => dataKinds.includes(kind) && !ofApp.test(id);
  const data = () =>
    existing()
      .filter(isData)
      .map(({ id }) => id)
      .sort();
  const made = data();
  expect(made).toHaveLength(18);
  await blobs.write(
    authority.identity(idOf('id-leaving-dev-hub-router')),
    idOf('/containers/raw'),
    'a.json',
    Buffer.from('{}'),
  );

  expect(await stack.destroyRefusal()).toMatch(/hospital-(ingest|connector|scoring)-.*cannot be deleted.*protected/s);
  await stack.up(program({ allowDataDeletion: true }));
  expect(await stack.destroyRefusal()).toMatch(/cannot be deleted.*protected/s);
  expect(data()).toEqual(made);

  await stack.config('azure-iomt:allowDataDeletion', 'true');
  await stack.up(program({ allowDataDeletion: true }));
  expect(await stack.destroyRefusal()).toMatch(/ContainerProtectedFromDeletion \(409\).*a\.json/s);
  expect(data()).toEqual(expect.arrayContaining([idOf('/containers/raw')]));

  await clock.advanceTo(clock.now() + 25 * 3_600_000);
  await stack.destroy();
  expect(controlPlane.resources.get(group?.id ?? '')).toBeUndefined();
  expect(existing()).toEqual([]);
});
