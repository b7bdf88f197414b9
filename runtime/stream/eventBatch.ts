/** An event as the hub has it: what Azure Functions hands over, with the names of its properties as they were sent. */
export interface ReceivedEvent {
  readonly body: Buffer;
  readonly contentType: string | null;
  /** The sender's own properties, in JSON's types; IoT Hub puts `iothub-creation-time-utc` here. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** What the brokers added; IoT Hub puts `iothub-connection-device-id` and `iothub-enqueuedtime` here. */
  readonly systemProperties: Readonly<Record<string, unknown>>;
  /** When the hub took the event, ISO 8601 in UTC; of a replayed dead letter when it took the original. */
  readonly enqueuedTime: string;
  readonly sequenceNumber: number;
  readonly partitionKey: string | null;
}

/** What one call of a function gets: events of one partition in their order. */
export interface EventBatch {
  readonly eventHub: string;
  readonly partitionId: string;
  readonly events: readonly ReceivedEvent[];
}

/** When the hub took the newest of the events, milliseconds since 1970; 0 without any. */
export function newestTime(events: readonly ReceivedEvent[]): number {
  return events.reduce((newest, { enqueuedTime }) => Math.max(newest, Date.parse(enqueuedTime)), 0);
}
