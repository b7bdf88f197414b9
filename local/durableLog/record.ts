import { crc32 } from 'node:zlib';

/** A record as it is read back. */
export interface LogRecord {
  /** 0 for the first record that the log ever took, then one more each. */
  readonly sequence: number;
  /** Position of the record in the log, in bytes since its beginning; grows, with gaps. Trimming does not change it. */
  readonly offset: number;
  /** Milliseconds since 1970-01-01T00:00:00Z, never less than that of the record before. */
  readonly enqueuedTime: number;
  readonly payload: Buffer;
}

/** Length of the payload (u32), CRC-32 of all that follows (u32), enqueued time (f64); then the payload. */
export const headerBytes = 16;

export function encodeRecord(target: Buffer, position: number, enqueuedTime: number, payload: Buffer): number {
  target.writeUInt32LE(payload.length, position);
  target.writeDoubleLE(enqueuedTime, position + 8);
  payload.copy(target, position + headerBytes);
  const end = position + headerBytes + payload.length;
  target.writeUInt32LE(crc32(target.subarray(position + 8, end)), position + 4);
  return end;
}

export interface DecodedRecord {
  readonly enqueuedTime: number;
  readonly payload: Buffer;
  readonly end: number;
}

/** The record at `position`, or how many bytes of it are needed, or `undefined` when what stands there is none. */
export function decodeRecord(source: Buffer, position: number): DecodedRecord | number | undefined {
  if (source.length - position < headerBytes) return headerBytes;
  const bytes = headerBytes + source.readUInt32LE(position);
  if (source.length - position < bytes) return bytes;
  const end = position + bytes;
  if (crc32(source.subarray(position + 8, end)) !== source.readUInt32LE(position + 4)) return undefined;
  return {
    enqueuedTime: source.readDoubleLE(position + 8),
    payload: source.subarray(position + headerBytes, end),
    end,
  };
}
