/** Types of messages (MS-TDS 2.2.3.1.1). */
export const messageType = {
  sqlBatch: 0x01,
  rpc: 0x03,
  response: 0x04,
  attention: 0x06,
  bulkLoad: 0x07,
  transaction: 0x0e,
  login: 0x10,
  prelogin: 0x12,
} as const;

const headerBytes = 8;
const endOfMessage = 0x01;
const ignoreMessage = 0x02;
const resetConnection = 0x08;

export interface Message {
  readonly type: number;
  readonly data: Buffer;
  /** The client took it back while it sent it: it is answered and not done. */
  readonly isIgnored: boolean;
  /** The connection is to be as new before it is done. */
  readonly resets: boolean;
}

/** The longest message that is put together: far above what a statement with its parameters takes. */
const mostBytes = 64 * 1024 * 1024;

/** Puts messages together out of the packets that come in. */
export class MessageReader {
  private pending: Buffer = Buffer.alloc(0);
  private parts: Buffer[] = [];
  private bytes = 0;
  private resets = false;

  /** @returns the messages that the chunk completes */
  push(chunk: Buffer): Message[] {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const messages: Message[] = [];
    while (this.pending.length >= headerBytes) {
      const length = this.pending.readUInt16BE(2);
      if (length < headerBytes) throw new RangeError(`A packet of ${length} bytes is shorter than its header.`);
      if (this.pending.length < length) break;
      const message = this.packet(this.pending.subarray(0, length));
      this.pending = this.pending.subarray(length);
      if (message) messages.push(message);
    }
    return messages;
  }

  private packet(packet: Buffer): Message | undefined {
    const type = packet.readUInt8(0);
    const status = packet.readUInt8(1);
    this.parts.push(packet.subarray(headerBytes));
    this.bytes += packet.length;
    if (this.bytes > mostBytes) throw new RangeError(`A message is longer than ${mostBytes} bytes.`);
    if ((status & resetConnection) !== 0) this.resets = true;
    if ((status & endOfMessage) === 0) return undefined;
    const data = Buffer.concat(this.parts);
    const message = { type, data, isIgnored: (status & ignoreMessage) !== 0, resets: this.resets };
    this.parts = [];
    this.bytes = 0;
    this.resets = false;
    return message;
  }
}

/** The packets of a response. */
export function packetsOf(data: Buffer, packetBytes: number, spid: number): Buffer {
  const most = packetBytes - headerBytes;
  const packets: Buffer[] = [];
  for (let at = 0, id = 1; at < data.length || at === 0; at += most, id++) {
    const part = data.subarray(at, at + most);
    const header = Buffer.alloc(headerBytes);
    header.writeUInt8(messageType.response, 0);
    header.writeUInt8(at + most >= data.length ? endOfMessage : 0, 1);
    header.writeUInt16BE(part.length + headerBytes, 2);
    header.writeUInt16BE(spid, 4);
    header.writeUInt8(id % 256, 6);
    packets.push(header, part);
  }
  return Buffer.concat(packets);
}
