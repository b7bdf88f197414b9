import 'reflect-metadata';
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { dayMs, issueAuthority, issueLeaf, type KeyAndCertificate } from '../core/issuing';

const authorityDays = 3650;
const deviceDays = 730;
const renewalDays = 30;

/** What a device proves itself with: its X.509 certificate and private key, as PEM. */
export type DeviceCredentials = KeyAndCertificate;

/**
 * The certificate authority of a fleet of devices, as a device maker or a hospital's device team runs one: its
 * certificate is registered with IoT Hub and the Device Provisioning Service, its key signs the devices' certificates.
 *
 * Everything is kept as PEM files below one folder, private keys readable only by their owner (mode 600), so that a
 * device is the same device after a restart. ECDSA P-256; the root holds for 10 years, a device's certificate for two,
 * and is issued anew when less than 30 days are left. Validity follows the machine's clock, as TLS checks it.
 */
export class DeviceAuthority {
  private constructor(
    private readonly folder: string,
    private readonly root: DeviceCredentials,
  ) {}

  /**
   * Opens the authority in `folder`, or makes one there.
   * @param name Common name of the root certificate, for a new one. IoT Hub finds an authority by its certificate, so
   *   two authorities may have the same name.
   */
  static async open(folder: string, name = 'Ward devices'): Promise<DeviceAuthority> {
    mkdirSync(join(folder, 'devices'), { recursive: true, mode: 0o700 });
    const kept = readPair(folder, 'authority');
    return new DeviceAuthority(folder, kept ?? writePair(folder, 'authority', await issueRoot(name)));
  }

  /** PEM of the root certificate, to be registered as `iothub:Certificate` and `deviceprovisioningservices:DpsCertificate`. */
  get certificate(): string {
    return this.root.cert;
  }

  /**
   * The credentials of a device: those that are kept, or new ones.
   * @param deviceId Common name of the certificate; IoT Hub and DPS want it equal to the device or registration id.
   */
  async credentials(deviceId: string): Promise<DeviceCredentials> {
    const folder = join(this.folder, 'devices');
    // A device id may hold characters that a file name may not, and is compared with regard to case; a digest is safe.
    const name = createHash('sha256').update(deviceId).digest('hex').slice(0, 32);
    const kept = readPair(folder, name);
    if (kept !== undefined && isCurrent(kept, this.root)) return kept;
    return writePair(folder, name, await issueDevice(deviceId, this.root));
  }
}

function readPair(folder: string, name: string): DeviceCredentials | undefined {
  const files = { key: join(folder, `${name}-key.pem`), cert: join(folder, `${name}.pem`) };
  if (!existsSync(files.key) || !existsSync(files.cert)) return undefined;
  const pair = { key: readFileSync(files.key, 'utf8'), cert: readFileSync(files.cert, 'utf8') };
  // A process that died between the two files leaves a key and a certificate which do not belong together.
  return new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key)) ? pair : undefined;
}

function writePair(folder: string, name: string, pair: DeviceCredentials): DeviceCredentials {
  for (const [file, pem] of [
    [join(folder, `${name}-key.pem`), pair.key],
    [join(folder, `${name}.pem`), pair.cert],
  ] as const) {
    const unfinished = `${file}.${process.pid}.tmp`;
    writeFileSync(unfinished, pem, { mode: 0o600 });
    renameSync(unfinished, file);
  }
  return pair;
}

function isCurrent(pair: DeviceCredentials, root: DeviceCredentials): boolean {
  const certificate = new X509Certificate(pair.cert);
  const daysLeft = (new Date(certificate.validTo).getTime() - Date.now()) / dayMs;
  return daysLeft > renewalDays && certificate.checkIssued(new X509Certificate(root.cert));
}

function issueRoot(name: string): Promise<DeviceCredentials> {
  return issueAuthority([{ CN: [name] }], authorityDays);
}

function issueDevice(deviceId: string, root: DeviceCredentials): Promise<DeviceCredentials> {
  return issueLeaf(root, [{ CN: [deviceId] }], deviceDays, [x509.ExtendedKeyUsage.clientAuth]);
}
