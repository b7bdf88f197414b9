import type { LogRecord } from '../durableLog/durableLog';
import { section } from './amqpMessage';
import { recordParts } from './storedEvent';

/** The newest event of a partition, as receivers that track it are told with each event. */
export interface LastEnqueued {
  readonly sequence: number;
  readonly offset: string;
  readonly enqueuedTime: number;
  readonly retrievedAt: number;
}

const sequenceKey = symbol('x-opt-sequence-number');
const offsetKey = symbol('x-opt-offset');
const enqueuedTimeKey = symbol('x-opt-enqueued-time');
const lastSequenceKey = symbol('last_enqueued_sequence_number');
const lastOffsetKey = symbol('last_enqueued_offset');
const lastTimeKey = symbol('last_enqueued_time_utc');
const retrievedKey = symbol('runtime_info_retrieval_time_utc');

/** The message that a receiver gets for a record of a partition's log. */
export function deliveryOf(record: LogRecord, lastEnqueued?: LastEnqueued): Buffer {
  const { annotationCount, annotations, sections } = recordParts(record.payload);
  const own = [
    sequenceKey,
    int64(0x81, record.sequence),
    offsetKey,
    text(String(record.offset)),
    enqueuedTimeKey,
    int64(0x83, record.enqueuedTime),
  ];
  return Buffer.concat([
    ...(lastEnqueued ? deliveryAnnotations(lastEnqueued) : []),
    ...mapSection(section.messageAnnotations, annotationCount + 3, [annotations, ...own]),
    sections,
  ]);
}

function deliveryAnnotations(last: LastEnqueued): Buffer[] {
  return mapSection(section.deliveryAnnotations, 4, [
    lastSequenceKey,
    int64(0x81, last.sequence),
    lastOffsetKey,
    text(last.offset),
    lastTimeKey,
    int64(0x83, last.enqueuedTime),
    retrievedKey,
    int64(0x83, last.retrievedAt),
  ]);
}

function mapSection(code: number, entries: number, encoded: Buffer[]): Buffer[] {
  const head = Buffer.from([0x00, 0x53, code, 0xd1, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(4 + encoded.reduce((sum, { length }) => sum + length, 0), 4);
  head.writeUInt32BE(entries * 2, 8);
  return [head, ...encoded];
}

function symbol(name: string): Buffer {
  return Buffer.from([0xa3, name.length, ...Buffer.from(name)]);
}

function text(value: string): Buffer {
  return Buffer.from([0xa1, value.length, ...Buffer.from(value)]);
}

/** A long (0x81) or a timestamp (0x83). */
function int64(code: number, value: number): Buffer {
  const encoded = Buffer.allocUnsafe(9);
  encoded[0] = code;
  encoded.writeBigInt64BE(BigInt(Math.round(value)), 1);
  return encoded;
}
