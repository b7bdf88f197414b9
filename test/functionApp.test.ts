import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { strFromU8, unzipSync } from 'fflate';
import type { CommonSettings } from '../components';
import { applicationInsights } from '../components/azure/applicationInsights';
import { completeCommon } from '../components/azure/commonDefaults';
import { type FunctionAppSettings, functionApp } from '../components/azure/functionApp';
import { appIdentity } from '../components/azure/identity';
import { siteOf } from '../components/azure/site';
import { type Registered, registered } from './support/registered';

const projectFolder = resolve(__dirname, '..');
const deployer = '3b1f6471-1bf0-4dda-aec3-cb9272f09590';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'function-app-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Built {
  readonly resources: Registered[];
  readonly manualSteps: string[];
}

/** A component that is a function app and nothing else. */
async function build(common: CommonSettings, settings: Partial<FunctionAppSettings> = {}): Promise<Built> {
  let manualSteps: string[] = [];
  const resources = await registered(async () => {
    const component = new pulumi.ComponentResource('test:index:Steps', 'steps');
    const placement = { hospitalId: 'stmary', resourceGroupName: 'rg-stmary' };
    const site = siteOf(component, 'steps', placement, { ...common, ...completeCommon(common) });
    const identity = appIdentity(site.children, site.names, site.surroundings, 'normalize', undefined);
    const insights = applicationInsights(site.children, site.names, site.surroundings, '/subscriptions/s/workspaces/w');
    const all: FunctionAppSettings = {
      child: 'normalize',
      identity,
      settings: { DEVICE_DATA_HUB: 'devicedata' },
      package: { bundle: 'normalize', texts: { 'host.json': '{}' } },
      functions: ['clockMarks', 'normalize'],
      alwaysReadyInstances: 0,
      partitions: 4,
      instanceMemoryMB: 2048,
      nodeVersion: '22',
      applicationInsights: insights,
      encryption: { ready: [] },
      artefactsFolder: join(folder, 'artefacts'),
      ...settings,
    };
    const steps = functionApp(site, all, { dependsOn: [] }).manualSteps;
    manualSteps = await new Promise((take) => pulumi.all(steps).apply(take));
  });
  return { resources, manualSteps };
}

function one({ resources }: Built, child: string): Record<string, unknown> {
  const found = resources.find(({ name }) => name === `steps-${child}`);
  if (!found) throw new Error(`There is no ${child} among ${resources.map(({ name }) => name).join(', ')}.`);
  return found.inputs;
}

const settingsOf = (built: Built): Record<string, string> => {
  const { appSettings } = one(built, 'normalize-app').siteConfig as { appSettings: { name: string; value: string }[] };
  return Object.fromEntries(appSettings.map(({ name, value }) => [name, value]));
};

const scaleOf = (built: Built) =>
  (one(built, 'normalize-app').functionAppConfig as { scaleAndConcurrency: Record<string, unknown> })
    .scaleAndConcurrency;

describe('a function app', () => {
  it('goes by its identity alone: host, package and telemetry', async () => {
    const built = await build({ deployerPrincipalId: deployer });
    const storage = one(built, 'normalize-storage');
    const endpoint = `https://${storage.accountName}.blob.core.windows.net/`;
    const client = one(built, 'normalize-app').identity as { userAssignedIdentities: string[] };
    const [identity] = client.userAssignedIdentities;
    expect(settingsOf(built)).toEqual({
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: expect.stringMatching(/^ClientId=client-of-.*;Authorization=AAD$/),
      APPLICATIONINSIGHTS_CONNECTION_STRING: expect.stringContaining('InstrumentationKey='),
      AzureWebJobsStorage__blobServiceUri: endpoint,
      AzureWebJobsStorage__clientId: expect.stringMatching(/^client-of-/),
      AzureWebJobsStorage__credential: 'managedidentity',
      DEVICE_DATA_HUB: 'devicedata',
    });
    expect(one(built, 'normalize-app')).toMatchObject({
      httpsOnly: true,
      keyVaultReferenceIdentity: identity,
      functionAppConfig: {
        deployment: {
          storage: {
            value: `${endpoint}deployments`,
            authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity },
          },
        },
        runtime: { name: 'node', version: '22' },
      },
      siteConfig: { ftpsState: 'Disabled', minTlsVersion: '1.2' },
    });
    expect(storage).toMatchObject({ allowSharedKeyAccess: false, publicNetworkAccess: 'Enabled' });
    expect(one(built, 'application-insights')).toMatchObject({ disableLocalAuth: true });
    for (const child of ['normalize-no-deployment-password', 'normalize-no-ftp-password']) {
      expect(one(built, child)).toMatchObject({ allow: false });
    }
  });

  it('gives its identity and the deployer what they need, and waits for that before the package', async () => {
    const roles = (built: Built) => built.resources.filter(({ type }) => type.endsWith(':RoleAssignment'));
    const names = (built: Built) =>
      roles(built)
        .map(({ name }) => name.replace('steps-', ''))
        .sort();
    const own = ['normalize-host-storage-role', 'normalize-telemetry-role'];
    const given = await build({ deployerPrincipalId: deployer });
    expect(names(given)).toEqual(['deployer-normalize-package-role', ...own]);
    expect(one(given, 'normalize-role-propagation').roleAssignmentIds).toHaveLength(3);
    expect(names(await build({}))).toEqual(own);
    expect(names(await build({ roleAssignmentMode: 'external' }))).toEqual([]);
  });

  it('has an instance for each partition and function at most, and never less than 40 nor more than Azure allows', async () => {
    const most = async (settings: Partial<FunctionAppSettings>) =>
      scaleOf(await build({}, settings)).maximumInstanceCount;
    expect(await most({ partitions: 4 })).toBe(40);
    expect(await most({ partitions: 32 })).toBe(64);
    expect(await most({ partitions: 900 })).toBe(1000);
    expect(await most({ partitions: 32, maximumInstanceCount: 50 })).toBe(50);
  });

  it('keeps instances of each function ready where it is asked to', async () => {
    expect(scaleOf(await build({})).alwaysReady).toEqual([]);
    expect(scaleOf(await build({}, { alwaysReadyInstances: 2 })).alwaysReady).toEqual([
      { name: 'function:clockMarks', instanceCount: 2 },
      { name: 'function:normalize', instanceCount: 2 },
    ]);
  });

  it('is closed with private endpoints, except that its account lets the deployer in', async () => {
    const built = await build(
      { privateEndpoints: { subnetId: '/subnets/pe' }, deployerIpAddresses: ['198.51.100.7/32', '203.0.113.5/31'] },
      { subnetId: '/subnets/apps' },
    );
    expect(one(built, 'normalize-app')).toMatchObject({
      publicNetworkAccess: 'Disabled',
      virtualNetworkSubnetId: '/subnets/apps',
    });
    expect(one(built, 'normalize-storage')).toMatchObject({
      publicNetworkAccess: 'Enabled',
      networkRuleSet: {
        defaultAction: 'Deny',
        ipRules: ['198.51.100.7', '203.0.113.4', '203.0.113.5'].map((iPAddressOrRange) => ({
          iPAddressOrRange,
          action: 'Allow',
        })),
      },
    });
    const groups = (child: string) =>
      (one(built, `${child}-private-endpoint`).privateLinkServiceConnections as { groupIds: string[] }[])[0]?.groupIds;
    expect([groups('normalize-app'), groups('normalize-storage')]).toEqual([['sites'], ['blob']]);
    const fromWithin = await build({ privateEndpoints: { subnetId: '/subnets/pe' }, deployerReach: 'vnet' });
    expect(one(fromWithin, 'normalize-storage')).toMatchObject({ publicNetworkAccess: 'Disabled' });
  });

  it('leaves a zip and a sentence where the deployer reaches no data plane', async () => {
    const { resources, manualSteps } = await build({ deployerReach: 'none', deployerPrincipalId: deployer });
    expect(resources.filter(({ name }) => /-package/.test(name))).toEqual([]);
    const file = join(folder, 'artefacts', 'normalize.zip');
    expect(manualSteps).toEqual([
      expect.stringMatching(
        new RegExp(`^Deploy ${file} to /subscriptions/.*: az functionapp deployment source config-zip`),
      ),
    ]);
    const members = unzipSync(readFileSync(file));
    expect(Object.keys(members)).toEqual(['host.json', 'main.js']);
    expect(strFromU8(members['host.json'] ?? new Uint8Array())).toBe('{}');
  });
});

describe('the bundle of an app', () => {
  /** A copy of the library with one bundle made of one source. */
  function library(name: string): string {
    const at = join(folder, name);
    mkdirSync(join(at, 'dist', 'components', 'azure'), { recursive: true });
    mkdirSync(join(at, 'dist', 'functions', 'normalize'), { recursive: true });
    symlinkSync(join(projectFolder, 'node_modules'), join(at, 'node_modules'));
    cpSync(join(projectFolder, 'dist/components/azure/bundle.js'), join(at, 'dist/components/azure/bundle.js'));
    writeFileSync(join(at, 'source.ts'), 'run();');
    writeFileSync(join(at, 'dist/functions/normalize/main.js'), 'run();');
    const hash = createHash('sha256').update('run();').digest('hex');
    writeFileSync(join(at, 'dist/functions/normalize.inputs.json'), JSON.stringify({ 'source.ts': hash }));
    return at;
  }
  const bundleOf = (at: string) => () => require(join(at, 'dist/components/azure/bundle.js')).bundleFile('normalize');

  it('is found while it is what its sources make', () => {
    const at = library('fresh');
    expect(resolve(bundleOf(at)())).toBe(join(at, 'dist/functions/normalize/main.js'));
  });

  it('is refused with what to do when it is older than its sources, or missing', () => {
    const at = library('stale');
    writeFileSync(join(at, 'source.ts'), 'run(2);');
    expect(bundleOf(at)).toThrow(
      'The bundle of the function app "normalize" is older than source.ts; run "npm run build" in the library\'s folder first.',
    );
    rmSync(join(at, 'dist/functions/normalize/main.js'));
    expect(bundleOf(at)).toThrow('The bundle of the function app "normalize" is missing; run "npm run build"');
  });
});
