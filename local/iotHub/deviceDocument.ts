import { AzureError } from '../contracts';
import { type Device, type DeviceAuthentication, type DeviceRegistration, isObject, newSymmetricKeys } from './device';

/** A device as the REST API of IoT Hub writes it (`/devices/{id}`, API 2021-04-12). */
export function toDeviceDocument(device: Device, connected: boolean): Record<string, unknown> {
  const { authentication } = device;
  return {
    deviceId: device.deviceId,
    generationId: device.generationId,
    etag: quoted(device.etag),
    connectionState: connected ? 'Connected' : 'Disconnected',
    status: device.status,
    statusReason: device.statusReason ?? null,
    authentication: {
      type: authentication.type,
      symmetricKey:
        authentication.type === 'sas' ? authentication.symmetricKey : { primaryKey: null, secondaryKey: null },
      x509Thumbprint:
        authentication.type === 'selfSigned'
          ? { secondaryThumbprint: null, ...authentication.x509Thumbprint }
          : { primaryThumbprint: null, secondaryThumbprint: null },
    },
    capabilities: { iotEdge: device.iotEdge },
    deviceScope: device.deviceScope,
    parentScopes: device.parentScopes,
  };
}

/** A twin as the REST API writes it (`/twins/{id}`). */
export function toTwinDocument(device: Device, connected: boolean): Record<string, unknown> {
  const { twin } = device;
  return {
    deviceId: device.deviceId,
    etag: quoted(twin.etag),
    deviceEtag: quoted(device.etag),
    status: device.status,
    connectionState: connected ? 'Connected' : 'Disconnected',
    authenticationType: device.authentication.type,
    version: twin.version,
    tags: twin.tags,
    properties: {
      desired: { ...twin.desired.values, $version: twin.desired.version },
      reported: { ...twin.reported.values, $version: twin.reported.version },
    },
    capabilities: { iotEdge: device.iotEdge },
    deviceScope: device.deviceScope,
    parentScopes: device.parentScopes,
  };
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** Reads what a caller gives to make or change a device. @throws AzureError 400 */
export function readRegistration(given: Readonly<Record<string, unknown>>): DeviceRegistration {
  const { status, statusReason, deviceScope, parentScopes } = given;
  if (status !== undefined && status !== 'enabled' && status !== 'disabled') {
    throw new AzureError(400, 'ArgumentInvalid', `The status "${status}" is not allowed: enabled or disabled.`);
  }
  const capabilities = isObject(given.capabilities) ? given.capabilities : {};
  return {
    authentication: readAuthentication(isObject(given.authentication) ? given.authentication : {}),
    ...(status === undefined ? {} : { status }),
    ...(typeof statusReason === 'string' ? { statusReason } : {}),
    iotEdge: capabilities.iotEdge === true,
    ...(typeof deviceScope === 'string' ? { deviceScope } : {}),
    ...(Array.isArray(parentScopes) && parentScopes.length > 0 ? { parentScopes: parentScopes.map(String) } : {}),
  };
}

function readAuthentication(given: Record<string, unknown>): DeviceAuthentication {
  switch (given.type ?? 'sas') {
    case 'certificateAuthority':
      return { type: 'certificateAuthority' };
    case 'selfSigned':
      return { type: 'selfSigned', x509Thumbprint: readThumbprints(given.x509Thumbprint) };
    case 'sas':
      return { type: 'sas', symmetricKey: readKeys(given.symmetricKey) };
    default:
      throw new AzureError(
        400,
        'ArgumentInvalid',
        `authentication.type "${given.type}" is not allowed: sas, selfSigned or certificateAuthority.`,
      );
  }
}

function readThumbprints(given: unknown): { primaryThumbprint: string; secondaryThumbprint?: string } {
  const { primaryThumbprint: primary, secondaryThumbprint: secondary } = isObject(given) ? given : {};
  const isThumbprint = (value: unknown): value is string =>
    typeof value === 'string' && /^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(value);
  if (!isThumbprint(primary)) {
    throw new AzureError(
      400,
      'ArgumentInvalid',
      'authentication.x509Thumbprint.primaryThumbprint must be a SHA-1 or SHA-256 thumbprint: 40 or 64 hexadecimal digits.',
    );
  }
  return { primaryThumbprint: primary, ...(isThumbprint(secondary) ? { secondaryThumbprint: secondary } : {}) };
}

function readKeys(given: unknown): { primaryKey: string; secondaryKey: string } {
  const { primaryKey, secondaryKey } = isObject(given) ? given : {};
  const fresh = newSymmetricKeys();
  return {
    primaryKey: typeof primaryKey === 'string' && primaryKey !== '' ? primaryKey : fresh.primaryKey,
    secondaryKey: typeof secondaryKey === 'string' && secondaryKey !== '' ? secondaryKey : fresh.secondaryKey,
  };
}
