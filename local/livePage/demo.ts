import {
  dashboardSnapshot,
  everyStepAlive,
  finishedSnapshot,
  goodVerdict,
  runningSnapshot,
  startingSnapshot,
} from './demoSnapshot';
import { startLivePage } from './server';
import type { Snapshot } from './snapshot';

/**
 * Runs the live page on made-up data: `npx tsx local/livePage/demo.ts [SCENE] [PORT]`.
 * Scenes: starting, running (default), ward (60 devices), held, finished, losses, all (every step
 * alive), dashboard, behind (FHIR is behind).
 */
const startedAt = Date.now();
const minutes = () => 90 + Math.floor((Date.now() - startedAt) / 1000);

const scenes: Readonly<Record<string, () => Snapshot>> = {
  starting: startingSnapshot,
  running: () => runningSnapshot(minutes()),
  ward: () => runningSnapshot(minutes(), 60),
  held: () => withHeldEndpoint(runningSnapshot(minutes())),
  finished: () => finishedSnapshot(),
  losses: () => finishedSnapshot({ ...goodVerdict, devicedata: 19_197, raw: 19_198, lost: 3, duplicated: 1 }),
  dashboard: () => everyStepAlive(dashboardSnapshot(minutes())),
  behind: () => dashboardSnapshot(minutes(), 10),
  all: () => everyStepAlive(runningSnapshot(minutes())),
};

function withHeldEndpoint(snapshot: Snapshot): Snapshot {
  const reason = 'identity id-iot-raw-demo lacks Storage Blob Data Contributor on container raw';
  return {
    ...snapshot,
    steps: snapshot.steps.map((step) => (step.id === '3' ? { ...step, state: 'held', reason } : step)),
    endpoints: snapshot.endpoints.map((endpoint) =>
      endpoint.name === 'raw' ? { ...endpoint, state: 'held', waiting: 412, reason } : endpoint,
    ),
  };
}

async function main([name = 'running', port = '0']: readonly string[]): Promise<void> {
  const snapshot = scenes[name];
  if (!snapshot) throw new Error(`There is no scene "${name}"; allowed are ${Object.keys(scenes).join(', ')}.`);
  const log = { info: console.log, warn: console.warn };
  const page = await startLivePage({ port: Number(port), snapshot, log });
  console.log(`${name}: ${page.url}`);
  process.once('SIGINT', () => page.close());
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
