import { join } from 'node:path';
import {
  AzureError,
  type BlobWriter,
  type EventHubEvent,
  type EventHubSender,
  type Principal,
} from '../../local/contracts';
import { DeviceAuthority } from '../../local/devices/deviceAuthority';
import { IotHubs } from '../../local/iotHub/iotHubs';
import { resourceGroupId, type TestContext } from './context';

export const hubId = `${resourceGroupId}/providers/Microsoft.Devices/IotHubs/iot-ward`;
export const namespaceId = `${resourceGroupId}/providers/Microsoft.EventHub/namespaces/evhns-ward`;
export const eventHubId = `${namespaceId}/eventhubs/devicedata`;
export const accountId = `${resourceGroupId}/providers/Microsoft.Storage/storageAccounts/straw`;
export const containerId = `${accountId}/blobServices/default/containers/raw`;
export const sendAction = 'Microsoft.EventHub/namespaces/messages/send/action';
export const blobWriteAction = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write';

export interface TakenEvent {
  readonly partitionKey: string;
  readonly event: EventHubEvent;
}

/** An event hub that keeps what it takes, once for each sequence of a producer, and may be told to refuse. */
export class KeptEvents implements EventHubSender {
  readonly taken: TakenEvent[] = [];
  refusal: AzureError | undefined;
  private readonly last = new Map<string, number>();

  constructor(private readonly context: Pick<TestContext, 'authority'>) {}

  async send(caller: Principal, id: string, events: Parameters<EventHubSender['send']>[2]): Promise<void> {
    this.context.authority.require(caller, sendAction, id);
    if (this.refusal !== undefined) throw this.refusal;
    for (const { partitionKey, event, from } of events) {
      if (from !== undefined && from.sequence <= (this.last.get(from.producer) ?? -1)) continue;
      if (from !== undefined) this.last.set(from.producer, from.sequence);
      // What is kept must not be a view of a buffer that the sender uses again.
      this.taken.push({ partitionKey, event: { ...event, body: Buffer.from(event.body) } });
    }
  }

  bodies(): string[] {
    return this.taken.map(({ event }) => event.body.toString());
  }
}

/** A container that keeps what it is given, and may be told to lose its answers. */
export class KeptBlobs implements BlobWriter {
  readonly blobs = new Map<string, string>();
  answers = true;

  constructor(private readonly context: Pick<TestContext, 'authority'>) {}

  async write(caller: Principal, id: string, blobName: string, content: Buffer): Promise<void> {
    this.context.authority.require(caller, blobWriteAction, id);
    const old = this.blobs.get(blobName);
    if (old !== undefined && old !== content.toString()) {
      throw new AzureError(409, 'BlobAlreadyExists', `${blobName} exists with other content.`);
    }
    this.blobs.set(blobName, content.toString());
    if (!this.answers) throw new Error('The connection broke.');
  }

  lines(): Record<string, unknown>[] {
    return [...this.blobs.values()].flatMap((content) =>
      content
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    );
  }
}

export interface TestHub {
  readonly hubs: IotHubs;
  readonly eventHub: KeptEvents;
  readonly blobs: KeptBlobs;
  readonly devices: DeviceAuthority;
  readonly port: number;
  /** Takes the router's role away; returns what gives it back. */
  revoke(role: 'send' | 'write'): () => void;
}

export interface HubDeclaration {
  readonly routing?: Record<string, unknown>;
  readonly properties?: Record<string, unknown>;
}

/** Properties of a hub with an event hub endpoint `devicedata` and a storage endpoint `raw`, both with everything routed. */
export function hubInputs(context: TestContext, declaration: HubDeclaration = {}): Record<string, unknown> {
  const identity = context.authority.identityId('router');
  const endpoint = { authenticationType: 'identityBased', identity: { userAssignedIdentity: identity } };
  const all = { source: 'DeviceMessages', condition: 'true', isEnabled: true };
  return {
    sku: { name: 'S1', capacity: 1 },
    identity: { type: 'UserAssigned', userAssignedIdentities: [identity] },
    properties: {
      disableDeviceSAS: true,
      eventHubEndpoints: { events: { partitionCount: 2, retentionTimeInDays: 1 } },
      routing: {
        endpoints: {
          eventHubs: [
            { ...endpoint, name: 'devicedata', endpointUri: 'sb://localhost:9999', entityPath: 'devicedata' },
          ],
          storageContainers: [
            {
              ...endpoint,
              name: 'raw',
              endpointUri: 'https://localhost:9998/straw/',
              containerName: 'raw',
              encoding: 'JSON',
              batchFrequencyInSeconds: 60,
              fileNameFormat: '{iothub}/{partition}/{YYYY}/{MM}/{DD}/{HH}/{mm}.json',
            },
          ],
        },
        routes: [
          { ...all, name: 'to-devicedata', endpointNames: ['devicedata'] },
          { ...all, name: 'to-raw', endpointNames: ['raw'] },
        ],
        fallbackRoute: { name: '$fallback', source: 'DeviceMessages', isEnabled: true, endpointNames: ['events'] },
        ...declaration.routing,
      },
      ...declaration.properties,
    },
  };
}

/** Declares what the hub's endpoints lead to, and lets the hub's identity `router` send and write there. */
export function declareTargets(context: TestContext): Pick<TestHub, 'revoke'> {
  const { resources, authority } = context;
  resources.put('eventhub:Namespace', namespaceId, {}, { serviceBusEndpoint: 'https://localhost:9999/' });
  resources.put('eventhub:EventHub', eventHubId, {});
  resources.put(
    'storage:StorageAccount',
    accountId,
    {},
    { primaryEndpoints: { blob: 'https://localhost:9998/straw/' } },
  );
  resources.put('storage:BlobContainer', containerId, {});
  const router = authority.principal('router');
  const grants = {
    send: () => authority.grant(router, sendAction, eventHubId),
    write: () => authority.grant(router, blobWriteAction, containerId),
  };
  const takeBack = { send: grants.send(), write: grants.write() };
  return {
    revoke: (role) => {
      takeBack[role]();
      return () => {
        takeBack[role] = grants[role]();
      };
    },
  };
}

/** A hub with its targets, and an authority of devices that it trusts. */
export async function testHub(context: TestContext, declaration: HubDeclaration = {}): Promise<TestHub> {
  const targets = declareTargets(context);
  const eventHub = new KeptEvents(context);
  const blobs = new KeptBlobs(context);
  const hubs = new IotHubs(context, { eventHubs: eventHub, blobs });
  const devices = await DeviceAuthority.open(join(context.folder, 'device-authority'));
  await hubs.provision(context.resources.put('iothub:IotHubResource', hubId, hubInputs(context, declaration)));
  await hubs.provision(
    context.resources.put('iothub:Certificate', `${hubId}/certificates/devices`, {
      properties: { certificate: Buffer.from(devices.certificate).toString('base64'), isVerified: true },
    }),
  );
  const port = await context.ports.get('iothub-iot-ward');
  return { hubs, eventHub, blobs, devices, port, ...targets };
}

/** Polls until the condition holds. @throws after 20 s, with what was waited for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited 20 s in vain: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
