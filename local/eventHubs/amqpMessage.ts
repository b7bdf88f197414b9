import { AmqpRefusal } from './amqpRefusal';

/** Descriptor codes of the sections of a message (AMQP 1.0, part 3, 3.2). */
export const section = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  data: 0x75,
  footer: 0x78,
} as const;

export interface MessageSection {
  /** One of `section`, or another section's code. */
  readonly code: number;
  /** The whole section, with its descriptor. */
  readonly encoded: Buffer;
  /** The section's value alone. */
  readonly value: Buffer;
}

/**
 * The sections of an encoded message as they stand, so that bodies and properties of foreign clients are kept to the bit.
 * @throws AmqpRefusal `amqp:decode-error` when the bytes are no AMQP message.
 */
export function messageSections(message: Buffer): MessageSection[] {
  const sections: MessageSection[] = [];
  let at = 0;
  while (at < message.length) {
    if (message[at] !== 0) throw malformed('a section without descriptor');
    const valueAt = valueEnd(message, at + 1);
    const end = valueEnd(message, valueAt);
    if (end > message.length) throw malformed('a section that is cut off');
    sections.push({
      code: descriptorCode(message, at + 1),
      encoded: message.subarray(at, end),
      value: message.subarray(valueAt, end),
    });
    at = end;
  }
  return sections;
}

/** The bytes of a binary value (a data section's). */
export function binaryValue(value: Buffer): Buffer {
  if (value[0] === 0xa0) return value.subarray(2);
  if (value[0] === 0xb0) return value.subarray(5);
  throw malformed('a data section that is not binary');
}

export interface MapEntry {
  readonly key: string;
  /** Key and value as they stand. */
  readonly encoded: Buffer;
  readonly value: Buffer;
}

/** The entries of a map value whose keys are symbols or strings. */
export function mapEntries(map: Buffer): MapEntry[] {
  const isWide = map[0] === 0xd1;
  if (!isWide && map[0] !== 0xc1) throw malformed('annotations that are no map');
  const entries: MapEntry[] = [];
  let at = isWide ? 9 : 3;
  while (at < map.length) {
    const valueAt = valueEnd(map, at);
    const end = valueEnd(map, valueAt);
    entries.push({
      key: textValue(map.subarray(at, valueAt)) ?? '',
      encoded: map.subarray(at, end),
      value: map.subarray(valueAt, end),
    });
    at = end;
  }
  return entries;
}

/** A string's or symbol's text; nothing when the value is of another type. */
export function textValue(value: Buffer): string | undefined {
  if (value[0] === 0xa1 || value[0] === 0xa3) return value.toString('utf8', 2);
  if (value[0] === 0xb1 || value[0] === 0xb3) return value.toString('utf8', 5);
  return undefined;
}

/** Where the value that begins at `at` ends (AMQP 1.0, part 1, 1.2: the code's high nibble says how long it is). */
function valueEnd(bytes: Buffer, at: number): number {
  const code = bytes[at];
  if (code === undefined) throw malformed('a value that is cut off');
  if (code === 0) return valueEnd(bytes, valueEnd(bytes, at + 1));
  const kind = code >>> 4;
  const width = [0, 1, 2, 4, 8, 16][kind - 4];
  if (width !== undefined) return at + 1 + width;
  if (kind === 0xa || kind === 0xc || kind === 0xe) return at + 2 + (bytes[at + 1] ?? 0);
  if ((kind === 0xb || kind === 0xd || kind === 0xf) && at + 5 <= bytes.length)
    return at + 5 + bytes.readUInt32BE(at + 1);
  throw malformed(`the unknown type 0x${code.toString(16)}`);
}

function descriptorCode(bytes: Buffer, at: number): number {
  if (bytes[at] === 0x53) return bytes[at + 1] ?? 0;
  if (bytes[at] === 0x80) return Number(bytes.readBigUInt64BE(at + 1));
  throw malformed('a section whose descriptor is no number');
}

function malformed(what: string): AmqpRefusal {
  return new AmqpRefusal('amqp:decode-error', `The message holds ${what}.`);
}
