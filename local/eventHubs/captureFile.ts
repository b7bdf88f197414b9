import { createHash } from 'node:crypto';
import { streams, Type } from 'avsc';
import { message as amqp } from 'rhea';
import { kindProperty } from '../../runtime/contracts/clockMark';
import type { LogRecord } from '../durableLog/durableLog';
import { deliveryOf } from './delivery';

const values = (...more: string[]) => ({
  type: 'map' as const,
  values: ['long', 'double', 'string', 'bytes', ...more],
});

/** The schema of the files of Event Hubs Capture, as Learn and files of Azure have it. */
const eventData = {
  type: 'record' as const,
  name: 'EventData',
  namespace: 'Microsoft.ServiceBus.Messaging',
  fields: [
    { name: 'SequenceNumber', type: 'long' },
    { name: 'Offset', type: 'string' },
    { name: 'EnqueuedTimeUtc', type: 'string' },
    { name: 'SystemProperties', type: values() },
    { name: 'Properties', type: values('null') },
    { name: 'Body', type: ['null', 'bytes'] },
  ],
};
const eventDataType = Type.forSchema(eventData as Parameters<typeof Type.forSchema>[0]);

export interface CaptureFileOptions {
  readonly codec: 'null' | 'deflate';
  /** What tells this file from every other one; the same file written again is the same to the byte. */
  readonly identity: string;
}

/** An Avro object container file of these records, in their order, and how many of them are no clock marks. */
export async function captureFile(
  records: AsyncIterable<readonly LogRecord[]>,
  { codec, identity }: CaptureFileOptions,
): Promise<{ readonly content: Buffer; readonly events: number }> {
  const syncMarker = createHash('md5').update(identity).digest();
  const encoder = new streams.BlockEncoder(eventDataType, { codec, syncMarker, writeHeader: 'always' });
  const chunks: Buffer[] = [];
  const written = (async () => {
    for await (const chunk of encoder) chunks.push(chunk as Buffer);
  })();
  let events = 0;
  for await (const some of records) {
    for (const record of some) {
      const event = eventDataOf(record);
      if (!Object.hasOwn(event.Properties, kindProperty)) events++;
      if (!encoder.write(event)) await new Promise((resolve) => encoder.once('drain', resolve));
    }
  }
  encoder.end();
  await written;
  return { content: Buffer.concat(chunks), events };
}

/** The blob's name: `{s}-{Namespace}` and the like by its format, Azure's extension, and a number where the name is taken. */
export function captureFileName(
  format: string,
  from: { namespace: string; eventHub: string; partition: string; time: number; repetition: number },
): string {
  const time = new Date(from.time).toISOString();
  const name = format
    .replaceAll('{Namespace}', from.namespace)
    .replaceAll('{EventHub}', from.eventHub)
    .replaceAll('{PartitionId}', from.partition)
    .replaceAll('{Year}', time.slice(0, 4))
    .replaceAll('{Month}', time.slice(5, 7))
    .replaceAll('{Day}', time.slice(8, 10))
    .replaceAll('{Hour}', time.slice(11, 13))
    .replaceAll('{Minute}', time.slice(14, 16))
    .replaceAll('{Second}', time.slice(17, 19));
  return from.repetition === 0 ? `${name}.avro` : `${name}_${from.repetition}.avro`;
}

function eventDataOf(record: LogRecord): Record<string, unknown> & { readonly Properties: object } {
  const decoded = amqp.decode(deliveryOf(record)) as unknown as Decoded;
  const { 'x-opt-sequence-number': _sequence, 'x-opt-offset': _offset, ...system } = decoded.message_annotations ?? {};
  return {
    SequenceNumber: record.sequence,
    Offset: String(record.offset),
    EnqueuedTimeUtc: textTime(record.enqueuedTime),
    SystemProperties: mapOf({ ...system, ...messageProperties(decoded) }, false),
    Properties: mapOf(decoded.application_properties ?? {}, true),
    Body: bodyOf(decoded.body),
  };
}

interface Decoded {
  readonly message_annotations?: Record<string, unknown>;
  readonly application_properties?: Record<string, unknown>;
  readonly body?: unknown;
  readonly [property: string]: unknown;
}

/** Event Hubs gives the message's own properties among the system properties, by their AMQP names. */
function messageProperties(decoded: Decoded): Record<string, unknown> {
  const names = ['content_type', 'content_encoding', 'message_id', 'correlation_id', 'user_id'];
  const given = names.filter((name) => decoded[name] !== undefined && decoded[name] !== null);
  return Object.fromEntries(given.map((name) => [name.replace('_', '-'), decoded[name]]));
}

/** `1/31/2026 8:38:45 PM`: how .NET writes a time without a culture, which is what captured files hold. */
function textTime(time: number): string {
  const at = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  const hour = at.getUTCHours();
  const day = `${at.getUTCMonth() + 1}/${at.getUTCDate()}/${at.getUTCFullYear()}`;
  return `${day} ${hour % 12 || 12}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} ${hour < 12 ? 'AM' : 'PM'}`;
}

function mapOf(from: Record<string, unknown>, mayBeNull: boolean): Record<string, unknown> {
  const entries = Object.entries(from).map(([key, value]) => [key, avroValue(value)] as const);
  return Object.fromEntries(entries.filter(([, value]) => mayBeNull || value !== null));
}

/** A branch of the union of property values; what it has no branch for becomes text. */
function avroValue(value: unknown): Record<string, unknown> | null {
  if (value === null || value === undefined) return null;
  if (Buffer.isBuffer(value)) return { bytes: value };
  if (value instanceof Date) return { long: value.getTime() };
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { long: value } : { double: value };
  return { string: typeof value === 'object' ? JSON.stringify(value) : String(value) };
}

/** The bytes of the data sections; another body as the text of its value. */
function bodyOf(body: unknown): Buffer | null {
  if (body === null || body === undefined) return null;
  if (Buffer.isBuffer(body)) return body;
  const { typecode, content } = body as { readonly typecode?: number; readonly content?: unknown };
  if (typecode === 0x75) return Buffer.isBuffer(content) ? content : Buffer.concat((content ?? []) as Buffer[]);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
