import { errors, SqlError } from '../sqlError';
import { ByteReader } from './bytes';

/** What a client says of itself when it logs in (MS-TDS 2.2.6.4). */
export interface Login {
  readonly tdsVersion: number;
  readonly packetBytes: number;
  readonly application: string;
  readonly database: string;
  /** Access token of Microsoft Entra. */
  readonly token: string;
}

const option = { version: 0, encryption: 1, instance: 2, threadId: 3, mars: 4, traceId: 5, fedAuth: 6 } as const;
const end = 0xff;
const fedAuthFeature = 0x02;
const securityToken = 0x01;

/** The server's half of the greeting: encryption is on (as it has to be with TDS 8.0), tokens are asked for. */
export function preloginAnswer(): Buffer {
  const options: [number, Buffer][] = [
    [option.version, Buffer.from([12, 0, 0x07, 0xd0, 0, 0])],
    [option.encryption, Buffer.from([1])],
    [option.instance, Buffer.from([0])],
    [option.threadId, Buffer.alloc(0)],
    [option.mars, Buffer.from([0])],
    [option.fedAuth, Buffer.from([1])],
  ];
  const heads = Buffer.alloc(options.length * 5 + 1, end);
  let at = heads.length;
  for (const [i, [token, data]] of options.entries()) {
    heads.writeUInt8(token, i * 5);
    heads.writeUInt16BE(at, i * 5 + 1);
    heads.writeUInt16BE(data.length, i * 5 + 3);
    at += data.length;
  }
  return Buffer.concat([heads, ...options.map(([, data]) => data)]);
}

/** @throws SqlError 18456 when the client brings no access token: passwords are no way in here */
export function readLogin(data: Buffer): Login {
  const text = (at: number): string => {
    const from = data.readUInt16LE(at);
    return data.toString('utf16le', from, from + data.readUInt16LE(at + 2) * 2);
  };
  const tdsVersion = data.readUInt32LE(4);
  const packetBytes = Math.min(Math.max(data.readUInt32LE(8), 512), 32_767);
  const hasExtension = (data.readUInt8(27) & 0x10) !== 0;
  const token = hasExtension ? accessToken(data, data.readUInt32LE(data.readUInt16LE(56))) : undefined;
  if (token === undefined) throw errors.loginFailed();
  return { tdsVersion, packetBytes, application: text(48), database: text(68), token };
}

function accessToken(data: Buffer, at: number): string | undefined {
  const reader = new ByteReader(data);
  reader.offset = at;
  for (let feature = reader.uint8(); feature !== end; feature = reader.uint8()) {
    const content = new ByteReader(reader.take(reader.uint32()));
    if (feature !== fedAuthFeature) continue;
    const library = content.uint8() >> 1;
    if (library !== securityToken) {
      throw new SqlError(18_456, 'Login failed: the local cloud takes access tokens only (SecurityToken).', 14);
    }
    return content.take(content.uint32()).toString('utf16le');
  }
  return undefined;
}
