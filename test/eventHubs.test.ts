import { EventHubConsumerClient, EventHubProducerClient, earliestEventPosition } from '@azure/event-hubs';
import { type TestContext, testContext } from './support/context';
import { TestEventHubs, trust, until } from './support/eventHubs';

let context: TestContext;
let hubs: TestEventHubs;
const open: { close(): Promise<void> }[] = [];

const retryOptions = { maxRetries: 0, timeoutInMs: 10_000 };

beforeEach(async () => {
  context = await testContext();
  trust(context.certificates);
  hubs = await new TestEventHubs(context).start();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
  await hubs.service.close();
  context.close();
});

test('slice', async () => {
  await hubs.hub('devicedata', 2);
  const credential = context.authority.credential(hubs.owner());
  const producer = new EventHubProducerClient(hubs.host, 'devicedata', credential, { retryOptions });
  open.push(producer);
  console.log(await producer.getEventHubProperties(), await producer.getPartitionProperties('0'));
  const batch = await producer.createBatch({ partitionKey: 'a' });
  batch.tryAdd({ body: { hr: 60 }, properties: { n: 1 } });
  batch.tryAdd({ body: 'text' });
  await producer.sendBatch(batch);
  const consumer = new EventHubConsumerClient('$Default', hubs.host, 'devicedata', credential, { retryOptions });
  open.push(consumer);
  const got: unknown[] = [];
  const sub = consumer.subscribe(
    {
      processEvents: async (events) => {
        got.push(...events);
      },
      processError: async (e) => console.log(e),
    },
    { startPosition: earliestEventPosition, maxWaitTimeInSeconds: 1 },
  );
  await until('events', () => got.length === 2);
  console.log(got);
  await sub.close();
});
