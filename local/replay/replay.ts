import { type Disorder, inOrder, type Sending, sendings } from './disorder';
import type { ReplayJournal } from './journal';
import type { TelemetryMessage } from './message';
import { Pace, type WallClock } from './pace';

/** A device as the replay needs it; `ConnectedDevice` is one. */
export interface ReplayDevice {
  /**
   * Resolves when the hub (or the gateway) has acknowledged. Sends again by itself what was not; rejects only when
   * that cannot help.
   */
  send(message: TelemetryMessage): Promise<void>;
}

/** The clock of the local cloud, as the replay moves it; `ControlClient` is one. */
export interface ReplayClock {
  /** Resolves when all that was due by `time` is done. A time that is past changes nothing. */
  advanceTo(time: number): Promise<void>;
}

export interface ReplayProgress {
  /** Virtual time, milliseconds since 1970. */
  readonly time: number;
  /** Virtual time of the last message. */
  readonly end: number;
  /** Messages acknowledged, over all processes of this run. */
  readonly acknowledged: number;
  readonly total: number;
}

export interface ReplayOptions {
  /** By time. */
  readonly messages: readonly TelemetryMessage[];
  /** Virtual time of minute 0, milliseconds since 1970. */
  readonly start: number;
  /** Virtual seconds a second of the machine; Infinity: as fast as messages are acknowledged. */
  readonly speed: number;
  /** Default: every message once, at its time. */
  readonly disorder?: Disorder;
  readonly devices: ReadonlyMap<string, ReplayDevice>;
  readonly clock: ReplayClock;
  readonly journal: ReplayJournal;
  readonly onProgress?: (progress: ReplayProgress) => void;
  /** Ends the replay early; what was not acknowledged is sent by the next process of the run. */
  readonly signal?: AbortSignal;
  /** Default: the machine's. */
  readonly wall?: WallClock;
}

/**
 * Replays messages: virtual time goes to the time of a message, all messages of that time are sent at once, and time
 * goes on when all of them have been acknowledged. So each message arrives at its own virtual time, at any speed.
 * A run that was cut off goes on at the first message not known as acknowledged.
 * @returns false when it was ended early by `signal`
 */
export async function replay(options: ReplayOptions): Promise<boolean> {
  const { messages, journal, clock, speed, signal } = options;
  const wall = options.wall ?? { now: () => Date.now() };
  const open = messages.filter((message) => !journal.isAcknowledged(message.messageId));
  const due = sendings(open, options.disorder ?? inOrder);
  const begin = open.length < messages.length ? due[0]?.at : options.start;
  const end = due.at(-1)?.at ?? messages.at(-1)?.creationTime ?? options.start;
  let acknowledged = messages.length - open.length;
  const report = (time: number) => options.onProgress?.({ time, end, acknowledged, total: messages.length });
  report(begin ?? end);
  const pace = new Pace({ start: begin ?? end, speed, clock, wall, signal });
  for (const [time, together] of byTime(due)) {
    if (!(await pace.reach(time))) return false;
    const first = together.filter(({ message }) => !journal.isAcknowledged(message.messageId));
    journal.sent(
      first.map(({ message }) => message.messageId),
      wall.now(),
    );
    const sends = together.map(async ({ message }) => {
      await deviceOf(options.devices, message).send(message);
      if (signal?.aborted || journal.isAcknowledged(message.messageId)) return;
      journal.acknowledged(message.messageId, wall.now());
      acknowledged += 1;
      report(time);
    });
    if (!(await unlessAborted(Promise.all(sends), signal))) return false;
  }
  return true;
}

function byTime(due: readonly Sending[]): Map<number, Sending[]> {
  const groups = new Map<number, Sending[]>();
  for (const sending of due) {
    const group = groups.get(sending.at);
    if (group) group.push(sending);
    else groups.set(sending.at, [sending]);
  }
  return groups;
}

function deviceOf(devices: ReadonlyMap<string, ReplayDevice>, message: TelemetryMessage): ReplayDevice {
  const device = devices.get(message.deviceId);
  if (!device) throw new Error(`There is no connected device ${message.deviceId} to send ${message.messageId}.`);
  return device;
}

/** False when the signal comes first: a device that waits for its hub must not keep the replay from ending. */
async function unlessAborted(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<boolean> {
  if (!signal) return work.then(() => true);
  const listening = new AbortController();
  const aborted = new Promise<boolean>((resolve) => {
    const stop = () => resolve(false);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { signal: listening.signal });
  });
  // Sends that fail because the replay has ended are nobody's error.
  const done = work.then(
    () => !signal.aborted,
    (error: unknown) => {
      if (signal.aborted) return false;
      throw error;
    },
  );
  return Promise.race([done, aborted]).finally(() => listening.abort());
}
