import { createHmac, timingSafeEqual } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { ClientCertificateRefused, findAuthority, presentedCertificate } from '../mqtt/clientCertificates';
import type { Device } from './device';

/** Why a device is not let in, in one sentence for the log. */
export class DeviceRefused extends Error {
  override readonly name = 'DeviceRefused';
}

export interface Connect {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
  readonly socket: TLSSocket;
}

export interface AuthenticationRules {
  /** `localhost:PORT`, as devices must name the hub. */
  readonly hostName: string;
  readonly deviceSasAllowed: boolean;
  /** PEM of the hub's verified certificate authorities. */
  readonly authorities: readonly string[];
  readonly find: (deviceId: string) => Device | undefined;
}

export interface AuthenticatedDevice {
  readonly device: Device;
  /** Value of the system property `iothub-connection-auth-method`. */
  readonly authMethod: string;
}

/**
 * Lets a device in as IoT Hub does: by the MQTT user name `{host}/{device id}/?api-version=...`, the client id that must
 * be the device id, and a client certificate (no password) or a SAS token (as password).
 * @throws DeviceRefused
 */
export function authenticateDevice(connect: Connect, rules: AuthenticationRules): AuthenticatedDevice {
  const deviceId = deviceIdOf(connect, rules.hostName);
  const device = rules.find(deviceId);
  if (device === undefined) throw new DeviceRefused(`There is no device "${deviceId}".`);
  if (device.status !== 'enabled') throw new DeviceRefused(`The device "${deviceId}" is disabled.`);
  if (connect.password !== undefined && connect.password.length > 0) {
    requireSasToken(connect.password.toString('utf8'), device, rules);
    return { device, authMethod: authMethod('sas', 'iothub') };
  }
  requireCertificate(connect.socket, device, rules.authorities);
  return { device, authMethod: authMethod('x509Certificate', 'external') };
}

function authMethod(type: string, issuer: string): string {
  return JSON.stringify({ scope: 'device', type, issuer, acceptingIpFilterRule: null });
}

function deviceIdOf(connect: Connect, hostName: string): string {
  const parts = /^([^/]+)\/([^/]+)(?:\/([^/?]+))?\/\??(.*)$/.exec(connect.username ?? '');
  const [host, deviceId, moduleOrVersion, query] = parts?.slice(1) ?? [];
  const parameters = query || moduleOrVersion || '';
  if (host === undefined || deviceId === undefined || !parameters.includes('api-version=')) {
    throw new DeviceRefused(`The user name must be ${hostName}/{device id}/?api-version=2021-04-12.`);
  }
  if (host.toLowerCase() !== hostName.toLowerCase()) {
    throw new DeviceRefused(`The user name is for the hub ${host}; this is ${hostName}.`);
  }
  if (query && moduleOrVersion !== undefined) {
    throw new DeviceRefused(`Modules (${deviceId}/${moduleOrVersion}) cannot connect to the local cloud's IoT Hub.`);
  }
  if (connect.clientId !== deviceId) {
    throw new DeviceRefused(`The MQTT client id "${connect.clientId}" must be the device id "${deviceId}".`);
  }
  return deviceId;
}

/** @throws DeviceRefused unless the token is signed with a key of the device, for it, and not expired. */
function requireSasToken(token: string, device: Device, rules: AuthenticationRules): void {
  const { deviceId, authentication } = device;
  if (!rules.deviceSasAllowed) {
    throw new DeviceRefused(
      `The hub takes no SAS token of a device (disableDeviceSAS): "${deviceId}" needs a certificate.`,
    );
  }
  if (authentication.type !== 'sas') {
    throw new DeviceRefused(`The device "${deviceId}" authenticates by ${authentication.type}, not by a SAS token.`);
  }
  const fields = sasFields(token);
  if (fields.skn !== undefined && fields.skn !== '') {
    throw new DeviceRefused(
      "Tokens of the hub's shared access policies are not served; sign with a key of the device.",
    );
  }
  const resource = `${rules.hostName}/devices/${deviceId}`.toLowerCase();
  if (decodeURIComponent(fields.sr ?? '').toLowerCase() !== resource) {
    throw new DeviceRefused(`The SAS token is for ${decodeURIComponent(fields.sr ?? 'nothing')}, not for ${resource}.`);
  }
  // Tokens expire in real time: devices sign them with their own clocks.
  if (!(Number(fields.se) * 1000 > Date.now())) throw new DeviceRefused(`The SAS token of "${deviceId}" is expired.`);
  const { primaryKey, secondaryKey } = authentication.symmetricKey;
  if (![primaryKey, secondaryKey].some((key) => isSignedWith(key, fields))) {
    throw new DeviceRefused(`The SAS token of "${deviceId}" is signed with no key of the device.`);
  }
}

function sasFields(token: string): Record<string, string | undefined> {
  const scheme = 'SharedAccessSignature ';
  if (!token.startsWith(scheme)) throw new DeviceRefused('The password is no SAS token.');
  const pairs = token.slice(scheme.length).split('&');
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** The signature is over the resource as it stands in the token, still encoded. */
function isSignedWith(key: string, fields: Record<string, string | undefined>): boolean {
  const expected = createHmac('sha256', Buffer.from(key, 'base64')).update(`${fields.sr}\n${fields.se}`).digest();
  const given = Buffer.from(decodeURIComponent(fields.sig ?? ''), 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function requireCertificate(socket: TLSSocket, device: Device, authorities: readonly string[]): void {
  const { deviceId, authentication } = device;
  try {
    const presented = presentedCertificate(socket);
    if (authentication.type === 'sas') {
      throw new DeviceRefused(`The device "${deviceId}" authenticates by a SAS token, and sent none.`);
    }
    if (authentication.type === 'selfSigned') {
      const { primaryThumbprint, secondaryThumbprint } = authentication.x509Thumbprint;
      const known = [primaryThumbprint, secondaryThumbprint].map((thumbprint) => thumbprint?.toLowerCase());
      if (known.includes(presented.sha1Thumbprint) || known.includes(presented.sha256Thumbprint)) return;
      throw new DeviceRefused(`The certificate of "${deviceId}" has neither of the device's thumbprints.`);
    }
    if (presented.commonName !== deviceId) {
      throw new DeviceRefused(`The certificate is for "${presented.commonName}", not for the device "${deviceId}".`);
    }
    findAuthority(presented.certificate, authorities);
  } catch (error) {
    throw error instanceof ClientCertificateRefused ? new DeviceRefused(error.message) : error;
  }
}
