import { EventHubConsumerClient } from '@azure/event-hubs';
import { ContainerClient } from '@azure/storage-blob';
import type { Vital } from '../runtime/contracts/scoringSource';
import { rejectionOf } from '../runtime/scoring/plausibility';
import type { LocalCloud } from './cloud';
import type { Log } from './contracts';
import type { LocalHotPath } from './hotPath';
import { judge as judgePrincipal } from './identity/principals';
import type { Copy } from './judge/copies';
import { countDeadLetters } from './judge/deadLetters';
import { readDeviceData } from './judge/deviceData';
import { FhirReader } from './judge/fhirReader';
import { compareHotPath, type HotPathComparison } from './judge/hotPath';
import { drainHotPath } from './judge/hotPathDrain';
import { readHotPath } from './judge/hotPathRecord';
import { type Judgement, judge } from './judge/judge';
import type { Cell, Identities, ObservationRead } from './judge/observations';
import { RawCopies } from './judge/rawCopies';
import { readRecord } from './judge/record';
import { readRepository } from './judge/repositoryRecord';
import { drainScoring } from './judge/scored';
import type { ScoredWatch } from './judge/scoredWatch';
import { settled } from './judge/settled';
import { DeviceDataWatch } from './judge/watch';
import { compareWindows, type WindowComparison } from './judge/windows';
import type { LocalStack } from './localStack';
import type { Recording } from './replay/csv';
import type { Disorder } from './replay/disorder';
import { ReplayJournal } from './replay/journal';
import { type TelemetryMessage, telemetryMessages } from './replay/message';
import { type ReplayProcess, startReplayProcess } from './replay/process';
import { endRun, journalFile, openRun, type ReplayRun, receivedFile } from './replay/run';

export interface ReplaySessionOptions {
  readonly cloud: LocalCloud;
  readonly stack: LocalStack;
  readonly recording: Recording;
  readonly files: readonly string[];
  /** Virtual time of minute 0, milliseconds since 1970. */
  readonly start: number;
  readonly speed: number;
  readonly disorder: Disorder;
  /** `localhost:PORT` of the gateway through which all devices send; left out: straight to the hub. */
  readonly gatewayHost: string | undefined;
  readonly controlAddressFile: string;
  /** What lies on `scored`, and comes. */
  readonly scored: ScoredWatch;
  /** Undefined where nothing writes the windows down. */
  readonly hotPath: LocalHotPath | undefined;
  /** Gets each telemetry message as the judge receives it. */
  readonly onMessage: (copy: Copy) => void;
  readonly log: Log;
}

export type ReplayOutcome = Judgement | 'interrupted';

const minuteMs = 60_000;
// A namespace of the local cloud answers at once or is being started again; the SDK's own minute is for real networks.
const retryOptions = { timeoutInMs: 5_000, retryDelayInMs: 200 };

/** One replay, from its first row to its verdict; an earlier one that was cut off is gone on with. */
export class ReplaySession {
  readonly resumed: boolean;
  private readonly run: ReplayRun;
  private readonly messages: readonly TelemetryMessage[];
  private process: ReplayProcess | undefined;
  private stopped = false;

  constructor(private readonly options: ReplaySessionOptions) {
    const { cloud, recording, start, gatewayHost } = options;
    const path = gatewayHost === undefined ? 'hub' : 'gateway';
    const identity = { contentHash: recording.contentHash, start, path } as const;
    this.run = openRun(cloud.state.folder('replay'), identity, cloud.clock.now());
    this.resumed = this.run.resumed;
    this.messages = telemetryMessages(recording.rows, start);
  }

  /** @throws Error when the devices cannot go on; what went wrong stands on standard error. */
  async play(onSent: () => void): Promise<ReplayOutcome> {
    const client = this.consumer();
    const watch = await DeviceDataWatch.start(client, {
      file: receivedFile(this.run),
      onMessage: this.options.onMessage,
      warn: (line) => this.options.log.warn(line),
    });
    try {
      this.process = startReplayProcess(this.config());
      const code = await this.process.exitCode;
      if (this.stopped || code === 130) return 'interrupted';
      if (code !== 0)
        throw new Error(`The devices of the replay ended with exit code ${code}; the lines above say why.`);
      onSent();
      return await this.judge(watch);
    } finally {
      await watch.close();
      await client.close();
    }
  }

  /** Ends the devices; the next session of the same recording goes on where they were. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.process?.stop();
  }

  private async judge(watch: DeviceDataWatch): Promise<ReplayOutcome> {
    const { cloud, stack, log } = this.options;
    const credential = cloud.credential(judgePrincipal);
    const raw = new RawCopies(new ContainerClient(stack.rawContainerUrl, credential), (line) => log.warn(line));
    const deadLetters = new ContainerClient(stack.deadLetterContainerUrl, credential);
    const journal = new ReplayJournal(journalFile(this.run));
    // The watch goes on while all is read anew, and a client follows a partition once only.
    const reader = this.consumer();
    try {
      const result = await judge({
        expected: this.messages,
        startedAt: this.run.startedAt,
        sendTimes: journal.sendTimes,
        receiveTimes: watch.receiveTimes,
        readDeviceData: () => readDeviceData(reader),
        readRaw: () => raw.read(),
        acceptedCounts: () => cloud.iotHubs.acceptedCounts(stack.iotHubId),
        drain: { clock: cloud.clock, advanceByMs: stack.rawBatchSeconds * 1000 + minuteMs },
        settled: () => settled(cloud.functionApps),
        readRecord: () => readRecord(new FhirReader(stack.fhirUrl, credential)),
        windows: (cells, identities) => this.windows(cells, identities),
        ...(this.options.hotPath && { hotPath: (observations) => this.hotPath(observations) }),
        countDeadLetters: () => countDeadLetters(deadLetters),
      });
      endRun(this.run, result.verdict);
      return result;
    } finally {
      journal.close();
      await reader.close();
    }
  }

  private windows(cells: readonly Cell[], { wearer }: Identities): Promise<WindowComparison> {
    const { cloud, stack, scored, start } = this.options;
    const { windowSeconds, latenessSeconds, sampleSeconds, clockMarkSeconds } = stack.scoring;
    const isPlausible = (vital: Vital, value: number) => rejectionOf(vital, value) === undefined;
    const seconds = { windowMs: windowSeconds * 1000, sampleMs: sampleSeconds * 1000 };
    const facts = { cells, wearer, presentFrom: start, isPlausible, ...seconds };
    return drainScoring({
      clock: cloud.clock,
      closesAfterMs: (windowSeconds + latenessSeconds + 2 * clockMarkSeconds) * 1000,
      newsAt: () => scored.newsAt,
      compare: () => compareWindows(scored.windows, facts),
    });
  }

  private hotPath(observations: readonly ObservationRead[]): Promise<HotPathComparison> {
    const { cloud, stack, scored } = this.options;
    const reader = new FhirReader(stack.fhirUrl, cloud.credential(judgePrincipal));
    const known = new Set(observations.map(({ id }) => `Observation/${id}`));
    const horizonMs = stack.scoring.windowSeconds * 1000;
    return drainHotPath({
      settled: () => settled(cloud.functionApps),
      compare: async () => {
        const record = await readHotPath(reader, known);
        return compareHotPath({ windows: scored.windows, horizonMs, ...record, repository: this.repository() });
      },
    });
  }

  private repository() {
    const { cloud, hotPath } = this.options;
    const databaseId = hotPath?.databaseId;
    return databaseId === undefined ? undefined : readRepository((sql) => cloud.sqlServers.read(databaseId, sql));
  }

  private consumer(): EventHubConsumerClient {
    const { cloud, stack } = this.options;
    const credential = cloud.credential(judgePrincipal);
    return new EventHubConsumerClient('$Default', stack.eventHubsHost, stack.deviceDataHub, credential, {
      retryOptions,
    });
  }

  private config() {
    const { cloud, stack, files, start, speed, disorder, gatewayHost, controlAddressFile } = this.options;
    return {
      files,
      start,
      speed: Number.isFinite(speed) ? speed : ('max' as const),
      disorder,
      runFolder: this.run.folder,
      controlAddressFile,
      provisioning: { host: stack.provisioningHost, idScope: stack.provisioningIdScope },
      gatewayHost,
      serverAuthorityFile: cloud.certificates.authorityFile,
      deviceAuthorityFolder: cloud.state.folder('devices'),
      showProgress: true,
    };
  }
}
