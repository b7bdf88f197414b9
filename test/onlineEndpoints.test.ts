import { request } from 'node:https';
import { json } from 'node:stream/consumers';
import type { Properties } from '../local/contracts';
import { OnlineEndpoints } from '../local/machineLearning/onlineEndpoints';
import { resourceGroupId, type TestContext, testContext } from './support/context';

const kind = 'machinelearningservices:OnlineEndpoint';
const endpointId = `${resourceGroupId}/providers/Microsoft.MachineLearningServices/workspaces/mlw/onlineEndpoints/risk`;
const scoreAction = 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action';

let context: TestContext;
let endpoints: OnlineEndpoints;
let scoringUri: string;

beforeEach(async () => {
  context = await testContext();
  endpoints = new OnlineEndpoints(context);
  const timeout = { requestSettings: { requestTimeout: 'PT0.2S' } };
  context.resources.put('machinelearningservices:OnlineDeployment', `${endpointId}/deployments/blue`, {});
  context.resources.put('machinelearningservices:OnlineDeployment', `${endpointId}/deployments/green`, {
    properties: timeout,
  });
  scoringUri = await declare({ authMode: 'AADToken', traffic: { blue: 100 } });
});

afterEach(async () => {
  await endpoints.close();
  context.close();
});

async function declare(properties: Properties, id = endpointId): Promise<string> {
  const resource = context.resources.put(kind, id, { properties });
  const answered = (await endpoints.provision(resource)) as { properties: { scoringUri: string } };
  return answered.properties.scoringUri;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** As a client that trusts the local authority. */
function ask(headers: Record<string, string>, body: unknown = {}, uri = scoringUri): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(uri, { method: 'POST', headers, ca: context.certificates.authority }, async (response) => {
      resolve({ status: response.statusCode, headers: response.headers, body: await json(response) });
    });
    asked.once('error', reject).end(JSON.stringify(body));
  });
}

function scorer(audience = 'https://ml.azure.com'): Record<string, string> {
  const principal = context.authority.principal('id-score');
  return { authorization: `Bearer ${context.authority.token(principal, audience)}` };
}

const mayScore = () => context.authority.grant(context.authority.principal('id-score'), scoreAction, endpointId);

test('who has a token for Azure Machine Learning and a role that may score is answered by the model', async () => {
  endpoints.setModel(endpointId.toUpperCase(), (asked) => ({ predictions: [asked] }));
  expect(await ask({})).toMatchObject({ status: 401 });
  expect(await ask(scorer())).toMatchObject({
    status: 401,
    body: { error: { message: expect.stringContaining('score/action') } },
  });
  const takeBack = mayScore();
  expect(await ask(scorer('https://management.azure.com'))).toMatchObject({ status: 401 });
  expect(await ask(scorer(), { windows: [1] })).toMatchObject({
    ...{ status: 200, body: { predictions: [{ windows: [1] }] } },
    headers: { 'azureml-model-deployment': 'blue' },
  });
  takeBack();
  expect(await ask(scorer())).toMatchObject({ status: 401 });
});

test('without a handler it says that no model answers, and makes up nothing', async () => {
  mayScore();
  const { status, body } = await ask(scorer());
  expect([status, JSON.stringify(body)]).toEqual([503, expect.stringContaining('the local cloud runs no containers')]);
});

test('a deployment gets requests by its share of traffic, or by name', async () => {
  mayScore();
  endpoints.setModel(endpointId, () => 1);
  const named = (name: string) => ask({ ...scorer(), 'azureml-model-deployment': name });
  expect((await named('green')).headers['azureml-model-deployment']).toBe('green');
  expect(await named('none')).toMatchObject({ status: 404 });
  await declare({ authMode: 'AADToken', traffic: {} });
  expect(await ask(scorer())).toMatchObject({
    status: 404,
    body: { error: { message: expect.stringContaining('traffic') } },
  });
  expect(await named('blue')).toMatchObject({ status: 200 });
});

test('a model that fails is 424 with its reason, one that is too slow 408, an endpoint that is down 503 or not reached', async () => {
  mayScore();
  endpoints.setModel(endpointId, () => {
    throw new Error('no such feature');
  });
  expect(await ask(scorer())).toMatchObject({
    ...{ status: 424, headers: { 'ms-azureml-model-error-statuscode': '500' } },
    body: { error: { message: expect.stringContaining('no such feature') } },
  });
  endpoints.setModel(endpointId, () => 1);
  endpoints.setFaults(endpointId, { slowMs: 60_000 });
  expect(await ask({ ...scorer(), 'azureml-model-deployment': 'green' })).toMatchObject({ status: 408 });
  endpoints.setFaults(endpointId, { down: 'unavailable' });
  expect(await ask(scorer())).toMatchObject({ status: 503 });
  endpoints.setFaults(endpointId, { down: 'unreachable' });
  await expect(ask(scorer())).rejects.toThrow(/hang up|ECONNRESET/);
  endpoints.setFaults(endpointId, {});
  expect(await ask(scorer())).toMatchObject({ status: 200 });
});

test('a Kubernetes endpoint has a path of its own and takes its key, the same after a restart', async () => {
  const id = endpointId.replace('risk', 'on-aks');
  const properties = { authMode: 'Key', compute: 'aks', traffic: { blue: 100 } };
  context.resources.put('machinelearningservices:OnlineDeployment', `${id}/deployments/blue`, {});
  const uri = await declare(properties, id);
  expect(new URL(uri).pathname).toBe('/api/v1/endpoint/on-aks/score');
  endpoints.setModel(id, () => 1);
  const key = endpoints.key(id);
  expect(await ask({ authorization: `Bearer ${key}` }, {}, uri)).toMatchObject({ status: 200 });
  expect(await ask({ authorization: `Bearer ${key.slice(1)}` }, {}, uri)).toMatchObject({ status: 401 });
  await endpoints.close();
  endpoints = new OnlineEndpoints(context);
  expect(await declare(properties, id)).toBe(uri);
  expect(endpoints.key(id)).toBe(key);
});
