import { message as amqp } from 'rhea';
import type { EventHubEvent, ProducerSequence } from '../contracts';
import { binaryValue, mapEntries, messageSections, section, textValue } from './amqpMessage';

/** What a partition keeps of an event; sequence, offset and enqueued time are the log's. */
export interface StoredEvent {
  readonly partitionKey?: string;
  readonly from?: ProducerSequence;
  /** Encoded entries of the message annotations that came with the event, the partition key included. */
  readonly annotations: readonly Buffer[];
  /** Encoded properties, application properties, body and footer, as they were sent. */
  readonly sections: readonly Buffer[];
}

/** Event Hubs sets these itself: what a client sends for them is dropped. */
const ownAnnotations = new Set(['x-opt-sequence-number', 'x-opt-offset', 'x-opt-enqueued-time']);
const partitionKeyAnnotation = 'x-opt-partition-key';

/** Message format of a transfer that carries many messages, each in a data section (com.microsoft:batch). */
export const batchFormat = 0x80013700;

/** The events of one transfer. A batch's own partition key holds for all of its events. */
export function eventsOf(transfer: Buffer, format: number): StoredEvent[] {
  const sections = messageSections(transfer);
  if (format !== batchFormat) return [storedEvent(transfer)];
  const envelopeKey = sections.flatMap(({ code, value }) =>
    code === section.messageAnnotations ? mapEntries(value).filter(({ key }) => key === partitionKeyAnnotation) : [],
  )[0];
  const key = envelopeKey && textValue(envelopeKey.value);
  return sections
    .filter(({ code }) => code === section.data)
    .map(({ value }) => storedEvent(binaryValue(value)))
    .map((event) =>
      envelopeKey && event.partitionKey === undefined
        ? { ...event, partitionKey: key, annotations: [...event.annotations, envelopeKey.encoded] }
        : event,
    );
}

/** An event of a service inside the local cloud. */
export function eventFrom(
  event: EventHubEvent,
  partitionKey: string | undefined,
  from?: ProducerSequence,
): StoredEvent {
  const key = partitionKey === undefined ? {} : { [partitionKeyAnnotation]: partitionKey };
  const encoded = amqp.encode({
    body: amqp.data_section(event.body),
    application_properties: event.properties,
    message_annotations: { ...event.systemProperties, ...key },
    content_type: event.contentType,
    content_encoding: event.contentEncoding,
    message_id: event.messageId,
    correlation_id: event.correlationId,
    user_id: event.userId,
  });
  return { ...storedEvent(encoded), from };
}

function storedEvent(message: Buffer): StoredEvent {
  let partitionKey: string | undefined;
  const annotations: Buffer[] = [];
  const kept: Buffer[] = [];
  for (const { code, value, encoded } of messageSections(message)) {
    if (code === section.messageAnnotations) {
      for (const entry of mapEntries(value)) {
        if (ownAnnotations.has(entry.key)) continue;
        if (entry.key === partitionKeyAnnotation) partitionKey = textValue(entry.value);
        annotations.push(entry.encoded);
      }
    } else if (code !== section.header && code !== section.deliveryAnnotations) {
      kept.push(encoded);
    }
  }
  return { partitionKey, annotations, sections: kept };
}

/**
 * The record of an event in a partition's log: u16 length and text of the producer's name, f64 its sequence (only where
 * there is a producer), u16 number and u32 length of the annotations, the annotations, the sections.
 */
export function encodeRecord({ from, annotations, sections }: StoredEvent): Buffer {
  const producer = Buffer.from(from?.producer ?? '');
  const head = Buffer.allocUnsafe(2 + producer.length + (from ? 8 : 0) + 6);
  let at = head.writeUInt16LE(producer.length);
  at += producer.copy(head, at);
  if (from) at = head.writeDoubleLE(from.sequence, at);
  at = head.writeUInt16LE(annotations.length, at);
  head.writeUInt32LE(
    annotations.reduce((sum, { length }) => sum + length, 0),
    at,
  );
  return Buffer.concat([head, ...annotations, ...sections]);
}

export function producerOf(record: Buffer): ProducerSequence | undefined {
  const length = record.readUInt16LE(0);
  if (length === 0) return undefined;
  return { producer: record.toString('utf8', 2, 2 + length), sequence: record.readDoubleLE(2 + length) };
}

/** The parts of a record that are sent to receivers. */
export function recordParts(record: Buffer): { annotationCount: number; annotations: Buffer; sections: Buffer } {
  const producerLength = record.readUInt16LE(0);
  const at = 2 + producerLength + (producerLength > 0 ? 8 : 0);
  const annotationsAt = at + 6;
  const sectionsAt = annotationsAt + record.readUInt32LE(at + 2);
  return {
    annotationCount: record.readUInt16LE(at),
    annotations: record.subarray(annotationsAt, sectionsAt),
    sections: record.subarray(sectionsAt),
  };
}
