import { EventHubProducerClient } from '@azure/event-hubs';
import { BlobSASPermissions, BlobServiceClient, generateBlobSASQueryParameters } from '@azure/storage-blob';
import { zipSync } from 'fflate';
import { ResourceManager } from '../local/arm/resourceManager';
import { SiteDeployments } from '../local/arm/siteDeployments';
import { ControlPlane } from '../local/controlPlane/controlPlane';
import type { FunctionHealth } from '../local/functions/health';
import { deployer } from '../local/identity/principals';
import { ArmClient } from './support/armClient';
import { startOfTime, type TestContext, testContext } from './support/context';
import { letLongTimersGo, trust, until } from './support/eventHubs';
import { accountId, componentId, functionPackage, TestFunctionHost } from './support/functionHost';

let context: TestContext;
let host: TestFunctionHost;
const opened: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  letLongTimersGo();
  context = await testContext();
  trust(context.certificates);
  host = await new TestFunctionHost(context).start();
});

afterEach(async () => {
  for (const client of opened.splice(0)) await client.close();
  await host.close();
  context.close();
  jest.restoreAllMocks();
});

/** Logs what it is handed; a body `fail` fails, `hang` hangs the first time. */
const reader = `
  import { app } from '@azure/functions';
  import { existsSync, writeFileSync } from 'node:fs';
  app.eventHub('read', {
    connection: 'Data',
    eventHubName: '%HUB%',
    cardinality: 'many',
    dataType: 'binary',
    retry: process.env.RETRY ? JSON.parse(process.env.RETRY) : undefined,
    handler: async (bodies, context) => {
      const texts = bodies.map(String);
      context.log('batch ' + JSON.stringify({ texts, retry: context.retryContext, version: process.env.VERSION, metadata: context.triggerMetadata }));
      if (texts.includes('hang') && !existsSync(process.env.HOME + '/hung')) {
        writeFileSync(process.env.HOME + '/hung', '');
        await new Promise((resolve) => setTimeout(resolve, 1e9));
      }
      for (let attempt = 0; texts.includes('hold') && attempt < 20; attempt++) {
        context.warn('iomt.held step=read cause=503');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      if (texts.includes('fail')) throw new Error('This one fails.');
    },
  });
`;

interface Batch {
  readonly texts: string[];
  readonly retry?: { retryCount: number; maxRetryCount: number; exception: { message: string } };
  readonly version?: string;
  readonly metadata: Record<string, unknown>;
}

async function send(...bodies: string[]): Promise<void> {
  const producer = new EventHubProducerClient(
    host.hubs.host,
    'devicedata',
    context.authority.credential(host.hubs.owner()),
  );
  opened.push(producer);
  const properties = { DeviceType: 'monitor' };
  await producer.sendBatch(
    bodies.map((body) => ({ body: Buffer.from(body), properties })),
    { partitionKey: 'device-1' },
  );
}

/** An app that reads the hub, deployed and running. */
async function startReader(settings: Record<string, string> = {}, hostJson: object = {}): Promise<string> {
  await host.hubs.hub('devicedata', 2);
  host.grants('reader');
  const id = await host.site('reader', { HUB: 'devicedata', ...settings });
  await host.apps.deploy(id, functionPackage(reader, hostJson));
  await host.runs('reader');
  return id;
}

const batches = () => host.logged<Batch>('batch');
const texts = () => batches().flatMap((batch) => batch.texts);
const read = (): FunctionHealth => host.function('reader', 'read');
/** All that lies in the hub is handled and remembered. */
const drained = () => until('the hub is read to its end', () => host.apps.isDrained());
/** Seconds of the virtual clock after its start. */
const at = (seconds: number) => startOfTime + seconds * 1000;

describe('an Event Hubs trigger', () => {
  test('hands over batches with the metadata of the real host, and remembers where it was', async () => {
    await startReader({}, { extensions: { eventHubs: { minEventBatchSize: 2, maxWaitTime: '00:00:30' } } });
    await send('one', 'two');
    await drained();
    const [batch] = batches();
    expect(batch?.texts).toEqual(['one', 'two']);
    const time = new Date(startOfTime).toISOString().replace('.000Z', '');
    expect(batch?.metadata).toEqual({
      partitionContext: expect.objectContaining({ eventHubName: 'devicedata', consumerGroup: '$Default' }),
      partitionKeyArray: ['device-1', 'device-1'],
      offsetArray: expect.any(Array),
      sequenceNumberArray: [0, 1],
      enqueuedTimeUtcArray: [time, time],
      // The library's own spelling of what a device called DeviceType.
      propertiesArray: [{ deviceType: 'monitor' }, { deviceType: 'monitor' }],
      systemPropertiesArray: [0, 1].map((sequenceNumber) =>
        expect.objectContaining({ sequenceNumber, partitionKey: 'device-1', enqueuedTimeUtc: time }),
      ),
    });
    await host.restart(['reader']);
    await host.runs('reader');
    await send('three', 'four');
    await drained();
    expect(batches().map((one) => one.texts)).toEqual([
      ['one', 'two'],
      ['three', 'four'],
    ]);
  });

  test('goes on after a batch that fails, with and without retries: the checkpoint is written all the same', async () => {
    const retry = { strategy: 'fixedDelay', delayInterval: 0, maxRetryCount: 2 };
    await startReader({ RETRY: JSON.stringify(retry) });
    await send('fail');
    await drained();
    expect(batches().map((one) => [one.retry?.retryCount, one.retry?.exception.message])).toEqual([
      [undefined, undefined],
      [1, 'This one fails.'],
      [2, 'This one fails.'],
    ]);
    expect(read()).toMatchObject({ invocations: 1, failures: 1, events: 1 });
    await host.site('reader', { HUB: 'devicedata', VERSION: 'without retries' });
    await host.runs('reader');
    await send('fail', 'after');
    await drained();
    expect(texts().filter((text) => text === 'fail')).toHaveLength(4);
    expect(texts().at(-1)).toBe('after');
    await host.restart(['reader']);
    await host.runs('reader');
    await drained();
    expect(texts()).toHaveLength(5);
  });

  test('holds its partition while a policy without end retries; the batch comes again to the next start', async () => {
    await startReader({ RETRY: JSON.stringify({ strategy: 'fixedDelay', delayInterval: 0, maxRetryCount: -1 }) });
    await send('fail', 'behind');
    await until('five attempts', () => batches().length >= 5);
    expect(host.apps.isDrained()).toBe(false);
    expect(read().invocations).toBe(0);
    await host.site('reader', { HUB: 'devicedata', VERSION: '2' });
    await host.runs('reader');
    await drained();
    const second = batches().filter(({ version }) => version === '2');
    expect(second.flatMap((batch) => batch.texts)).toEqual(['fail', 'behind']);
  });

  test('that waits for what it needs and says so is told of, until it gets on', async () => {
    await startReader();
    await send('hold');
    await until('it is told of', () => read().held === '503');
    await drained();
    await until('it gets on', () => read().held === undefined);
    expect(texts()).toEqual(['hold']);
  });

  test('whose process dies in the middle of a batch is started again, and gets the batch again', async () => {
    const id = await startReader();
    await send('before');
    await drained();
    await send('hang');
    await until('the batch is under way', () => texts().includes('hang'));
    await host.apps.killFunction(id, 'read');
    await drained();
    expect(texts()).toEqual(['before', 'hang', 'hang']);
    expect(read()).toMatchObject({ restarts: 1, state: 'running' });
  });

  test('waits for a hub that comes later, and says for what', async () => {
    const { hub } = host.grants('reader');
    hub();
    const id = await host.site('reader', { HUB: 'devicedata' });
    await host.apps.deploy(id, functionPackage(reader));
    await until('it waits for the hub', () => host.app('reader').functions[0]?.state === 'waiting');
    await host.hubs.hub('devicedata', 2);
    await until('it waits for the role', () => /may not .*receive/.test(read().reason ?? ''));
    host.grants('reader');
    await send('late');
    await drained();
    expect(texts()).toEqual(['late']);
  });

  test('sees that a role is gone: the hub, the host storage and Application Insights', async () => {
    await host.hubs.hub('devicedata', 2);
    const grants = host.grants('reader');
    const id = await host.site('reader', { HUB: 'devicedata' });
    await host.apps.deploy(id, functionPackage(reader));
    await send('one');
    await drained();
    await until('the trace arrives', () => host.insights.traces(componentId).length > 0);
    expect(host.insights.traces(componentId)[0]).toMatchObject({ severity: 1, role: 'reader', operation: 'read' });
    grants.telemetry();
    await send('two');
    await until('telemetry is refused', () => /403/.test(host.app('reader').telemetryRefused ?? ''));
    grants.storage();
    await send('three');
    await until('checkpoints are refused', () => /not authorized/.test(read().reason ?? ''));
    host.context.authority.grant(host.identity('reader'), 'Microsoft.Storage/*', accountId);
    await drained();
    grants.hub();
    await host.hubs.service.checkAccess();
    await until('the hub is refused', () => /may not .*receive/.test(read().reason ?? ''));
  });
});

const timers = (schedule: string) => `
  import { app } from '@azure/functions';
  app.timer('tick', {
    schedule: '${schedule}',
    handler: async (timer, context) => context.log('tick ' + JSON.stringify({ isPastDue: timer.isPastDue, next: timer.scheduleStatus?.next })),
  });
`;

describe('a timer', () => {
  const ticks = () => host.logged<{ isPastDue: boolean; next?: string }>('tick');
  const startTimer = async (schedule: string) => {
    host.grants('timer');
    const id = await host.site('timer');
    await host.apps.deploy(id, functionPackage(timers(schedule)));
    await host.runs('timer');
    await until('the timer is armed', () => host.function('timer', 'tick').state === 'running');
    return id;
  };

  test('runs at each of its times by the virtual clock; what is missed becomes one tick', async () => {
    const id = await startTimer('*/10 * * * * *');
    for (const ticked of [1, 2, 3]) {
      await context.clock.advanceTo(at(10 * ticked));
      await until(`tick ${ticked}`, () => host.function('timer', 'tick').invocations === ticked);
    }
    await host.apps.killFunction(id, 'tick');
    await context.clock.advanceTo(at(95));
    await until('the process is back, with one tick', () => host.function('timer', 'tick').invocations === 4);
    await context.clock.advanceTo(at(86_400));
    await until('a day in one leap is two ticks', () => host.function('timer', 'tick').invocations === 6);
    await context.clock.advanceTo(at(86_410));
    await until('the next tick', () => host.function('timer', 'tick').invocations === 7);
    expect(ticks()).toHaveLength(7);
  });

  test('that was due while the local cloud was down runs once when it is back, and knows that it is late', async () => {
    await startTimer('0 */5 * * * *');
    await context.clock.advanceTo(at(301));
    await until('the first tick', () => host.function('timer', 'tick').invocations === 1);
    expect(ticks()).toEqual([{ isPastDue: false }]);
    await host.apps.close();
    await context.clock.advanceTo(at(2000));
    await host.restart(['timer']);
    await until('the late tick', () => ticks().length === 2);
    expect(ticks()[1]).toEqual({ isPastDue: true, next: '2026-01-05T00:10:00.000+00:00' });
    await until('it is done', () => host.function('timer', 'tick').invocations === 1);
    await context.clock.advanceTo(at(2100));
    await until('the next tick', () => host.function('timer', 'tick').invocations === 2);
    expect(ticks()).toHaveLength(3);
  });
});

describe('an app', () => {
  const greeting = (version: string) => `
    import { app } from '@azure/functions';
    app.timer('greet', { schedule: '0 0 0 * * *', handler: async () => {} });
    app.timer('part', { schedule: '0 0 0 * * *', handler: async () => {} });
    console.warn('loaded ' + JSON.stringify({ version: '${version}', site: process.env.WEBSITE_SITE_NAME }));
  `;
  const startApp = async (name: string) => {
    host.grants(name);
    const id = await host.site(name);
    await host.apps.deploy(id, functionPackage(greeting('1')));
    await host.runs(name);
    return id;
  };

  test('restarts alone when its package or its settings change, and not when nothing does', async () => {
    await startApp('one');
    const two = await startApp('two');
    const before = host.app('one').starts;
    await host.site('two');
    expect(host.app('two').starts).toBe(before);
    await host.apps.deploy(two, functionPackage(greeting('2')));
    await host.runs('two');
    await host.site('two', { SETTING: 'new' });
    await host.runs('two');
    expect([host.app('one').starts, host.app('two').starts]).toEqual([before, before + 2]);
    const versions = host.logged<{ version: string; site: string }>('loaded');
    expect(versions.filter(({ site }) => site === 'two').at(-1)?.version).toBe('2');
  });

  test('has an environment of its own, and tokens of its identities alone', async () => {
    const other = host.identity('other').clientId;
    host.grants('asking');
    const id = await host.site('asking', { OWN: 'setting' });
    const source = `
      import { app } from '@azure/functions';
      app.timer('ask', { schedule: '*/10 * * * * *', handler: async (timer, context) => {
        const ask = async (clientId) => (await fetch(process.env.IDENTITY_ENDPOINT + '?api-version=2019-08-01&resource=https://storage.azure.com&client_id=' + clientId, { headers: { 'X-IDENTITY-HEADER': process.env.IDENTITY_HEADER } })).status;
        context.log('asked ' + JSON.stringify({ own: await ask(process.env.AzureWebJobsStorage__clientId), other: await ask('${other}'), names: Object.keys(process.env) }));
      } });
    `;
    await host.apps.deploy(id, functionPackage(source));
    await host.runs('asking');
    await context.clock.advanceTo(at(10));
    await until('it has asked', () => host.logged('asked').length > 0);
    const [asked] = host.logged<{ own: number; other: number; names: string[] }>('asked');
    expect(asked).toMatchObject({ own: 200, other: 400, names: expect.arrayContaining(['OWN', 'WEBSITE_SITE_NAME']) });
    expect(asked?.names).not.toEqual(expect.arrayContaining(['PATH']));
  });

  test.each([
    [
      'a trigger that is not offered',
      `app.storageQueue('f', { queueName: 'q', connection: 'C', handler: async () => {} });`,
      'queueTrigger',
    ],
    [
      'a schedule that is none',
      `app.timer('f', { schedule: '* * 25 * * *', handler: async () => {} });`,
      "'25' is no hour",
    ],
    ['code that throws', `throw new Error('Not today.');`, 'Not today.'],
    [
      'a setting that is missing',
      `app.eventHub('f', { connection: 'None', eventHubName: 'h', handler: async () => {} });`,
      "'None__fullyQualifiedNamespace' is missing",
    ],
  ])('with %s does not run, and says why', async (_, code, reason) => {
    host.grants('broken');
    const id = await host.site('broken');
    await host.apps.deploy(id, functionPackage(`import { app } from '@azure/functions';\n${code}`));
    await until('it has failed', () => host.app('broken').state === 'failed');
    expect(host.app('broken').reason).toContain(reason);
  });
});

describe('Azure Resource Manager, as a deployer calls it', () => {
  let arm: ResourceManager;

  beforeEach(async () => {
    const deployments = new SiteDeployments({
      resources: context.resources,
      log: context.log,
      authority: context.certificates.authority,
      deploy: (siteId, content) => host.apps.deploy(siteId, content),
    });
    arm = new ResourceManager(context, deployer, deployments);
    await arm.listen(0);
    opened.push(arm);
  });

  interface Told {
    readonly status: number;
    readonly message: string;
    readonly complete: boolean;
  }

  const asked = async (method: string, path: string, as = deployer, content?: object) => {
    const token = context.authority.token(as, 'https://management.azure.com/');
    const response = await fetch(`https://${arm.host}${path}?api-version=2024-11-01`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      body: content && JSON.stringify(content),
    });
    const body = (await response.json()) as { properties: Told };
    return { status: response.status, headers: response.headers, body };
  };

  /** Uploads as `packages/new.zip` and answers a URL that is signed for reading it. */
  const uploaded = async (site: string, content: Buffer, expiresOn = new Date(Date.now() + 60_000)) => {
    context.authority.grant(deployer, 'Microsoft.Storage/*', accountId);
    const service = new BlobServiceClient(host.blobEndpoint, context.authority.credential(deployer));
    const blob = service.getContainerClient(`deployments-${site}`).getBlockBlobClient('packages/new.zip');
    await blob.upload(content, content.length);
    const key = await service.getUserDelegationKey(new Date(Date.now() - 60_000), new Date(Date.now() + 600_000));
    const permissions = BlobSASPermissions.parse('r');
    const { containerName, name: blobName } = blob;
    const signed = generateBlobSASQueryParameters({ containerName, blobName, permissions, expiresOn }, key, 'sthost');
    return { url: `${blob.url}?${signed}`, service };
  };

  const deployed = async (siteId: string, packageUri: string) => {
    const put = await asked('PUT', `${siteId}/extensions/onedeploy`, deployer, { properties: { packageUri } });
    expect(put.status).toBe(202);
    let told = put.body.properties;
    await until('the deployment is complete', async () => {
      told = (await asked('GET', new URL(String(put.headers.get('location'))).pathname)).body.properties;
      return told.complete;
    });
    return told;
  };

  test('tells where the services of the cloud are, without a token', async () => {
    const metadata = async (version: string) =>
      (await fetch(`https://${arm.host}/metadata/endpoints?api-version=${version}`)).json();
    const told = { resourceManager: `https://${arm.host}`, authentication: { identityProvider: 'AAD' } };
    expect(await metadata('2022-09-01')).toMatchObject(told);
    expect(await metadata('2019-05-01')).toMatchObject([told]);
  });

  test('fetches a package by its signed URL, puts it where the app finds it, and restarts the app', async () => {
    await host.hubs.hub('devicedata', 2);
    host.grants('reader');
    const id = await host.site('reader', { HUB: 'devicedata' });
    expect(host.app('reader').state).toMatch(/starting|noPackage/);
    const { url } = await uploaded('reader', functionPackage(reader));
    expect(await deployed(id, url)).toMatchObject({ status: 4 });
    await host.runs('reader');
    // It lies in the app's storage: a host that starts anew finds it.
    await host.restart(['reader']);
    await host.runs('reader');
    await send('hello');
    await drained();
    expect(texts()).toEqual(['hello']);
  });

  test('refuses what is no package, who does not deploy, and signatures that do not hold', async () => {
    host.grants('reader');
    const id = await host.site('reader', { HUB: 'devicedata' });
    const noHostJson = Buffer.from(zipSync({ 'package.json': Buffer.from('{}') }));
    const { url, service } = await uploaded('reader', noHostJson);
    expect(await deployed(id, url)).toMatchObject({
      status: 3,
      message: expect.stringContaining('host.json is missing'),
    });
    const other = url.replace('packages/new.zip', 'released-package.zip');
    expect((await deployed(id, other)).message).toContain('it does not match');
    const { url: expired } = await uploaded('reader', noHostJson, new Date(Date.now() - 1000));
    expect((await deployed(id, expired)).message).toContain('not valid at this time');
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
    const stranger = context.authority.principal('stranger');
    expect((await asked('PUT', `${id}/extensions/onedeploy`, stranger, {})).status).toBe(403);
    const asStranger = new BlobServiceClient(service.url, context.authority.credential(stranger));
    await expect(asStranger.getUserDelegationKey(new Date(), new Date(Date.now() + 60_000))).rejects.toMatchObject({
      code: 'AuthorizationPermissionMismatch',
    });
  });
});

describe('what Azure refuses of a function app', () => {
  let plane: ControlPlane;
  let client: ArmClient;
  const existing = { resourceGroupName: 'rg-test', location: 'westeurope' };

  beforeEach(async () => {
    plane = new ControlPlane({ stateFolder: context.stateFolder('control-plane'), log: context.log });
    client = await ArmClient.connect(await plane.listen());
    await client.create('resources:ResourceGroup', existing);
  });

  afterEach(async () => {
    client.close();
    await plane.close();
  });

  const flex = { reserved: true, sku: { name: 'FC1', tier: 'FlexConsumption' } };
  const site = (serverFarmId: string, others: object = {}) => ({
    ...{ ...existing, name: 'func-one', kind: 'functionapp,linux', serverFarmId },
    functionAppConfig: {
      deployment: { storage: { type: 'blobContainer', value: 'https://st.blob.core.windows.net/deployments' } },
      runtime: { name: 'node', version: '22' },
      scaleAndConcurrency: { instanceMemoryMB: 2048, maximumInstanceCount: 100 },
    },
    ...others,
  });

  test('a plan that is not Linux, and another plan than Flex Consumption', async () => {
    const sku = { name: 'Y1', tier: 'Dynamic' };
    const plan = { ...existing, name: 'asp-one' };
    await expect(client.create('web:AppServicePlan', { ...plan, ...flex, reserved: false })).rejects.toThrow(
      'Linux only',
    );
    await expect(client.create('web:AppServicePlan', { ...plan, reserved: true, sku })).rejects.toThrow("sku is 'Y1'");
  });

  test('settings, sizes and names that Flex Consumption does not take, all at once; a second app in a plan', async () => {
    const plan = await client.create('web:AppServicePlan', { ...existing, ...flex, name: 'asp-one' });
    const wrong = site(plan, {
      clientCertEnabled: true,
      siteConfig: {
        linuxFxVersion: 'Node|22',
        appSettings: [{ name: 'FUNCTIONS_WORKER_RUNTIME', value: 'node' }],
      },
      functionAppConfig: {
        runtime: { name: 'node', version: '18' },
        scaleAndConcurrency: {
          instanceMemoryMB: 1024,
          maximumInstanceCount: 10,
          alwaysReady: [{ name: 'read', instanceCount: 1 }],
        },
      },
    });
    const said = await client.create('web:WebApp', wrong).then(String, String);
    for (const part of [
      "version is '18'; allowed are 20, 22, 24",
      "instanceMemoryMB is '1024'; allowed are 512, 2048, 4096",
      'maximumInstanceCount is 10; allowed are whole numbers from 40 to 1000',
      "name is 'read'; allowed: http, durable, blob, function:<name>",
      "the app setting 'FUNCTIONS_WORKER_RUNTIME' is not allowed",
      'linuxFxVersion is not allowed',
      "clientCertEnabled is 'true'; allowed are false",
      'storage is missing',
    ]) {
      expect(said).toContain(part);
    }
    await client.create('web:WebApp', site(plan));
    await expect(client.create('web:WebApp', site(plan, { name: 'func-two' }))).rejects.toThrow('holds one app');
  });
});
