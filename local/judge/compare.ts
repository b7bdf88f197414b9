import { isDeepStrictEqual } from 'node:util';
import type { TelemetryMessage } from '../replay/message';
import type { Copy } from './copies';

/** What the judge knows of a run when all has been read. */
export interface Evidence {
  /** What was to be sent: one message a row with a value, each key once. */
  readonly expected: readonly TelemetryMessage[];
  readonly deviceData: readonly Copy[];
  readonly raw: readonly Copy[];
  /** How often the hub accepted each message, by message id. */
  readonly accepted: ReadonlyMap<string, number>;
  /** Virtual time when the run began: an older copy is of an earlier replay of the same recording. */
  readonly startedAt: number;
}

/** Counts of messages (of natural keys), and the keys behind those that should be 0. */
export interface Comparison {
  readonly sent: number;
  /** Found on the event hub `devicedata`, of this run. */
  readonly devicedata: number;
  /** Found in the raw container, of this run. */
  readonly raw: number;
  /** Missing in one of the two places, or in both. */
  readonly lost: readonly string[];
  /** Copies beyond those that the hub accepted. */
  readonly duplicated: readonly string[];
  /** Copies that the hub accepted because they were sent again (QoS 1, the gateway, a second replay). */
  readonly redelivered: number;
  /** Messages of which a copy says something else than the recording: time, device or a value. */
  readonly wrong: readonly string[];
}

/**
 * Compares what lies in the two places with what was to be sent, message by message. A key that occurs n times in a
 * place counts n - 1 times as redelivered or duplicated; the place with more copies decides.
 */
export function compare(evidence: Evidence): Comparison {
  const { expected, accepted, startedAt } = evidence;
  const places = { devicedata: byKey(evidence.deviceData), raw: byKey(evidence.raw) };
  const found = { devicedata: 0, raw: 0, redelivered: 0 };
  const lost: string[] = [];
  const duplicated: string[] = [];
  const wrong: string[] = [];
  for (const message of expected) {
    const key = message.messageId;
    const copies = { devicedata: places.devicedata.get(key) ?? [], raw: places.raw.get(key) ?? [] };
    const ofThisRun = [...copies.devicedata, ...copies.raw].filter((copy) => copy.enqueuedAt >= startedAt);
    const isIn = (place: 'devicedata' | 'raw') => copies[place].some((copy) => copy.enqueuedAt >= startedAt);
    found.devicedata += Number(isIn('devicedata'));
    found.raw += Number(isIn('raw'));
    if (!isIn('devicedata') || !isIn('raw')) lost.push(key);
    if (ofThisRun.some((copy) => !saysTheSame(copy, message))) wrong.push(key);
    const most = Math.max(copies.devicedata.length, copies.raw.length);
    const allowed = Math.max(1, accepted.get(key) ?? 1);
    found.redelivered += Math.max(0, Math.min(most, allowed) - 1);
    for (let extra = allowed; extra < most; extra++) duplicated.push(key);
  }
  return { sent: expected.length, ...found, lost, duplicated, wrong };
}

function byKey(copies: readonly Copy[]): Map<string, Copy[]> {
  const map = new Map<string, Copy[]>();
  for (const copy of copies) {
    const same = map.get(copy.key);
    if (same) same.push(copy);
    else map.set(copy.key, [copy]);
  }
  return map;
}

function saysTheSame(copy: Copy, message: TelemetryMessage): boolean {
  return copy.deviceId === message.deviceId && isDeepStrictEqual(copy.body, JSON.parse(message.body.toString('utf8')));
}
