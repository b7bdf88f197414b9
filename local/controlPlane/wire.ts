/**
 * How property values travel between the engine and a provider (Pulumi's `resource/plugin/rpc.go`): JSON with marked
 * objects for secrets, outputs and resource references, and marked strings for values that are not known yet.
 */
import { type JavaScriptValue, Struct } from 'google-protobuf/google/protobuf/struct_pb';
import type { Properties } from '../contracts';
import { isObject, memberPath, UNKNOWN, Unknown } from './values';

const signatureKey = '4dabf18193072939515e22adb298388d';
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';
const outputSignature = 'd0e6a833031e9bbcd3f4e8bde6ca49a4';
const referenceSignature = '5cf8f73096256a8f31e491e813e4eb8e';

const unknownValue = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
/** Unknown of: any type, boolean, number, list, asset, archive, object. */
const unknowns: ReadonlySet<unknown> = new Set([
  unknownValue,
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
]);

/** Plain values and the paths at which they were marked secret. */
export interface Decoded {
  readonly values: Properties;
  readonly secrets: ReadonlySet<string>;
}

export function decode(struct: Struct | undefined): Decoded {
  const secrets = new Set<string>();
  const values = decodeValue(struct?.toJavaScript() ?? {}, '', secrets);
  return { values: isObject(values) ? values : {}, secrets };
}

/** Null means absent, as azure-native takes it. */
function decodeValue(value: unknown, path: string, secrets: Set<string>): unknown {
  if (unknowns.has(value)) return UNKNOWN;
  if (Array.isArray(value)) return value.map((v: unknown, i) => decodeValue(v, `${path}[${i}]`, secrets));
  if (!isObject(value)) return value;
  const signature = value[signatureKey];
  if (signature === secretSignature || signature === outputSignature) {
    if (signature === secretSignature || value.secret === true) secrets.add(path);
    return 'value' in value ? decodeValue(value.value, path, secrets) : UNKNOWN;
  }
  if (signature === referenceSignature) return decodeValue(value.id ?? value.urn, path, secrets);
  if (signature !== undefined) throw new Error(`${path} is an asset or archive, which no Azure resource here takes.`);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== null && v !== undefined)
      .map(([key, v]) => [key, decodeValue(v, memberPath(path, key), secrets)]),
  );
}

/** The opposite of `decode`: what stands at one of `secrets` is marked secret again. */
export function encode(values: Properties, secrets: ReadonlySet<string> = new Set()): Struct {
  return Struct.fromJavaScript(encodeValue(values, '', secrets) as { [key: string]: JavaScriptValue });
}

function encodeValue(value: unknown, path: string, secrets: ReadonlySet<string>): JavaScriptValue {
  const plain = encodePlain(value, path, secrets);
  return path !== '' && secrets.has(path) ? { [signatureKey]: secretSignature, value: plain } : plain;
}

function encodePlain(value: unknown, path: string, secrets: ReadonlySet<string>): JavaScriptValue {
  if (value instanceof Unknown) return unknownValue;
  if (Array.isArray(value)) return value.map((v: unknown, i) => encodeValue(v, `${path}[${i}]`, secrets));
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, v]) => v !== undefined)
        .map(([key, v]) => [key, encodeValue(v, memberPath(path, key), secrets)]),
    );
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return null;
}
