import { get } from 'node:http';
import { LocalAuthority } from '../local/identity/authority';
import { SignInEndpoint } from '../local/identity/signInEndpoint';
import { type TestContext, tenantId, testContext } from './support/context';
import { letLongTimersGo, trust, until } from './support/eventHubs';
import { functionPackage, TestFunctionHost } from './support/functionHost';

let context: TestContext;
let host: TestFunctionHost;

beforeEach(async () => {
  letLongTimersGo();
  context = await testContext();
  trust(context.certificates);
  host = await new TestFunctionHost(context).start();
});

afterEach(async () => {
  await host.close();
  context.close();
  jest.restoreAllMocks();
});

/** Answers what it is asked; it fails, answers nothing or hangs where the caller says so. */
const echo = `
  import { app } from '@azure/functions';
  app.http('echo', {
    methods: ['POST', 'PUT'],
    authLevel: 'anonymous',
    route: 'wards/{ward}/beds',
    handler: async (request, context) => {
      const { method, url, params } = request;
      const body = Buffer.from(await request.arrayBuffer()).toString('base64');
      const wish = request.query.get('wish');
      if (wish === 'fail') throw new Error('Not this one.');
      if (wish === 'nothing') return undefined;
      if (wish === 'hang') {
        context.log('hangs {}');
        await new Promise((resolve) => setTimeout(resolve, 1e9));
      }
      const headers = Object.fromEntries(request.headers.entries());
      return { status: 201, headers: { 'x-said': 'yes' }, jsonBody: { method, url, params, headers, body } };
    },
  });
  app.http('night', { methods: ['POST'], route: 'wards/night/beds', handler: () => ({ body: process.env.WEBSITE_HOSTNAME }) });
  app.timer('part', { schedule: '0 0 0 * * *', handler: async () => {} });
`;

async function start(source = echo, settings: Record<string, string> = {}, hostJson: object = {}): Promise<string> {
  host.grants('called');
  const id = await host.site('called', settings);
  await host.apps.deploy(id, functionPackage(source, hostJson));
  await host.runs('called');
  return id;
}

const call = (path: string, init: RequestInit = {}) =>
  fetch(`${host.url('called')}${path}`, { method: 'POST', ...init });
const beds = (wish = '') => call(`/api/wards/icu/beds?wish=${wish}`);

describe('a call by HTTP', () => {
  test('reaches the function with all that it has, and its answer comes back', async () => {
    await start();
    const content = Buffer.from([0, 255, 10, 128]);
    const headers = { 'content-type': 'application/octet-stream', 'x-empty': '', 'x-ms-client-principal': 'me' };
    const answer = await call('/api/wards/Intensive%20care/beds?a=1&b=', { method: 'PUT', body: content, headers });
    expect([answer.status, answer.headers.get('x-said')]).toEqual([201, 'yes']);
    const said = (await answer.json()) as { headers: object };
    expect(said).toMatchObject({
      method: 'PUT',
      url: `${host.url('called')}/api/wards/Intensive%20care/beds?a=1&b=`,
      params: { ward: 'Intensive care' },
      headers: { 'content-type': 'application/octet-stream', 'x-empty': '', 'x-forwarded-proto': 'https' },
      body: content.toString('base64'),
    });
    // Only the platform may say who a caller is.
    expect(said.headers).not.toHaveProperty('x-ms-client-principal');
    expect(host.function('called', 'echo')).toMatchObject({ trigger: 'httpTrigger', invocations: 1, failures: 0 });
    expect(host.apps.isDrained()).toBe(true);
  });

  test('finds a function by method and path, literal segments first, and 404 where none is', async () => {
    await start();
    const night = await call('/API/Wards/night/beds');
    expect([night.status, await night.text()]).toEqual([200, new URL(host.url('called')).host]);
    for (const [method, path] of [
      ['GET', '/api/wards/icu/beds'],
      ['POST', '/wards/icu/beds'],
      ['POST', '/api/wards/icu'],
      ['GET', '/'],
    ] as const) {
      const answer = await call(path, { method });
      expect([path, answer.status, await answer.text()]).toEqual([path, 404, '']);
    }
  });

  test('whose function fails is told so and nothing of why; one that answers nothing is 204', async () => {
    await start();
    const failed = await beds('fail');
    expect([failed.status, await failed.text()]).toEqual([500, '']);
    expect((await beds('nothing')).status).toBe(204);
    expect((await beds()).status).toBe(201);
    expect(host.function('called', 'echo')).toMatchObject({ invocations: 3, failures: 1 });
  });

  test('that is under way when the process dies fails; later ones are answered by the next process', async () => {
    const id = await start();
    const lost = beds('hang');
    await until('it hangs', () => host.logged('hangs').length > 0);
    await host.apps.killFunction(id, 'echo');
    expect((await lost).status).toBe(500);
    await until('it answers again', async () => (await beds()).status === 201);
    expect(host.function('called', 'echo').restarts).toBe(1);
  });

  test('with more than the host takes is refused, whether or not it says so before', async () => {
    await start(echo, { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '10' });
    const streamed = new ReadableStream({
      pull(controller) {
        controller.enqueue(Buffer.alloc(11));
        controller.close();
      },
    });
    expect((await call('/api/wards/icu/beds', { body: Buffer.alloc(11) })).status).toBe(413);
    const unsaid = { body: streamed, duplex: 'half' } as RequestInit;
    expect((await call('/api/wards/icu/beds', unsaid)).status).toBe(413);
    expect((await call('/api/wards/icu/beds', { body: Buffer.alloc(10) })).status).toBe(201);
  });

  test("goes by the route prefix of host.json, and by the function's name where it has no route", async () => {
    await start(
      `import { app } from '@azure/functions'; app.http('greet', { handler: () => ({ body: 'hello' }) });`,
      {},
      { extensions: { http: { routePrefix: '' } } },
    );
    expect((await call('/greet', { method: 'GET' })).status).toBe(200);
    expect((await call('/api/greet')).status).toBe(404);
  });
});

describe('a site', () => {
  test('without a package is not running, one that is disabled is stopped, and one without such a function has nothing', async () => {
    host.grants('called');
    await host.site('called');
    expect((await beds()).status).toBe(503);
    await start(
      `import { app } from '@azure/functions'; app.timer('t', { schedule: '0 0 0 * * *', handler: async () => {} });`,
    );
    expect((await beds()).status).toBe(404);
    await host.site('called', {}, { enabled: false });
    await until('it is stopped', () => host.app('called').state === 'stopped');
    const stopped = await beds();
    expect([stopped.status, await stopped.text()]).toEqual([403, 'Error 403 - This web app is stopped.']);
  });

  test('speaks HTTPS alone, at the same address after a restart, which its code knows', async () => {
    await start();
    const url = host.url('called');
    const { port } = new URL(url);
    const inPlain = new Promise((resolve) => get({ host: '127.0.0.1', port }, resolve).once('error', resolve));
    expect(await inPlain).toHaveProperty('code', 'ECONNRESET');
    await host.restart(['called']);
    await host.runs('called');
    const night = await fetch(`${url}/api/wards/night/beds`, { method: 'POST' });
    expect(await night.text()).toBe(`localhost:${port}`);
  });

  test('that is gone is not called any more', async () => {
    const id = await start();
    const resource = context.resources.get(id);
    if (resource !== undefined) await host.apps.deprovision(resource);
    await expect(beds()).rejects.toThrow('fetch failed');
  });
});

test.each([
  ['a key', `app.http('f', { authLevel: 'function', handler: () => ({}) });`, "the authLevel 'function'"],
  ['a constraint', `app.http('f', { route: 'beds/{id:int}', handler: () => ({}) });`, "'{id:int}' in its route"],
  ['streams', `app.setup({ enableHttpStream: true }); app.http('f', { handler: () => ({}) });`, 'enableHttpStream'],
  [
    'another output',
    `app.http('f', { extraOutputs: [output.storageQueue({ queueName: 'q', connection: 'C' })], handler: () => ({}) });`,
    "a binding of type 'queue'",
  ],
])('an app with %s does not run, and says why', async (_, code, reason) => {
  host.grants('broken');
  const id = await host.site('broken');
  await host.apps.deploy(id, functionPackage(`import { app, output } from '@azure/functions';\n${code}`));
  await until('it has failed', () => host.app('broken').state === 'failed');
  expect(host.app('broken').reason).toContain(reason);
});

test("an app finds the tenant's keys at the sign-in host that tokens and settings name", async () => {
  const authority = await LocalAuthority.open({
    stateFolder: context.stateFolder('identity'),
    resources: context.resources,
  });
  const signIn = new SignInEndpoint(authority, context.certificates, await context.ports.get('sign-in'));
  await signIn.listen();
  try {
    host.signInUrl = signIn.url;
    await host.restart([]);
    await start(`
      import { app } from '@azure/functions';
      const ask = async (address) => (await fetch(address)).json();
      app.http('keys', { handler: async () => {
        const versions = ['', '/v2.0'].map((version) => 'https://login.microsoftonline.com/${tenantId}' + version);
        const told = await Promise.all(versions.map((version) => ask(version + '/.well-known/openid-configuration')));
        const keys = await Promise.all(told.map(async ({ jwks_uri }) => (await ask(jwks_uri)).keys));
        return { jsonBody: { issuers: told.map(({ issuer }) => issuer), keys } };
      } });
    `);
    expect(await (await call('/api/keys')).json()).toEqual({
      issuers: [`https://sts.windows.net/${tenantId}/`, `https://login.microsoftonline.com/${tenantId}/v2.0`],
      keys: [authority.keys, authority.keys],
    });
  } finally {
    await signIn.close();
  }
});
