import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as eventhub from '@pulumi/azure-native/eventhub';
import * as resources from '@pulumi/azure-native/resources';
import * as storage from '@pulumi/azure-native/storage';
import * as pulumi from '@pulumi/pulumi';
import { type ArmResource, AzureError, type Properties, type Service } from '../local/contracts';
import { ControlPlane } from '../local/controlPlane/controlPlane';
import { EngineStack } from './support/engineStack';

/** Notes what the control plane asks of it. */
class NotingService implements Service {
  readonly kinds = ['eventhub:Namespace', 'eventhub:EventHub'];
  readonly notes: string[] = [];
  refuse = false;

  constructor(private readonly port: number) {}

  async provision(resource: ArmResource, previous?: ArmResource): Promise<Properties> {
    if (this.refuse) throw new AzureError(400, 'RoutingEndpointNotAuthorized', 'The identity id-x needs the role Y.');
    const verb = previous === undefined ? 'create' : previous.inputs === resource.inputs ? 'restore' : 'update';
    this.notes.push(`${verb} ${resource.kind}`);
    return resource.kind === 'eventhub:Namespace' ? { serviceBusEndpoint: `https://localhost:${this.port}/` } : {};
  }

  async deprovision(resource: ArmResource): Promise<void> {
    this.notes.push(`delete ${resource.kind}`);
  }

  async close(): Promise<void> {}
}

let folder: string;
let plane: ControlPlane;
let service: NotingService;
let stack: EngineStack;
let port: number;

async function start(servicePort: number): Promise<number> {
  plane = new ControlPlane({ stateFolder: join(folder, 'state'), log: { info() {}, warn() {} } });
  service = new NotingService(servicePort);
  plane.register([service]);
  await plane.restore();
  return plane.listen();
}

const program = (capacity: number) => async () => {
  const rg = new resources.ResourceGroup('rg', { resourceGroupName: 'rg-one', location: 'westeurope' });
  const inGroup = { resourceGroupName: rg.name };
  const sku = { name: 'Standard', tier: 'Standard', capacity };
  const tags = { owner: pulumi.secret('dr-who') };
  const ns = new eventhub.Namespace('ns', { ...inGroup, namespaceName: 'evhns-one', sku, tags });
  const hub = new eventhub.EventHub('hub', { ...inGroup, namespaceName: ns.name, partitionCount: 2 });
  return { endpoint: ns.serviceBusEndpoint, hubName: hub.name, tags: ns.tags };
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'services-'));
  port = await start(1);
  stack = await EngineStack.open(mkdtempSync(join(tmpdir(), 'stack-')), port);
});

afterAll(async () => {
  stack.close();
  await plane.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a service is asked on create and update, never in a preview, and its answer reaches the program', async () => {
  await stack.preview(program(1));
  expect(service.notes).toEqual([]);
  const { outputs } = await stack.up(program(1));
  expect(outputs.endpoint?.value).toBe('https://localhost:1/');
  expect(outputs.hubName?.value).toMatch(/^hub[0-9a-f]{8}$/);
  await stack.preview(program(2));
  await stack.up(program(2));
  expect(service.notes).toEqual(['create eventhub:Namespace', 'create eventhub:EventHub', 'update eventhub:Namespace']);
});

test('a secret input stays secret in the outputs', async () => {
  const { outputs } = await stack.up(program(2));
  expect(outputs.tags).toEqual({ value: { owner: 'dr-who' }, secret: true });
});

test('what a service refuses reaches the user, and nothing is kept of it', async () => {
  service.refuse = true;
  const said = await stack.refusal(program(3), 'up');
  service.refuse = false;
  expect(said).toContain('RoutingEndpointNotAuthorized (400): The identity id-x needs the role Y.');
  const kept = plane.resources.list('eventhub:Namespace')[0];
  expect(kept?.inputs.sku).toMatchObject({ capacity: 2 });
});

test('after a restart all comes alive again in its order, with new outputs, and nothing is to be done', async () => {
  const before = plane.resources.below('/subscriptions').map((r) => r.id);
  // Not closed in an orderly way: the state must be whole after every single change.
  const state = readFileSync(join(folder, 'state', 'resources.json'), 'utf8');
  expect((JSON.parse(state) as { resources: unknown[] }).resources).toHaveLength(before.length);
  await plane.close();
  port = await start(2);
  expect(plane.resources.below('/subscriptions').map((r) => r.id)).toEqual(before);
  expect(service.notes).toEqual(['restore eventhub:Namespace', 'restore eventhub:EventHub']);
  stack.attach(port);
  expect(await stack.preview(program(2))).toEqual([]);
  await stack.refresh();
  expect((await stack.up(program(2))).outputs.endpoint?.value).toBe('https://localhost:2/');
});

test('an out-of-date stack learns by refresh that a resource is gone', async () => {
  const other = await EngineStack.open(mkdtempSync(join(tmpdir(), 'stack-')), port, 'other');
  try {
    const extra = async () =>
      void new storage.StorageAccount('st', {
        ...{ resourceGroupName: 'rg-one', accountName: 'stextra', kind: 'StorageV2', sku: { name: 'Standard_LRS' } },
      });
    await other.up(extra);
    await stack.destroy();
    expect(service.notes.slice(-2)).toEqual(['delete eventhub:EventHub', 'delete eventhub:Namespace']);
    expect(plane.resources.below('/subscriptions')).toEqual([]);
    expect(await other.refresh()).toEqual({ delete: 1, same: 1 });
  } finally {
    other.close();
  }
});
