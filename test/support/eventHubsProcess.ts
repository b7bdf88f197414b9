/**
 * Event Hubs in a process of its own, for tests that kill it. Usage: <state folder>; prints one JSON line with where it
 * listens and a token that may do all, and runs until it is killed.
 */
import { testContext } from './context';
import { TestEventHubs } from './eventHubs';

async function main(): Promise<void> {
  const context = await testContext(process.argv[2]);
  const hubs = await new TestEventHubs(context).start();
  await hubs.hub('devicedata');
  const token = context.authority.token(hubs.owner(), 'https://eventhubs.azure.net');
  console.log(JSON.stringify({ host: hubs.host, authority: context.certificates.authority, token }));
}

void main();
