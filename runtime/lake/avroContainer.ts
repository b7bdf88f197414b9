import { inflateRawSync } from 'node:zlib';
import { type Resolver, type Schema, Type } from 'avsc';

const magic = Buffer.from('Obj\x01');
const syncBytes = 16;
const metadataType = Type.forSchema({ type: 'map', values: 'bytes' });

/** A file of the lake that is not what it should be. The message names the file and never holds a value of it. */
export class LakeFileError extends Error {
  constructor(
    readonly file: string,
    problem: string,
  ) {
    super(`The captured file ${file} ${problem}.`);
    this.name = 'LakeFileError';
  }
}

/**
 * Records of an Avro object container file, one array a block, as it comes in: memory holds one block and one chunk. avsc's own
 * decoder of such files is not used, as it ends in silence where a file is cut off.
 *
 * @param wanted the members to read, as an Avro schema; others are skipped
 * @throws LakeFileError when the file is foreign, torn, or of a schema without these members
 */
export async function* decodeContainer<Value>(
  chunks: AsyncIterable<Buffer | string | Uint8Array>,
  file: string,
  wanted: Type,
): AsyncGenerator<Value[]> {
  const input = new ByteQueue(chunks, file);
  const { resolver, type, codec, sync } = await readHeader(input, file, wanted);
  for (;;) {
    const count = await input.long(true);
    if (count === undefined) return;
    const size = (await input.long(false)) ?? 0;
    if (count < 0 || size < 0) throw new LakeFileError(file, 'has a block of negative size');
    const data = unpacked(await input.take(size), codec, file);
    if (!(await input.take(syncBytes)).equals(sync))
      throw new LakeFileError(file, 'has a block without its sync marker');
    yield decodeBlock<Value>(data, count, file, { type, resolver });
  }
}

interface Reading {
  readonly type: Type;
  readonly resolver: Resolver;
}

async function readHeader(input: ByteQueue, file: string, wanted: Type) {
  if (!(await input.take(magic.length)).equals(magic))
    throw new LakeFileError(file, 'is not an Avro object container file');
  const metadata = await input.value<Record<string, Buffer>>(metadataType);
  const codec = metadata['avro.codec']?.toString() ?? 'null';
  if (codec !== 'null' && codec !== 'deflate')
    throw new LakeFileError(file, `has the codec ${codec.slice(0, 20)}; null and deflate are read`);
  let resolver: Resolver;
  try {
    const written = Type.forSchema(JSON.parse(metadata['avro.schema']?.toString() ?? '') as Schema);
    resolver = wanted.createResolver(written);
  } catch {
    throw new LakeFileError(file, 'has a schema that is not that of captured events');
  }
  return { resolver, type: wanted, codec, sync: Buffer.from(await input.take(syncBytes)) };
}

function unpacked(data: Buffer, codec: string, file: string): Buffer {
  if (codec === 'null') return data;
  try {
    return inflateRawSync(data);
  } catch {
    throw new LakeFileError(file, 'has a block that cannot be unpacked');
  }
}

function decodeBlock<Value>(data: Buffer, count: number, file: string, { type, resolver }: Reading): Value[] {
  const values: Value[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    const { value, offset } = decodeAt(data, at, file, { type, resolver });
    values.push(value as Value);
    at = offset;
  }
  if (at !== data.length) throw new LakeFileError(file, 'has a block with more than its records');
  return values;
}

function decodeAt(data: Buffer, at: number, file: string, { type, resolver }: Reading) {
  try {
    const decoded = type.decode(data, at, resolver);
    if (decoded.offset >= 0) return decoded;
  } catch {}
  throw new LakeFileError(file, 'has a block with less than its records');
}

/** The bytes of a file as they come, of which the front is taken away. */
class ByteQueue {
  private readonly chunks: AsyncIterator<Buffer | string | Uint8Array>;
  private held: Buffer = Buffer.alloc(0);
  private at = 0;

  constructor(
    chunks: AsyncIterable<Buffer | string | Uint8Array>,
    private readonly file: string,
  ) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** @throws LakeFileError when the file ends before */
  async take(length: number): Promise<Buffer> {
    if (!(await this.fill(length))) throw this.torn();
    this.at += length;
    return this.held.subarray(this.at - length, this.at);
  }

  /** A zigzag number of Avro; undefined where the file ends and may. */
  async long(mayEnd: boolean): Promise<number | undefined> {
    let value = 0;
    for (let shift = 0; shift < 63; shift += 7) {
      if (!(await this.fill(1))) {
        if (mayEnd && shift === 0) return undefined;
        throw this.torn();
      }
      const byte = this.held[this.at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw new LakeFileError(this.file, 'has a number that is too long');
  }

  async value<Value>(type: Type): Promise<Value> {
    for (;;) {
      const { value, offset } = type.decode(this.held, this.at);
      if (offset >= 0) {
        this.at = offset;
        return value as Value;
      }
      if (!(await this.fill(this.held.length - this.at + 1))) throw this.torn();
    }
  }

  private async fill(length: number): Promise<boolean> {
    if (this.held.length - this.at >= length) return true;
    const parts = [this.held.subarray(this.at)];
    let bytes = this.held.length - this.at;
    let ended = false;
    while (bytes < length && !ended) {
      const { value, done } = await this.chunks.next();
      ended = done === true;
      if (ended) break;
      parts.push(Buffer.from(value as Buffer));
      bytes += (value as Buffer).length;
    }
    this.held = Buffer.concat(parts);
    this.at = 0;
    return bytes >= length;
  }

  private torn(): LakeFileError {
    return new LakeFileError(this.file, 'is cut off');
  }
}
