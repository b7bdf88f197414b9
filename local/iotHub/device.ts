import { randomBytes, randomUUID } from 'node:crypto';
import { AzureError } from '../contracts';

/** How a device proves who it is (IoT Hub identity registry, `authentication`). */
export type DeviceAuthentication =
  | { readonly type: 'sas'; readonly symmetricKey: { readonly primaryKey: string; readonly secondaryKey: string } }
  /** Thumbprints: hex SHA-1 or SHA-256 of the device's own certificate. */
  | {
      readonly type: 'selfSigned';
      readonly x509Thumbprint: { readonly primaryThumbprint: string; readonly secondaryThumbprint?: string };
    }
  /** A certificate whose common name is the device id, from an authority that the hub knows as verified. */
  | { readonly type: 'certificateAuthority' };

/** Properties that one side of a twin holds, with their version. */
export interface TwinProperties {
  readonly version: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A device as the hub keeps it: its identity and its twin. */
export interface Device {
  readonly deviceId: string;
  /** Tells it from an earlier device of the same id. */
  readonly generationId: string;
  readonly etag: string;
  readonly status: 'enabled' | 'disabled';
  readonly statusReason?: string;
  readonly authentication: DeviceAuthentication;
  readonly iotEdge: boolean;
  /** Of an IoT Edge device: its own scope. Of another: the scope of the IoT Edge device that it is a child of. */
  readonly deviceScope?: string;
  readonly parentScopes: readonly string[];
  readonly twin: {
    readonly etag: string;
    readonly version: number;
    readonly tags: Readonly<Record<string, unknown>>;
    readonly desired: TwinProperties;
    readonly reported: TwinProperties;
  };
}

/** What is given to make a device. */
export interface DeviceRegistration {
  readonly authentication: DeviceAuthentication;
  readonly status?: 'enabled' | 'disabled';
  readonly statusReason?: string;
  readonly iotEdge?: boolean;
  readonly deviceScope?: string;
  readonly parentScopes?: readonly string[];
  readonly initialTwin?: {
    readonly tags?: Readonly<Record<string, unknown>>;
    readonly desired?: Readonly<Record<string, unknown>>;
  };
}

/** IoT Hub developer guide, "Device identity properties": case-sensitive, up to 128 of these ASCII characters. */
const deviceIdPattern = /^[A-Za-z0-9\-.%_*?!(),:=@$']{1,128}$/;

export function requireDeviceId(deviceId: string): void {
  if (deviceIdPattern.test(deviceId)) return;
  throw new AzureError(
    400,
    'InvalidDeviceId',
    `The device id "${deviceId}" is not allowed: 1 to 128 ASCII letters, digits and - . % _ * ? ! ( ) , : = @ $ '.`,
  );
}

/** Keys that the hub makes for a device that is given none: 32 random bytes each, base64. */
export function newSymmetricKeys(): { primaryKey: string; secondaryKey: string } {
  return { primaryKey: randomBytes(32).toString('base64'), secondaryKey: randomBytes(32).toString('base64') };
}

export function newDevice(deviceId: string, given: DeviceRegistration): Device {
  requireDeviceId(deviceId);
  const iotEdge = given.iotEdge ?? false;
  const ownScope = `ms-azure-iot-edge://${deviceId}-${randomBytes(8).toString('hex')}`;
  const deviceScope = iotEdge ? ownScope : given.deviceScope;
  return {
    deviceId,
    generationId: randomBytes(8).readBigUInt64BE().toString(),
    etag: newEtag(),
    status: given.status ?? 'enabled',
    ...(given.statusReason === undefined ? {} : { statusReason: given.statusReason }),
    authentication: given.authentication,
    iotEdge,
    ...(deviceScope === undefined ? {} : { deviceScope }),
    parentScopes: given.parentScopes ?? (iotEdge || deviceScope === undefined ? [] : [deviceScope]),
    twin: {
      etag: newEtag(),
      version: 1,
      tags: given.initialTwin?.tags ?? {},
      desired: { version: 1, values: given.initialTwin?.desired ?? {} },
      reported: { version: 1, values: {} },
    },
  };
}

export function newEtag(): string {
  return randomUUID().replaceAll('-', '').slice(0, 16);
}

/** Whether this gateway may send in the name of that device: the device is its child. */
export function isParentOf(gateway: Device, child: Device): boolean {
  return gateway.iotEdge && gateway.deviceScope !== undefined && child.parentScopes.includes(gateway.deviceScope);
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Merges as a twin does (RFC 7396): `null` takes a property away. */
export function mergePatch(target: JsonObject, patch: JsonObject): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (isObject(value)) merged[key] = mergePatch(isObject(merged[key]) ? merged[key] : {}, value);
    else merged[key] = value;
  }
  return merged;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
