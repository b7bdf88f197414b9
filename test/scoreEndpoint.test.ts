import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { buildSync } from 'esbuild';
import { issueAuthority, issueLeaf } from '../local/core/issuing';
import { IdentityEndpoint } from '../local/identity/identityEndpoint';
import type { EnrichedMessage } from '../runtime/contracts/enriched';
import { CircuitBreaker } from '../runtime/model/circuitBreaker';
import { answersOf, requestBody } from '../runtime/model/endpointFormat';
import { EndpointModel } from '../runtime/model/endpointModel';
import { endpointPost, type Post } from '../runtime/model/endpointTransport';
import { type EndpointAuth, type EndpointSettings, readModelSettings } from '../runtime/model/modelSettings';
import { onnxTolerance, wasmFile } from '../runtime/model/onnxModel';
import { featureNames } from '../runtime/scoring/features';
import { type TestContext, testContext } from './support/context';
import { trust } from './support/eventHubs';
import { onnxFile } from './support/onnxFile';
import { killAt, mark, meanwhileAt, minute, presence, reading, ScoreWorld } from './support/scoreWorld';

const silent = { info: () => {}, warn: () => {}, error: () => {} };
const entra: EndpointAuth = { kind: 'entra', audience: 'https://ml.azure.com', clientId: 'id' };
const given = { kind: 'endpoint', name: 'deterioration', version: '3', url: 'https://localhost/score', auth: entra };

function settingsWith(part: object): EndpointSettings {
  return readModelSettings(JSON.stringify({ ...given, ...part })) as EndpointSettings;
}

/** What the endpoint of these tests says of a window: a hundredth of its heart rate. */
function answer(body: string): unknown {
  const { windows } = JSON.parse(body) as { windows: Record<string, number | null>[] };
  return { predictions: windows.map((window) => ({ risk: (window['heartRate.median'] ?? 0) / 100 })) };
}

/** An endpoint in this process that can be down, with a clock for its breaker. */
class Endpoint {
  asked = 0;
  isDown = false;
  time = 0;
  readonly bodies: string[] = [];
  private readonly post: Post = async (body) => {
    this.asked += 1;
    this.bodies.push(body);
    if (this.isDown) throw Object.assign(new Error('down'), { statusCode: 503 });
    return answer(body);
  };

  model(part: object = {}): EndpointModel {
    return new EndpointModel(settingsWith(part), this.post, 1000, new CircuitBreaker(() => this.time));
  }
}

const rows: readonly EnrichedMessage[] = [
  ...[presence('a', 0), presence('b', 0), reading('a', minute, 'heartRate', 80), reading('b', minute, 'heartRate', 90)],
  ...[mark(7 * minute)],
];
const next = [reading('a', 6 * minute, 'heartRate', 81), mark(12 * minute)];

async function worldWith(endpoint: Endpoint, messages = rows): Promise<ScoreWorld> {
  const world = new ScoreWorld();
  world.model = endpoint.model();
  await world.process().handle(world.append(...messages));
  return world;
}

const predictions = (world: ScoreWorld) =>
  Object.fromEntries(
    Object.entries(world.last()).map(([name, { prediction, revision }]) => [
      name,
      [revision, prediction?.state, prediction?.values?.risk ?? null],
    ]),
  );

describe('a model behind an endpoint', () => {
  test('that answers in time is in the first revision, and nothing waits', async () => {
    const endpoint = new Endpoint();
    const world = await worldWith(endpoint);
    expect(predictions(world)).toEqual({ 'a 0': [1, 'done', 0.8], 'b 0': [1, 'done', 0.9] });
    expect(world.last()['a 0']?.prediction).toMatchObject({ model: 'deterioration', version: '3', kind: 'endpoint' });
    expect(world.blobs.names('pending/')).toEqual([]);
    expect(endpoint.asked).toBe(1);
  });

  test('is not told whose window it is asked about', async () => {
    const endpoint = new Endpoint();
    await worldWith(endpoint, [presence('patient-x', 0), mark(7 * minute)]);
    expect(endpoint.bodies.join('')).not.toContain('patient-x');
  });

  test('that is down holds no score back; each window waits until it has been scored, and is no correction then', async () => {
    const endpoint = new Endpoint();
    endpoint.isDown = true;
    const world = await worldWith(endpoint, [...rows, ...next]);
    expect(Object.values(world.last()).map(({ news2 }) => news2 !== null)).toEqual([true, true, true, true]);
    expect(predictions(world)['a 5']).toEqual([1, 'pending', null]);
    await world.process().pending();
    expect(world.lines.at(-1)).toBe('iomt.pending windows=2 oldestSeconds=1 answered=0');
    endpoint.isDown = false;
    endpoint.time += 600_000;
    await world.process().pending();
    expect(predictions(world)).toEqual({
      ...{ 'a 0': [2, 'done', 0.8], 'a 5': [2, 'done', 0.81], 'b 0': [2, 'done', 0.9], 'b 5': [2, 'done', 0] },
    });
    expect(Object.values(world.last()).every(({ corrected }) => !corrected)).toBe(true);
    expect(world.contradictions()).toEqual([]);
    expect(world.blobs.names('pending/')).toEqual([]);
  });

  test('is asked again after a process that died while it asked, at any request', async () => {
    for (let nth = 1; ; nth += 1) {
      const endpoint = new Endpoint();
      endpoint.isDown = true;
      const world = await worldWith(endpoint);
      endpoint.isDown = false;
      endpoint.time += 600_000;
      const { gate, killed } = killAt(nth);
      const outcome = await Promise.race([world.process(gate).pending(), killed]);
      await world.process().pending();
      expect(predictions(world)).toEqual({ 'a 0': [2, 'done', 0.8], 'b 0': [2, 'done', 0.9] });
      expect(world.contradictions()).toEqual([]);
      expect(world.blobs.names('pending/')).toEqual([]);
      if (outcome !== 'killed') break;
    }
  });

  test('forgets nothing where the process dies that could not ask it, or somebody asks meanwhile', async () => {
    const late = { ...reading('a', 2 * minute, 'heartRate', 100), late: true };
    const messages = [...rows, ...next, late];
    for (let nth = 1; ; nth += 1) {
      const endpoint = new Endpoint();
      endpoint.isDown = true;
      const world = new ScoreWorld();
      world.model = endpoint.model();
      const events = world.append(...messages);
      const dying = killAt(nth);
      const meanwhile = meanwhileAt(nth - 1, () => world.process().pending());
      const gate = async (request: string) => {
        await meanwhile.gate(request);
        await dying.gate(request);
      };
      const work = async () => {
        const process = world.process(gate);
        await process.handle(events);
        await process.repair();
      };
      const outcome = await Promise.race([work(), dying.killed]);
      await world.process().handle(events);
      await world.process().repair();
      endpoint.isDown = false;
      endpoint.time += 600_000;
      await world.process().pending();
      const found = Object.values(world.last()).map(({ prediction }) => prediction?.state);
      expect(found).toEqual(['done', 'done', 'done', 'done']);
      expect(world.contradictions()).toEqual([]);
      expect(world.blobs.names('pending/')).toEqual([]);
      if (outcome !== 'killed') break;
    }
  });

  test('says of a repaired window what it says of its new content, whenever the repair comes', async () => {
    const late = { ...reading('a', 2 * minute, 'heartRate', 100), late: true };
    for (let nth = 1; ; nth += 1) {
      const endpoint = new Endpoint();
      endpoint.isDown = true;
      const world = await worldWith(endpoint, [...rows, late]);
      endpoint.isDown = false;
      endpoint.time += 600_000;
      const { gate, reached } = meanwhileAt(nth, () => world.process().repair());
      await world.process(gate).pending();
      await world.process().repair();
      await world.process().pending();
      expect(world.last()['a 0']?.prediction).toMatchObject({ state: 'done', values: { risk: 0.9 } });
      expect(world.last()['a 0']?.corrected).toBe(true);
      expect(world.contradictions()).toEqual([]);
      expect(world.blobs.names('pending/')).toEqual([]);
      if (!reached()) break;
    }
  });

  test('is asked again about what a repair could not ask it', async () => {
    const endpoint = new Endpoint();
    const world = await worldWith(endpoint, [...rows, { ...reading('a', 2 * minute, 'heartRate', 100), late: true }]);
    endpoint.isDown = true;
    await world.process().repair();
    expect(predictions(world)['a 0']).toEqual([2, 'pending', null]);
    endpoint.isDown = false;
    await world.process().pending();
    expect(predictions(world)['a 0']).toEqual([3, 'done', 0.9]);
  });

  test('that keeps its answer makes nobody wait longer than its time', async () => {
    const post: Post = (_body, timeoutMs) =>
      new Promise((_, reject) =>
        setTimeout(() => reject(Object.assign(new Error(), { name: 'TimeoutError' })), timeoutMs),
      );
    const world = new ScoreWorld();
    world.model = new EndpointModel(settingsWith({}), post, 30);
    await world.process().handle(world.append(...rows));
    expect(predictions(world)['a 0']).toEqual([1, 'pending', null]);
  });

  test('is asked in batches, and what it says wrongly counts as nothing', async () => {
    const endpoint = new Endpoint();
    const windows = (await worldWith(endpoint)).windows;
    const batched = endpoint.model({ batchSize: 1 });
    const before = endpoint.asked;
    expect((await batched.ask(windows, silent)).map((values) => values?.risk)).toEqual([0.8, 0.9]);
    expect(endpoint.asked - before).toBe(2);
    for (const wrong of [null, {}, { predictions: [1] }, { predictions: [{}, {}] }, { predictions: ['a', 'b'] }]) {
      expect(() => answersOf('features', wrong, 2)).toThrow('The endpoint');
    }
  });

  test('of MLflow gets a data frame, and may answer with numbers', async () => {
    const { windows } = await worldWith(new Endpoint());
    const { input_data } = JSON.parse(requestBody('dataframe', windows));
    expect(input_data.columns).toEqual(featureNames);
    expect(input_data.data[1][featureNames.indexOf('heartRate.median')]).toBe(90);
    expect(input_data.data[1][featureNames.indexOf('temperature.median')]).toBeNull();
    expect(answersOf('dataframe', [0.1, { risk: 0.2 }], 2)).toEqual([{ score: 0.1 }, { risk: 0.2 }]);
  });
});

describe('the circuit breaker', () => {
  test('opens after three failures, lets one try when its time is over, and doubles that time with each failure', () => {
    let time = 0;
    const breaker = new CircuitBreaker(() => time);
    for (let failure = 0; failure < 3; failure += 1) {
      expect(breaker.mayTry()).toBe(true);
      breaker.failed();
    }
    expect([breaker.state, breaker.mayTry()]).toEqual(['open', false]);
    time += 5_000;
    expect([breaker.state, breaker.mayTry(), breaker.mayTry()]).toEqual(['halfOpen', true, false]);
    breaker.failed();
    time += 9_999;
    expect(breaker.mayTry()).toBe(false);
    time += 1;
    expect(breaker.mayTry()).toBe(true);
    breaker.succeeded();
    expect([breaker.state, breaker.mayTry(), breaker.mayTry()]).toEqual(['closed', true, true]);
  });

  test('keeps an endpoint that is down from being asked', async () => {
    const endpoint = new Endpoint();
    endpoint.isDown = true;
    const { windows } = await worldWith(new Endpoint());
    const model = endpoint.model({ batchSize: 1 });
    for (let turn = 0; turn < 10; turn += 1) await model.ask(windows, silent);
    expect(endpoint.asked).toBeLessThanOrEqual(4);
  });
});

describe('who asks', () => {
  let context: TestContext;
  let server: Server;
  let url = '';
  let requests: { headers: IncomingMessage['headers']; certificate: string | undefined }[] = [];
  let status = 200;
  const authority = issueAuthority('CN=clients', 30);

  beforeAll(async () => {
    context = await testContext();
    trust(context.certificates);
    const { cert } = await authority;
    server = createServer(
      { ...context.certificates.server, ca: cert, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const { subject } = (request.socket as TLSSocket).getPeerCertificate();
        requests.push({ headers: request.headers, certificate: subject?.CN as string | undefined });
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => response.writeHead(status).end(JSON.stringify(answer(String(Buffer.concat(chunks))))));
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://localhost:${(server.address() as AddressInfo).port}/score`;
  });

  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    context.close();
  });

  beforeEach(() => {
    requests = [];
    status = 200;
  });

  const body = JSON.stringify({ windows: [{ 'heartRate.median': 70 }] });
  const ask = (auth: EndpointAuth, environment: NodeJS.ProcessEnv = {}) =>
    endpointPost(settingsWith({ url, auth }), environment)(body, 10_000);

  test('shows a key in the header that was asked for', async () => {
    const environment = { MODEL_API_KEY: 'k3y' };
    expect(await ask({ kind: 'apiKey', setting: 'MODEL_API_KEY', header: 'x-api-key' }, environment)).toEqual({
      predictions: [{ risk: 0.7 }],
    });
    await ask({ kind: 'apiKey', setting: 'MODEL_API_KEY', header: 'Authorization' }, environment);
    expect(requests[0]?.headers['x-api-key']).toBe('k3y');
    expect(requests[1]?.headers.authorization).toBe('Bearer k3y');
  });

  test('names the deployment that it asks', async () => {
    const auth: EndpointAuth = { kind: 'apiKey', setting: 'KEY', header: 'x-api-key' };
    await endpointPost(settingsWith({ url, auth, deployment: 'blue' }), { KEY: 'k' })(body, 10_000);
    expect(requests[0]?.headers['azureml-model-deployment']).toBe('blue');
  });

  test('shows a certificate', async () => {
    const client = await issueLeaf(await authority, 'CN=hospital', 30, [x509.ExtendedKeyUsage.clientAuth]);
    await ask({ kind: 'mtls', certificateSetting: 'CERTIFICATE' }, { CERTIFICATE: `${client.cert}\n${client.key}` });
    expect(requests[0]?.certificate).toBe('hospital');
  });

  test('shows a token of its identity for the audience', async () => {
    const identity = context.authority.principal('id-score');
    const endpoint = new IdentityEndpoint({
      identity: (id) => context.authority.identity(id),
      token: async (principal, audience) => ({
        token: context.authority.token(principal, audience),
        expiresOn: Math.floor(Date.now() / 1000) + 3600,
      }),
    });
    process.env.IDENTITY_ENDPOINT = await endpoint.listen();
    process.env.IDENTITY_HEADER = endpoint.grantHeader([context.authority.identityId('id-score')]);
    try {
      await ask({ kind: 'entra', audience: 'https://ml.azure.com', clientId: identity.clientId });
    } finally {
      await endpoint.close();
      delete process.env.IDENTITY_ENDPOINT;
      delete process.env.IDENTITY_HEADER;
    }
    const token = String(requests[0]?.headers.authorization).replace('Bearer ', '');
    expect(await context.authority.authenticate(token, 'https://ml.azure.com')).toEqual(identity);
  });

  test('is told when it is refused, in words without what was sent or answered', async () => {
    status = 403;
    const refused = ask({ kind: 'apiKey', setting: 'KEY', header: 'x-api-key' }, { KEY: 'k' });
    await expect(refused).rejects.toMatchObject({ statusCode: 403, message: 'The endpoint refuses.' });
  });

  test('does not start without its secret', () => {
    for (const environment of [{}, { KEY: '@Microsoft.KeyVault(SecretUri=https://x)' }]) {
      expect(() => ask({ kind: 'apiKey', setting: 'KEY', header: 'x-api-key' }, environment)).toThrow(
        'The app setting KEY, which MODEL names, has no value.',
      );
    }
  });
});

describe('the setting MODEL', () => {
  test('may be empty, and has defaults', () => {
    expect(readModelSettings(' ')).toBeUndefined();
    expect(settingsWith({})).toMatchObject({
      timeoutSeconds: 30,
      answerSeconds: 1,
      batchSize: 100,
      format: 'features',
    });
  });

  test('is refused with all that is wrong with it', () => {
    expect(() => readModelSettings('[]')).toThrow('The app setting MODEL is not a JSON object.');
    expect(() => settingsWith({ url: 'http://x', auth: { kind: 'none' }, timeoutSeconds: 0, format: 'csv' })).toThrow(
      /url.*timeoutSeconds.*format.*auth\.kind.*an endpoint that anybody may call is not called/,
    );
  });
});

/** Asks about windows that come in and writes what the model says, as the app's bundle would. */
const program = `
import { readFileSync } from 'node:fs';
import { readModels } from '../runtime/model/model';
const log = { info() {}, warn() {}, error: console.error };
const { atClose } = readModels(process.argv[2], {}, __dirname);
atClose.ask(JSON.parse(readFileSync(0, 'utf8')), log).then((answers) => console.log(JSON.stringify(answers)));
`;

test('an ONNX file is run in the process, out of a bundle with the runtime beside it, within its tolerance', async () => {
  const { windows } = await worldWith(new Endpoint());
  const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
  try {
    const column = featureNames.indexOf('heartRate.median');
    writeFileSync(join(folder, 'risk.onnx'), onnxFile(featureNames.length, column, 0.01));
    copyFileSync(require.resolve(`onnxruntime-web/${wasmFile}`), join(folder, wasmFile));
    const { outputFiles } = buildSync({
      stdin: { contents: program, resolveDir: __dirname, loader: 'ts' },
      ...{ bundle: true, write: false, platform: 'node', format: 'cjs', mainFields: ['module', 'main'] },
      define: { 'import.meta.url': 'importMetaUrl' },
      banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    });
    writeFileSync(join(folder, 'main.js'), outputFiles[0]?.contents ?? '');
    const setting = JSON.stringify({ kind: 'onnx', file: 'risk.onnx', name: 'risk', version: '1' });
    const input = JSON.stringify(windows);
    const answered = execFileSync(process.execPath, [join(folder, 'main.js'), setting], { input, encoding: 'utf8' });
    const risks = (JSON.parse(answered) as { risk: number }[]).map(({ risk }) => risk);
    expect(risks).toHaveLength(2);
    for (const [index, expected] of [0.8, 0.9].entries()) {
      expect(Math.abs((risks[index] ?? 0) - expected)).toBeLessThan(onnxTolerance);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
