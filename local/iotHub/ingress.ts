import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Clock } from '../contracts';
import { DurableLog } from '../durableLog/durableLog';
import { type AcceptedMessage, decodeAccepted, encodeAccepted } from './message';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** IoT Hub's longest retention of its built-in endpoint; what was accepted stays readable so long here at the least. */
const leastRetentionDays = 7;

/**
 * The hub's own durable log, which is its built-in endpoint as well: what was accepted, by partition (of the device id),
 * stamped with the cloud's clock.
 */
export class Ingress {
  readonly logs: readonly DurableLog[];
  private trimmedAt: number;

  constructor(
    folder: string,
    partitionCount: number,
    private readonly clock: Clock,
    private readonly retentionDays: number,
  ) {
    this.logs = Array.from({ length: partitionCount }, (_, partition) => DurableLog.open(join(folder, `${partition}`)));
    this.trimmedAt = clock.now();
  }

  /** Resolves once the message is safe from the death of this process. */
  async append(message: AcceptedMessage, enqueuedTime: number): Promise<void> {
    const log = this.logs[crc32(message.deviceId) % this.logs.length] as DurableLog;
    await log.append([encodeAccepted(message)], enqueuedTime);
  }

  nextSequences(): number[] {
    return this.logs.map((log) => log.next());
  }

  /** Every message that is still there, in the order of each partition. */
  *messages(): Generator<AcceptedMessage & { readonly enqueuedTime: number }> {
    for (const log of this.logs) {
      let next = log.first();
      for (;;) {
        const records = log.read(next, 1_000);
        if (records.length === 0) break;
        for (const { payload, enqueuedTime, sequence } of records) {
          yield { ...decodeAccepted(payload), enqueuedTime };
          next = sequence + 1;
        }
      }
    }
  }

  /** Forgets, once an hour of the cloud's clock, what is older than the retention and that no endpoint waits for. */
  trim(waitedFor: (partition: number) => number): void {
    const now = this.clock.now();
    if (now - this.trimmedAt < hourMs) return;
    this.trimmedAt = now;
    const kept = now - Math.max(this.retentionDays, leastRetentionDays) * dayMs;
    for (const [partition, log] of this.logs.entries()) {
      const oldestWaiting = log.read(waitedFor(partition), 1)[0]?.enqueuedTime ?? now;
      log.trim(Math.min(kept, oldestWaiting));
    }
  }

  async close(): Promise<void> {
    for (const log of this.logs) await log.close();
  }
}
