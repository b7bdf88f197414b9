import { readFileSync } from 'node:fs';
import { ControlClient } from '../control/client';
import { lockFile } from '../core/lock';
import { type ConnectedDevice, connectDevice } from '../devices/connectedDevice';
import { DeviceAuthority } from '../devices/deviceAuthority';
import type { ReplayConfig } from './config';
import { RecordingError, readRecording } from './csv';
import { ReplayJournal } from './journal';
import { telemetryMessages } from './message';
import { ProgressLine } from './progressLine';
import { type ReplayProgress, replay } from './replay';
import { journalFile } from './run';

/** Exit codes of the replay process. */
const exitCodes = { allAcknowledged: 0, failed: 1, badRecording: 2, interrupted: 130 } as const;

const connectedAtOnce = 16;
const reportMs = 500;
const graceMs = 3000;

/**
 * The process of the devices, apart from the cloud that they send to: `tsx local/replay/main.ts CONFIG.json`.
 * SIGINT, SIGTERM or the end of the process that started it ends it cleanly; a second SIGINT ends it at once.
 */
async function main(configFile: string): Promise<number> {
  const config = JSON.parse(readFileSync(configFile, 'utf8')) as ReplayConfig;
  const recording = await readRecording(config.files);
  const unlock = lockFile(`${journalFile({ folder: config.runFolder })}.lock`, config.runFolder);
  const stop = abortOnEnd();
  const journal = new ReplayJournal(journalFile({ folder: config.runFolder }));
  const devices = new Map<string, ConnectedDevice>();
  try {
    await connectAll(config, recording.deviceIds, devices, stop.signal);
    return (await send(config, recording.rows, devices, journal, stop.signal))
      ? exitCodes.allAcknowledged
      : exitCodes.interrupted;
  } finally {
    await Promise.all([...devices.values()].map((device) => device.close()));
    journal.close();
    unlock();
  }
}

function abortOnEnd(): AbortController {
  const stop = new AbortController();
  const end = () => {
    stop.abort();
    // A device that waits for a hub that is away must not keep the process; what is in doubt is sent by the next one.
    setTimeout(() => process.exit(exitCodes.interrupted), graceMs).unref();
  };
  const onSignal = () => (stop.signal.aborted ? process.exit(exitCodes.interrupted) : end());
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('disconnect', end);
  return stop;
}

async function connectAll(
  config: ReplayConfig,
  deviceIds: readonly string[],
  devices: Map<string, ConnectedDevice>,
  signal: AbortSignal,
): Promise<void> {
  const authority = await DeviceAuthority.open(config.deviceAuthorityFolder);
  const serverAuthority = readFileSync(config.serverAuthorityFile, 'utf8');
  const { provisioning, gatewayHost } = config;
  const waiting = [...deviceIds];
  const connectNext = async () => {
    for (let deviceId = waiting.shift(); deviceId !== undefined && !signal.aborted; deviceId = waiting.shift()) {
      const credentials = await authority.credentials(deviceId);
      devices.set(deviceId, await connectDevice({ deviceId, credentials, serverAuthority, provisioning, gatewayHost }));
    }
  };
  await Promise.all(Array.from({ length: connectedAtOnce }, connectNext));
}

async function send(
  config: ReplayConfig,
  rows: Parameters<typeof telemetryMessages>[0],
  devices: ReadonlyMap<string, ConnectedDevice>,
  journal: ReplayJournal,
  signal: AbortSignal,
): Promise<boolean> {
  const clock = new ControlClient(config.controlAddressFile, signal);
  const line = new ProgressLine(process.stderr);
  let reportedAt = 0;
  const onProgress = (progress: ReplayProgress) => {
    if (config.showProgress) line.show(progress);
    const now = Date.now();
    if (now - reportedAt < reportMs && progress.acknowledged < progress.total) return;
    reportedAt = now;
    // The live page can do without one: a report must neither hold up nor end a replay.
    clock.reportReplay(progress).catch(() => {});
  };
  const speed = config.speed === 'max' ? Number.POSITIVE_INFINITY : config.speed;
  const messages = telemetryMessages(rows, config.start);
  try {
    const { start, disorder } = config;
    return await replay({ messages, start, speed, disorder, devices, clock, journal, onProgress, signal });
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    if (config.showProgress) line.end();
  }
}

main(process.argv[2] ?? '').then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(error instanceof RecordingError ? exitCodes.badRecording : exitCodes.failed);
  },
);
