import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as authorization from '@pulumi/azure-native/authorization';
import * as managedidentity from '@pulumi/azure-native/managedidentity';
import { Provider } from '@pulumi/azure-native/provider';
import * as resources from '@pulumi/azure-native/resources';
import * as storage from '@pulumi/azure-native/storage';
import { ControlPlane } from '../local/controlPlane/controlPlane';
import { kindNames } from '../local/controlPlane/kinds/names';
import { EngineStack } from './support/engineStack';
import { plainHospital } from './support/plainHospital';

const quiet = { info() {}, warn() {} };
let folder: string;
let plane: ControlPlane;
let stack: EngineStack;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'control-plane-'));
  plane = new ControlPlane({ stateFolder: join(folder, 'state'), log: quiet });
  port = await plane.listen();
  stack = await EngineStack.open(mkdtempSync(join(tmpdir(), 'stack-')), port);
});

afterAll(async () => {
  stack.close();
  await plane.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a program with every kind of resource', () => {
  test('is created, and then neither a preview nor a refresh changes anything', async () => {
    const up = await stack.up(async () => plainHospital());
    const all = up.summary.resourceChanges?.create;
    expect(up.summary.resourceChanges).toEqual({ create: all });
    // Managed MedTech services are not created any more.
    const declarable = kindNames.filter((kind) => kind !== 'resources:Resource' && !kind.includes(':IotConnector'));
    expect(declarable.filter((kind) => plane.resources.list(kind).length === 0)).toEqual([]);
    expect(up.outputs.hubHost?.value).toBe('iot-plain.azure-devices.net');
    expect(await stack.preview(async () => void plainHospital())).toEqual([]);
    expect(await stack.preview(async () => void plainHospital(), true)).toEqual([]);
    expect(await stack.refresh()).toEqual({ same: all });
  });

  test('shows a changed argument as exactly that property, and an immutable one as a replacement', async () => {
    expect(await stack.preview(async () => void plainHospital({ retentionTimeInHours: 48 }))).toEqual([
      {
        op: 'update',
        name: 'devicedata',
        differences: { 'retentionDescription.retentionTimeInHours': 'update' },
      },
    ]);
    const steps = await stack.preview(async () => void plainHospital({ isHnsEnabled: true }));
    expect(steps.filter((s) => s.name === 'raw').map((s) => s.op)).toEqual([
      'delete-replaced',
      'replace',
      'create-replacement',
    ]);
    expect(steps.find((s) => s.op === 'replace' && s.name === 'raw')?.differences).toEqual({
      isHnsEnabled: 'update-replace',
    });
    await stack.up(async () => plainHospital({ isHnsEnabled: true }));
    const raw = plane.resources
      .list('storage:StorageAccount')
      .filter(({ inputs }) => inputs.accountName === 'strawplain');
    expect(raw.map(({ outputs }) => outputs.isHnsEnabled)).toEqual([true]);
    expect(plane.resources.list('storage:BlobContainer')).toHaveLength(1);
    expect(await stack.preview(async () => void plainHospital({ isHnsEnabled: true }))).toEqual([]);
  });
});

const group = '/subscriptions/10ca1000-0000-4000-8000-00000000000b/resourceGroups/rg-plain';

describe('what may not be done to what exists', () => {
  const scope = `${group}/providers/Microsoft.Storage/storageAccounts/strawplain`;
  const keep = async () =>
    void new authorization.ManagementLockByScope('keep', { scope, level: 'CanNotDelete', lockName: 'keep' });

  test('a lock refuses the deletion of what it stands on; without it a resource group goes with all below', async () => {
    const security = await EngineStack.open(mkdtempSync(join(tmpdir(), 'stack-')), port, 'security');
    try {
      await security.up(keep);
      expect(await stack.destroyRefusal()).toContain(
        `cannot be deleted: the lock '${scope}/providers/Microsoft.Authorization/locks/keep'`,
      );
      expect(plane.resources.get(scope)).toBeDefined();
      await security.destroy();
      await stack.destroy();
      expect(plane.resources.below('/subscriptions')).toEqual([]);
    } finally {
      security.close();
    }
  });

  test('a locked immutability policy is kept, only grows, and keeps its account', async () => {
    const account = (state: string, days: number) => async () => {
      const rg = new resources.ResourceGroup('rg', { resourceGroupName: 'rg-locked', location: 'westeurope' });
      new storage.StorageAccount('st', {
        ...{ resourceGroupName: rg.name, accountName: 'stlocked', kind: 'StorageV2', sku: { name: 'Standard_LRS' } },
        immutableStorageWithVersioning: {
          enabled: true,
          immutabilityPolicy: { state, immutabilityPeriodSinceCreationInDays: days },
        },
      });
    };
    await stack.up(account('Unlocked', 7));
    await stack.up(account('Locked', 5));
    expect(await stack.refusal(account('Locked', 4))).toContain('the locked policy holds 5; it can only be raised');
    expect(await stack.refusal(account('Unlocked', 5))).toContain("is Locked and cannot become 'Unlocked'");
    await stack.up(account('Locked', 6));
    expect(await stack.destroyRefusal()).toContain('cannot be deleted: its immutability policy is Locked');
  });
});

describe('several providers', () => {
  test('each puts its resources into its own subscription, without default providers', async () => {
    const hospitals = await EngineStack.open(mkdtempSync(join(tmpdir(), 'stack-')), port, 'hospitals');
    const subscriptions = ['aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000002'];
    const program = async () => {
      const configs = subscriptions.map((subscriptionId, i) => {
        const provider = new Provider(`hospital${i}`, { subscriptionId, location: 'northeurope' });
        const rg = new resources.ResourceGroup(`rg${i}`, { resourceGroupName: 'rg-hospital' }, { provider });
        const identity = new managedidentity.UserAssignedIdentity(
          `id${i}`,
          { resourceGroupName: rg.name },
          { provider },
        );
        return { id: identity.id, config: authorization.getClientConfigOutput({ provider }).subscriptionId };
      });
      return { ids: configs.map((c) => c.id), configs: configs.map((c) => c.config) };
    };
    try {
      await hospitals.config('pulumi:disable-default-providers', '["*"]');
      const { outputs } = await hospitals.up(program);
      expect(outputs.configs?.value).toEqual(subscriptions);
      const ids = outputs.ids?.value as string[];
      expect(ids.map((id) => id.split('/')[2])).toEqual(subscriptions);
      expect(ids.map((id) => plane.resources.get(id)?.inputs.location)).toEqual(['northeurope', 'northeurope']);
      expect(await hospitals.preview(program)).toEqual([]);
    } finally {
      hospitals.close();
    }
  });
});
