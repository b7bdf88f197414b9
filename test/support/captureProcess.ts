import { once } from 'node:events';
import { setDefaultCACertificates } from 'node:tls';
import { CapturingHubs } from './capture';
import { testContext } from './context';

/**
 * Event Hubs with Capture in a process of its own, for a test that kills it. Sends numbered events into the state folder given
 * as argument, while files are closed after a few of them, and prints how many have been taken.
 */
async function main(folder: string): Promise<void> {
  const context = await testContext(folder);
  setDefaultCACertificates([context.certificates.authority]);
  const capturing = await new CapturingHubs(context).start();
  const id = await capturing.hub('enriched', { intervalInSeconds: 60 });
  let next = (capturing.stats('enriched').lastSequences[0] ?? -1) + 1;
  for (;;) {
    await capturing.send(id, 'a', [String(next), String(next + 1), String(next + 2)]);
    next += 3;
    if (!process.stdout.write(`${next}\n`)) await once(process.stdout, 'drain');
    await context.clock.advanceTo(context.clock.now() + 25_000);
  }
}

void main(process.argv[2] ?? '');
