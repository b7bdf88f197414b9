import type { DeviceSnapshot } from './snapshot';

interface Measurement {
  readonly time: number;
  readonly values: Readonly<Record<string, number>>;
}

const pointsKept = 60;
const vitalsShown = 12;

/**
 * Keeps the last 60 measurements of each device for the live page. For looking at, not for judging: a message without a
 * device, a readable `time` or a number is passed over, and of a message more than 12 numbers are not kept.
 */
export class VitalsBoard {
  private readonly measurements = new Map<string, Measurement[]>();

  /** @param body the telemetry as sent: `time` (ISO 8601) and numbers by the name of the vital sign. */
  observeMessage(deviceId: string, body: Readonly<Record<string, unknown>>): void {
    const time = typeof body.time === 'string' ? Date.parse(body.time) : Number.NaN;
    const values = numbersOf(body);
    if (deviceId === '' || Number.isNaN(time) || Object.keys(values).length === 0) return;
    const kept = this.measurements.get(deviceId) ?? [];
    insertByTime(kept, { time, values });
    if (kept.length > pointsKept) kept.shift();
    this.measurements.set(deviceId, kept);
  }

  /** A device that has been heard, in the order of the ids, 2 before 10. */
  devices(): DeviceSnapshot[] {
    const compare = new Intl.Collator('en', { numeric: true }).compare;
    return [...this.measurements].sort(([a], [b]) => compare(a, b)).map(([id, kept]) => toSnapshot(id, kept));
  }
}

function numbersOf(body: Readonly<Record<string, unknown>>): Record<string, number> {
  const numbers = Object.entries(body).filter((entry): entry is [string, number] => Number.isFinite(entry[1]));
  return Object.fromEntries(numbers.slice(0, vitalsShown));
}

/** Messages may arrive twice and out of order; one of the same time takes the place of the former. */
function insertByTime(kept: Measurement[], measurement: Measurement): void {
  let index = kept.length;
  while (index > 0 && (kept[index - 1]?.time ?? 0) > measurement.time) index--;
  const sameTime = kept[index - 1]?.time === measurement.time;
  kept.splice(sameTime ? index - 1 : index, sameTime ? 1 : 0, measurement);
}

function toSnapshot(deviceId: string, kept: readonly Measurement[]): DeviceSnapshot {
  const latest: Record<string, number> = Object.assign({}, ...kept.map(({ values }) => values));
  const values = Object.fromEntries(
    Object.keys(latest).map((vital) => [vital, kept.map((measurement) => measurement.values[vital] ?? null)]),
  );
  return {
    deviceId,
    lastTime: new Date(kept.at(-1)?.time ?? 0).toISOString(),
    latest,
    history: { times: kept.map(({ time }) => time / 1000), values },
  };
}
