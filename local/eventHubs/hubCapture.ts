import { join } from 'node:path';
import type { BlobWriter, ServiceContext } from '../contracts';
import type { CaptureSettings } from './captureSettings';
import type { Partition } from './partition';
import { PartitionCapture } from './partitionCapture';

/** Hubs whose captured files are steps of the architecture. */
const captureSteps: Readonly<Record<string, string>> = { enriched: '9', scored: '11a' };

export interface HubCaptureTools extends Pick<ServiceContext, 'authority' | 'clock' | 'events' | 'log'> {
  readonly writer: BlobWriter;
}

/** How far an event hub is captured. */
export interface CaptureStatus {
  /** Sequence number of the last event in a file, per partition; -1 while there is none. */
  readonly capturedThrough: readonly number[];
  /** Events of all partitions that are in no file yet. */
  readonly behind: number;
  /** Why files cannot be written; left out while they can. */
  readonly error?: string;
}

/**
 * Event Hubs Capture of one hub: Avro files of each partition's events, written as the hub's capture identity into the
 * container. A file is closed at its size limit, or `intervalInSeconds` of the cloud's clock after its first event, whose
 * time is in its name. What cannot be written (a role that is missing) is tried again without end; it is never dropped.
 * What a file holds is noted before it is written, so that after a crash the same file is written again, which counts as
 * written.
 *
 * What differs from Azure: a file is closed as well when nothing came for half a second of the machine's clock, so that
 * readers need not wait for the interval; intervals begin with the first event and not at times of their own; a second file of
 * the same second has a number in its name; retention spares what is not captured; a file is made in memory.
 */
export class HubCapture {
  readonly #captures: PartitionCapture[] = [];

  constructor(
    private readonly names: { readonly namespace: string; readonly eventHub: string },
    private readonly folder: string,
    private settings: CaptureSettings,
    private readonly tools: HubCaptureTools,
  ) {}

  /** Captures these partitions from now on, those of an earlier call among them, by these settings. */
  update(partitions: readonly Partition[], settings: CaptureSettings): void {
    this.settings = settings;
    for (const capture of this.#captures) capture.settingsChanged();
    for (const partition of partitions.slice(this.#captures.length)) this.#captures.push(this.#capture(partition));
  }

  status(lastSequences: readonly number[]): CaptureStatus {
    const capturedThrough = this.#captures.map((capture) => capture.capturedThrough);
    const behind = lastSequences.reduce((sum, last, at) => sum + last - (capturedThrough[at] ?? last), 0);
    const error = this.#captures.map((capture) => capture.error).find((some) => some !== undefined);
    return { capturedThrough, behind, ...(error === undefined ? {} : { error }) };
  }

  /** Enqueued time of the oldest event of a partition that is in no file; undefined when all are. */
  uncapturedSince(partition: number): number | undefined {
    return this.#captures[partition]?.uncapturedSince;
  }

  async close(): Promise<void> {
    await Promise.all(this.#captures.map((capture) => capture.close()));
  }

  /** Ends capturing for good: what is in no file yet is not captured, and what comes before it is turned on again. */
  async end(): Promise<void> {
    await this.close();
    for (const capture of this.#captures) capture.forget();
  }

  #capture(partition: Partition): PartitionCapture {
    const { authority, clock, events, log, writer } = this.tools;
    const { eventHub } = this.names;
    const step = captureSteps[eventHub];
    const what = `Capture of the event hub ${eventHub}, partition ${partition.id}`;
    return new PartitionCapture({
      ...this.names,
      partition,
      progressFile: join(this.folder, partition.id, 'capture.json'),
      clock,
      writer,
      settings: () => this.settings,
      caller: () => authority.identity(this.settings.identityId),
      onWritten: (count) => step !== undefined && events.emit({ step, count }),
      onFailing: (error) =>
        error === undefined
          ? log.info(`${what} goes on.`)
          : log.warn(`${what} fails and is tried again, nothing is lost: ${error}`),
    });
  }
}
