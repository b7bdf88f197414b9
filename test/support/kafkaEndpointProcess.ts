/**
 * Event Hubs with a Kafka endpoint in a process of its own, for tests that kill it. Usage: <state folder>; mirrors `enriched`
 * (two partitions), receives `scored` (one), prints one JSON line with where both listen, and then sends numbered events to
 * `enriched` without end, printing how many are taken.
 */
import { KafkaEndpoint } from '../../local/kafka/kafkaEndpoint';
import { testContext } from './context';
import { TestEventHubs } from './eventHubs';

async function main(): Promise<void> {
  const context = await testContext(process.argv[2]);
  const hubs = await new TestEventHubs(context).start();
  const enriched = await hubs.hub('enriched', 2);
  const scored = await hubs.hub('scored', 1);
  const endpoint = new KafkaEndpoint('evhns-test', context, (id) => hubs.service.find(id));
  const owner = hubs.owner();
  const partitions = hubs.service.find(enriched)?.partitions ?? [];
  let taken = partitions.reduce((sum, { nextSequence }) => sum + nextSequence, 0);
  console.log(JSON.stringify({ address: await endpoint.serve({ mirrored: [enriched], received: [scored] }) }));
  for (;;) {
    const events = Array.from({ length: 50 }, (_, i) => ({
      partitionKey: `patient-${(taken + i) % 7}`,
      event: { body: Buffer.from(String(taken + i)) },
    }));
    await hubs.service.send(owner, enriched, events);
    taken += events.length;
    console.log(JSON.stringify({ taken }));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

void main();
