import type { EventHubEvent, EventHubSender, PathEvents, Principal } from '../../contracts';
import type { DurableLog, LogRecord } from '../../durableLog/durableLog';
import { type AcceptedMessage, decodeAccepted, messageSourceNames, propertiesFor } from '../message';
import type { Cursors } from './cursors';
import { BackOff } from './endpointHealth';

const recordsARead = 1_000;

export interface EventHubDeliveryOptions {
  readonly endpointName: string;
  readonly partition: number;
  readonly log: DurableLog;
  readonly cursors: Cursors;
  readonly sender: EventHubSender;
  /** Who sends, and where to. Asked at each try. @throws when the target is not there or must not be reached. */
  readonly target: () => { readonly caller: Principal; readonly eventHubId: string };
  /** Names this producer at the event hub; the same over restarts, another one for a hub that was made anew. */
  readonly producer: string;
  readonly events: PathEvents;
  /** Told once each time that sending begins to fail. */
  readonly onFailing: (error: string) => void;
}

/**
 * Sends what is routed to an event hub from one partition of the ingress log, in order. Each event carries its sequence
 * in the log, so that what is sent again after a crash is taken once. When the event hub refuses, it waits and tries
 * again for ever.
 */
export class EventHubDelivery {
  readonly backOff = new BackOff();
  sent = 0;
  private readonly ended = new AbortController();
  private readonly running: Promise<void>;

  constructor(private readonly options: EventHubDeliveryOptions) {
    this.running = this.run();
  }

  async close(): Promise<void> {
    this.ended.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { log, cursors, partition } = this.options;
    while (await log.waitFor(cursors.next(partition), this.ended.signal)) {
      if (this.ended.signal.aborted) return;
      const records = log.read(cursors.next(partition), recordsARead);
      await this.deliver(records);
      const last = records.at(-1);
      if (this.ended.signal.aborted) return;
      if (last !== undefined) cursors.advance(partition, last.sequence + 1);
    }
  }

  private async deliver(records: readonly LogRecord[]): Promise<void> {
    const { endpointName, producer } = this.options;
    const batch: Parameters<EventHubSender['send']>[2][number][] = [];
    const arrivals: number[] = [];
    for (const record of records) {
      const message = decodeAccepted(record.payload);
      if (!message.endpointNames.includes(endpointName)) continue;
      batch.push({
        partitionKey: message.deviceId,
        event: toEvent(message, record.enqueuedTime, endpointName),
        from: { producer, sequence: record.sequence },
      });
      if (message.source === 'DeviceMessages') arrivals.push(message.acceptedAt);
    }
    if (batch.length > 0) await this.sendUntilTaken(batch, arrivals);
  }

  private async sendUntilTaken(batch: Parameters<EventHubSender['send']>[2], arrivals: number[]): Promise<void> {
    while (!this.ended.signal.aborted) {
      try {
        const { caller, eventHubId } = this.options.target();
        await this.options.sender.send(caller, eventHubId, batch);
        break;
      } catch (error) {
        if (this.backOff.lastError === undefined) this.options.onFailing(String(error));
        await pause(this.backOff.failed(error), this.ended.signal);
      }
    }
    if (this.ended.signal.aborted) return;
    this.backOff.succeeded();
    this.sent += batch.length;
    const now = Date.now();
    if (arrivals.length > 0) {
      this.options.events.emit({ step: '4', count: arrivals.length, delays: arrivals.map((arrival) => now - arrival) });
    }
  }
}

/** An event as IoT Hub sends it on: the body as it came, what the hub knows of it as message annotations. */
export function toEvent(message: AcceptedMessage, enqueuedTime: number, endpointName: string): EventHubEvent {
  const annotations: Record<string, unknown> = {
    'iothub-connection-device-id': message.deviceId,
    'iothub-enqueuedtime': new Date(enqueuedTime),
    'iothub-message-source': messageSourceNames[message.source],
  };
  if (message.authMethod !== undefined) annotations['iothub-connection-auth-method'] = message.authMethod;
  if (message.generationId !== undefined) annotations['iothub-connection-auth-generation-id'] = message.generationId;
  return {
    body: message.body,
    properties: propertiesFor(message, endpointName),
    systemProperties: annotations,
    ...(message.contentType === undefined ? {} : { contentType: message.contentType }),
    ...(message.contentEncoding === undefined ? {} : { contentEncoding: message.contentEncoding }),
    ...(message.messageId === undefined ? {} : { messageId: message.messageId }),
    ...(message.correlationId === undefined ? {} : { correlationId: message.correlationId }),
    ...(message.userId === undefined ? {} : { userId: message.userId }),
  };
}

/** Waits, but not beyond the end of the delivery. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
