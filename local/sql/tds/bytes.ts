/** Reads a message from its beginning to its end. Reading past the end is a fault of who sent it. */
export class ByteReader {
  offset = 0;

  constructor(readonly data: Buffer) {}

  get isAtEnd(): boolean {
    return this.offset >= this.data.length;
  }

  take(length: number): Buffer {
    const end = this.offset + length;
    if (end > this.data.length) throw new RangeError(`The message ends at byte ${this.data.length}, not at ${end}.`);
    const taken = this.data.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }

  uint8(): number {
    return this.take(1).readUInt8();
  }

  uint16(): number {
    return this.take(2).readUInt16LE();
  }

  int32(): number {
    return this.take(4).readInt32LE();
  }

  uint32(): number {
    return this.take(4).readUInt32LE();
  }

  uint64(): bigint {
    return this.take(8).readBigUInt64LE();
  }

  /** Little-endian unsigned number of up to 6 bytes. */
  uint(length: number): number {
    return this.take(length).readUIntLE(0, length);
  }

  /** Text whose length in characters stands in one byte before it. */
  shortText(): string {
    return this.take(this.uint8() * 2).toString('utf16le');
  }

  /** Text whose length in characters stands in two bytes before it. */
  longText(): string {
    return this.take(this.uint16() * 2).toString('utf16le');
  }
}

/** Puts a message together. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafe(4096);
  private length = 0;

  get size(): number {
    return this.length;
  }

  finish(): Buffer {
    return Buffer.from(this.buffer.subarray(0, this.length));
  }

  private room(bytes: number): number {
    const at = this.length;
    if (at + bytes > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, at + bytes));
      this.buffer.copy(larger, 0, 0, at);
      this.buffer = larger;
    }
    this.length = at + bytes;
    return at;
  }

  bytes(data: Uint8Array): this {
    const at = this.room(data.length);
    this.buffer.set(data, at);
    return this;
  }

  uint8(value: number): this {
    const at = this.room(1);
    this.buffer.writeUInt8(value, at);
    return this;
  }

  uint16(value: number): this {
    const at = this.room(2);
    this.buffer.writeUInt16LE(value, at);
    return this;
  }

  int16(value: number): this {
    const at = this.room(2);
    this.buffer.writeInt16LE(value, at);
    return this;
  }

  int32(value: number): this {
    const at = this.room(4);
    this.buffer.writeInt32LE(value, at);
    return this;
  }

  uint32(value: number): this {
    const at = this.room(4);
    this.buffer.writeUInt32LE(value, at);
    return this;
  }

  uint64(value: bigint): this {
    const at = this.room(8);
    this.buffer.writeBigUInt64LE(value, at);
    return this;
  }

  int64(value: bigint): this {
    const at = this.room(8);
    this.buffer.writeBigInt64LE(value, at);
    return this;
  }

  float(value: number): this {
    const at = this.room(4);
    this.buffer.writeFloatLE(value, at);
    return this;
  }

  double(value: number): this {
    const at = this.room(8);
    this.buffer.writeDoubleLE(value, at);
    return this;
  }

  /** Little-endian unsigned number of up to 6 bytes. */
  uint(value: number, bytes: number): this {
    const at = this.room(bytes);
    this.buffer.writeUIntLE(value, at, bytes);
    return this;
  }

  shortText(text: string): this {
    return this.uint8(text.length).bytes(Buffer.from(text, 'utf16le'));
  }

  longText(text: string): this {
    return this.uint16(text.length).bytes(Buffer.from(text, 'utf16le'));
  }
}
