import type { TelemetryMessage } from '../replay/message';
import { type Comparison, compare } from './compare';
import type { Copy } from './copies';
import { delays } from './delays';
import { type DrainOptions, drain } from './drain';
import { type Verdict, verdictOf } from './verdict';

export interface JudgeOptions {
  /** All messages of the recording, whether this process or an earlier one of the run has sent them. */
  readonly expected: readonly TelemetryMessage[];
  /** Virtual time when the run began, see `openRun`. */
  readonly startedAt: number;
  /** When each message was sent first: `ReplayJournal.sendTimes`. */
  readonly sendTimes: ReadonlyMap<string, number>;
  /** When each message was received first: `DeviceDataWatch.receiveTimes`; it grows while the judge waits. */
  readonly receiveTimes: ReadonlyMap<string, number>;
  /** Reads all of `devicedata`: `readDeviceData`. */
  readDeviceData(): Promise<readonly Copy[]>;
  /** Reads all of the raw container: `RawCopies.read`. */
  readRaw(): Promise<readonly Copy[]>;
  /** How often the hub accepted each message, by message id. */
  acceptedCounts(): ReadonlyMap<string, number> | Promise<ReadonlyMap<string, number>>;
  readonly drain: Omit<DrainOptions, 'missing'>;
}

/**
 * Judges a replay whose rows have all been acknowledged: waits until what is under way has arrived, reads both places
 * as a whole with the real clients, and compares them with the recording. The counts come from that reading alone.
 */
export async function judge(options: JudgeOptions): Promise<{ verdict: Verdict; comparison: Comparison }> {
  const { expected, startedAt, receiveTimes } = options;
  await drain({ ...options.drain, missing: () => countMissing(options) });
  const [deviceData, raw, accepted] = await Promise.all([
    options.readDeviceData(),
    options.readRaw(),
    options.acceptedCounts(),
  ]);
  const comparison = compare({ expected, deviceData, raw, accepted, startedAt });
  return { verdict: verdictOf(comparison, delays(options.sendTimes, receiveTimes)), comparison };
}

async function countMissing({ expected, startedAt, receiveTimes, readRaw }: JudgeOptions) {
  const raw = new Set((await readRaw()).filter((copy) => copy.enqueuedAt >= startedAt).map((copy) => copy.key));
  return {
    deviceData: expected.filter((message) => !receiveTimes.has(message.messageId)).length,
    raw: expected.filter((message) => !raw.has(message.messageId)).length,
  };
}
