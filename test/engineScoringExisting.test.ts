import { ResourceGroup } from '@pulumi/azure-native/resources/resourceGroup';
import { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import * as pulumi from '@pulumi/pulumi';
import { MLScoringPath, type MLScoringPathArgs, scoringOverrides } from '../components';
import { commonSettingsOf } from '../components/hospital/parts';
import { until } from './support/deviceFleet';
import type { EngineStack, StateResource } from './support/engineStack';
import { HospitalCloud } from './support/hospitalCloud';
import { scoringPlatform } from './support/scoringPlatform';

/** Scoring on what a platform team has made in a stack of its own: measurements, FHIR service, and a lake. */
let hospital: HospitalCloud;
let platform: EngineStack;
let stack: EngineStack;

beforeAll(async () => {
  hospital = await HospitalCloud.start();
  platform = await hospital.stack('platform');
  await platform.up(async () => {
    const made = scoringPlatform('platform');
    const place = { resourceGroupName: 'rg-lake', location: 'westeurope' };
    const { name: resourceGroupName } = new ResourceGroup('lakes', place);
    const lake = new StorageAccount('lake', {
      ...{ ...place, resourceGroupName, accountName: 'stplatformlake', kind: 'StorageV2', isHnsEnabled: true },
      ...{ sku: { name: 'Standard_ZRS' }, allowSharedKeyAccess: false },
    });
    return { ...made, existingLakeAccountId: lake.id };
  });
  stack = await hospital.stack('referring', 'platform');
  await stack.up(await program());
});

afterAll(() => hospital.close());

async function program(others: Partial<MLScoringPathArgs> = {}): Promise<() => Promise<object>> {
  const common = commonSettingsOf('scoring', await hospital.args('referring'));
  return async () => {
    const outputs = new pulumi.StackReference('organization/controlplane/platform');
    const { manualSteps, scoredHubId } = new MLScoringPath('scoring', {
      ...{ ...common, hospitalId: 'referring', resourceGroupName: outputs.requireOutput('resourceGroupName') },
      location: 'westeurope',
      existingNormalizedDataHubId: outputs.requireOutput('existingNormalizedDataHubId'),
      existingFhirServiceId: outputs.requireOutput('existingFhirServiceId'),
      existingLakeAccountId: outputs.requireOutput('existingLakeAccountId'),
      overrides: scoringOverrides({ 'score-app': { clientAffinityEnabled: false }, scored: { status: 'Active' } }),
      ...others,
    });
    return { manualSteps, scoredHubId };
  };
}

/** Data goes with both keys: the argument, and the stack's configuration. */
const deletable = { allowDataDeletion: true };

/** What a preview changes, by name. Reads of what exists are part of each preview, and change nothing. */
async function changes(others: Partial<MLScoringPathArgs> = {}, refresh = false): Promise<string[]> {
  const steps = await stack.preview(await program(others), refresh);
  return steps.filter(({ op }) => op !== 'read').map(({ op, name }) => `${op} ${name}`);
}

test('takes what is there from the outputs of another stack, and runs on it', async () => {
  await until('the functions run', () => {
    const functions = hospital.cloud.functionApps.health().flatMap((app) => app.functions);
    return functions.length === 6 && functions.every(({ state }) => state === 'running');
  });
  const resources = await stack.resources();
  const ids = (type: string) => resources.filter((one) => one.type.endsWith(type)).map(({ id }) => id ?? '');
  expect(ids(':EventHub').filter((id) => !id.includes('/namespaces/evhns-platform/'))).toEqual([]);
  expect(ids(':BlobContainer').filter((id) => id.includes('/stplatformlake/'))).toHaveLength(5);
  expect(ids(':FhirService')).toHaveLength(1);
  const [app] = resources.filter(({ urn }) => urn.endsWith('::scoring-score-app'));
  expect(app?.inputs).toMatchObject({ clientAffinityEnabled: false });
});

test('previews without a change, also when it refreshes first', async () => {
  expect(await changes()).toEqual([]);
  expect(await changes({}, true)).toEqual([]);
});

test("the clock marks of the search are sent to the hub in the platform's namespace, and captured into its lake", async () => {
  const { clock, eventHubs } = hospital.cloud;
  const taken = () => eventHubs.stats().find(({ eventHub }) => eventHub === 'enriched')?.events ?? 0;
  const before = taken();
  await clock.advanceTo(clock.now() + 31_000);
  await until('the search sends its mark', () => taken() > before);
  await until('it is captured', () => eventHubs.isCaptured());
});

test('is destroyed with both keys only: hubs and containers stay, and what belongs to the platform stays in any case', async () => {
  const isData = ({ protect }: StateResource) => protect;
  const data = (await stack.resources()).filter(isData).map(({ urn }) => urn.split('::').at(-1));
  const containers = ['baselines', 'bronze', 'dead-letters', 'scored', 'state'].map(
    (name) => `scoring-${name}-container`,
  );
  expect(data.sort()).toEqual(['scoring-enriched', 'scoring-scored', ...containers].sort());
  expect(await stack.destroyRefusal()).toMatch(/cannot be deleted.*protected/s);
  await stack.up(await program(deletable));
  expect((await stack.resources()).filter(isData)).toHaveLength(data.length);
  await stack.config('azure-iomt:allowDataDeletion', 'true');
  await stack.up(await program(deletable));
  await stack.destroy();
  expect(await stack.resources()).toEqual([]);
  expect(await platform.refresh()).toEqual({ same: expect.any(Number) });
});
