import { types } from 'rhea';
import type { LogRecord } from '../durableLog/durableLog';
import { binaryValue, mapEntries, messageSections, section, textValue } from '../eventHubs/amqpMessage';
import { eventFrom, recordParts, type StoredEvent } from '../eventHubs/storedEvent';

/** A record as a Kafka client sends and gets it. */
export interface KafkaRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Milliseconds since 1970. */
  readonly timestamp: string;
  readonly headers: Record<string, Buffer>;
}

const applicationProperties = 0x74;
const amqpValue = 0x77;

/**
 * An event as a Kafka client sees it (Learn: "Exchange events between consumers and producers that use different
 * protocols"): application properties are headers whose values are AMQP-encoded, with the type in front.
 */
export function kafkaRecordOf({ payload, enqueuedTime }: LogRecord): KafkaRecord {
  const { annotations, sections } = recordParts(payload);
  const headers: Record<string, Buffer> = {};
  let value: Buffer | null = null;
  for (const { code, value: content } of messageSections(sections)) {
    if (code === section.data) value = value ? Buffer.concat([value, binaryValue(content)]) : binaryValue(content);
    if (code === amqpValue) value = content;
    if (code === applicationProperties) for (const entry of mapEntries(content)) headers[entry.key] = entry.value;
  }
  const key = partitionKeyOf(annotations);
  return { key: key === undefined ? null : Buffer.from(key), value, timestamp: String(enqueuedTime), headers };
}

/** The entries stand without their map; the head of one is put before them. */
function partitionKeyOf(annotations: Buffer): string | undefined {
  const map = Buffer.concat([Buffer.from([0xd1, 0, 0, 0, 0, 0, 0, 0, 0]), annotations]);
  const entry = mapEntries(map).find(({ key }) => key === 'x-opt-partition-key');
  return entry && textValue(entry.value);
}

/** What a Kafka client sends, as consumers over kafkajs give it. */
export interface SentRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
  readonly offset: string;
}

/**
 * A Kafka client's record as an event: its key is the partition key, and headers are application properties of type
 * binary, as in Azure: an AMQP client gets the bytes and not a text.
 * @param producer names the topic's life, so that an event is taken once
 */
export function eventOf({ key, value, headers = {}, offset }: SentRecord, producer: string): StoredEvent {
  const properties = Object.entries(headers).flatMap(([name, given]) => {
    const first = Array.isArray(given) ? given[0] : given;
    return first === undefined ? [] : [[name, types.wrap_binary(Buffer.from(first))] as const];
  });
  return eventFrom(
    {
      body: value ?? Buffer.alloc(0),
      ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    },
    key?.toString('utf8'),
    { producer, sequence: Number(offset) },
  );
}
