/**
 * An IoT hub in a process of its own, to be killed: `node --import tsx iotHubProcess.ts FOLDER`. What its event hub and
 * container take lies in files, as theirs would. Its clock runs a minute in each 20 ms, so that batches end all the time.
 * It prints `ready PORT`, and answers the line `accepted` with how often it has accepted each message id, as JSON.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AzureError, type BlobWriter, type EventHubSender } from '../../local/contracts';
import { DeviceAuthority } from '../../local/devices/deviceAuthority';
import { IotHubs } from '../../local/iotHub/iotHubs';
import { testContext } from './context';
import { declareTargets, hubId, hubInputs } from './iotHub';

/** Takes each sequence of a producer once, over restarts too. */
function eventsInto(file: string): EventHubSender {
  const last = new Map<string, number>();
  const known = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  for (const line of known) {
    const { producer, sequence } = JSON.parse(line) as { producer: string; sequence: number };
    last.set(producer, sequence);
  }
  return {
    send: async (_caller, _id, events) => {
      let lines = '';
      for (const { event, from } of events) {
        const { producer, sequence } = from ?? { producer: '', sequence: 0 };
        if (sequence <= (last.get(producer) ?? -1)) continue;
        last.set(producer, sequence);
        lines += `${JSON.stringify({ producer, sequence, messageId: event.messageId })}\n`;
      }
      appendFileSync(file, lines);
    },
  };
}

function blobsInto(folder: string): BlobWriter {
  mkdirSync(folder, { recursive: true });
  return {
    write: async (_caller, _id, blobName, content) => {
      const file = join(folder, encodeURIComponent(blobName));
      if (existsSync(file) && !readFileSync(file).equals(content)) {
        throw new AzureError(409, 'BlobAlreadyExists', `${blobName} exists with other content.`);
      }
      writeFileSync(file, content);
    },
  };
}

async function main(folder: string): Promise<void> {
  const context = await testContext(folder);
  declareTargets(context);
  const targets = { eventHubs: eventsInto(join(folder, 'taken.jsonl')), blobs: blobsInto(join(folder, 'blobs')) };
  const hubs = new IotHubs(context, targets);
  const devices = await DeviceAuthority.open(join(folder, 'device-authority'));
  const hub = context.resources.put('iothub:IotHubResource', hubId, hubInputs(context));
  await hubs.provision(hub, hub);
  await hubs.provision(
    context.resources.put('iothub:Certificate', `${hubId}/certificates/devices`, {
      properties: { certificate: devices.certificate, isVerified: true },
    }),
  );
  const owner = context.authority.principal('owner');
  context.authority.grant(owner, 'Microsoft.Devices/IotHubs/*', hubId);
  for (const deviceId of ['bed-01', 'bed-02', 'bed-03']) {
    await hubs.registry(hubId).createOrGet(owner, deviceId, { authentication: { type: 'certificateAuthority' } });
  }
  setInterval(() => void context.clock.advanceTo(context.clock.now() + 60_000), 20);
  createInterface(process.stdin).on('line', (line) => {
    if (line === 'accepted') console.log(JSON.stringify(Object.fromEntries(hubs.acceptedCounts(hubId))));
  });
  console.log(`ready ${await context.ports.get('iothub-iot-ward')}`);
}

void main(process.argv[2] as string);
