import type { TelemetryMessage } from '../replay/message';
import { compare } from './compare';
import type { Copy } from './copies';
import { delays } from './delays';
import { type DrainOptions, drain } from './drain';
import type { HotPathComparison } from './hotPath';
import { type Cell, cellsOf, compareCells, type Identities, type ObservationRead } from './observations';
import { type Findings, type Verdict, verdictOf } from './verdict';
import type { WindowComparison } from './windows';

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
  /** Resolves when the functions have handled all that lies in their hubs, or do not get on. */
  settled(): Promise<void>;
  /** Reads all Observations, and who is who: `FhirReader`. */
  readRecord(): Promise<{ readonly observations: readonly ObservationRead[]; readonly identities: Identities }>;
  /** Resolves with what the windows come to, when they are all scored or nothing more comes: `drainScoring`. */
  windows(cells: readonly Cell[], identities: Identities): Promise<WindowComparison>;
  /**
   * Resolves with what lies in FHIR and in the repository of the windows, when it is all there or nothing more comes:
   * `drainHotPath`. Left out where nothing writes them down.
   */
  hotPath?(observations: readonly ObservationRead[]): Promise<HotPathComparison>;
  /** Counts the dead letters that wait. */
  countDeadLetters(): Promise<number>;
}

export interface Judgement extends Findings {
  readonly verdict: Verdict;
}

/**
 * Judges a replay whose rows have all been acknowledged: waits until what is under way has arrived, reads all places as a
 * whole with the real clients, and compares them with the recording. The counts come from that reading alone.
 */
export async function judge(options: JudgeOptions): Promise<Judgement> {
  const { expected, startedAt, receiveTimes } = options;
  await drain({ ...options.drain, missing: () => countMissing(options) });
  await options.settled();
  const { observations, identities } = await options.readRecord();
  const recorded = cellsOf(expected);
  const windows = await options.windows(recorded, identities);
  const hotPath = await options.hotPath?.(observations);
  const [deviceData, raw, accepted, deadLetters] = await Promise.all([
    options.readDeviceData(),
    options.readRaw(),
    options.acceptedCounts(),
    options.countDeadLetters(),
  ]);
  const findings = {
    comparison: compare({ expected, deviceData, raw, accepted, startedAt }),
    cells: compareCells(recorded, observations, identities),
    windows,
    ...(hotPath && { hotPath }),
  };
  return { verdict: verdictOf(findings, deadLetters, delays(options.sendTimes, receiveTimes)), ...findings };
}

async function countMissing({ expected, startedAt, receiveTimes, readRaw }: JudgeOptions) {
  const raw = new Set((await readRaw()).filter((copy) => copy.enqueuedAt >= startedAt).map((copy) => copy.key));
  return {
    deviceData: expected.filter((message) => !receiveTimes.has(message.messageId)).length,
    raw: expected.filter((message) => !raw.has(message.messageId)).length,
  };
}
