import 'reflect-metadata';
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { Certificates } from '../contracts';
import { dayMs, issueAuthority, issueLeaf, type KeyAndCertificate } from './issuing';

const authorityDays = 3650;
const serverDays = 397;
const renewalDays = 30;

/**
 * The TLS authority and server certificate of the local cloud, kept as PEM files in `folder` (keys readable only by
 * their owner). The authority holds for ten years; the server certificate for 397 days, and is issued anew when it has
 * less than 30 left. Validity follows the machine's clock, since foreign clients check it against theirs.
 */
export async function openCertificates(folder: string): Promise<Certificates> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const authority = readValid(folder, 'authority') ?? keep(folder, 'authority', await issueLocalAuthority());
  const kept = readValid(folder, 'server');
  const server =
    kept !== undefined && new X509Certificate(kept.cert).checkIssued(new X509Certificate(authority.cert))
      ? kept
      : keep(folder, 'server', await issueServer(authority));
  return { authority: authority.cert, authorityFile: join(folder, 'authority.pem'), server };
}

function readValid(folder: string, name: string): KeyAndCertificate | undefined {
  const files = { key: join(folder, `${name}-key.pem`), cert: join(folder, `${name}.pem`) };
  if (!existsSync(files.key) || !existsSync(files.cert)) return undefined;
  const read = { key: readFileSync(files.key, 'utf8'), cert: readFileSync(files.cert, 'utf8') };
  try {
    const certificate = new X509Certificate(read.cert);
    const lasts = new Date(certificate.validTo).getTime() - Date.now() > renewalDays * dayMs;
    // A process that died between writing the key and the certificate leaves a pair that does not match.
    return lasts && certificate.checkPrivateKey(createPrivateKey(read.key)) ? read : undefined;
  } catch {
    return undefined;
  }
}

function keep(folder: string, name: string, made: KeyAndCertificate): KeyAndCertificate {
  for (const [file, pem, mode] of [
    [join(folder, `${name}-key.pem`), made.key, 0o600],
    [join(folder, `${name}.pem`), made.cert, 0o644],
  ] as const) {
    writeFileSync(`${file}.tmp`, pem, { mode });
    renameSync(`${file}.tmp`, file);
  }
  return made;
}

function issueLocalAuthority(): Promise<KeyAndCertificate> {
  // A random part in the name keeps two local clouds on one machine apart in trust stores, which look up by name.
  return issueAuthority(`CN=pulumi-azure-iomt local cloud ${randomBytes(4).toString('hex')}`, authorityDays, 0);
}

function issueServer(authority: KeyAndCertificate): Promise<KeyAndCertificate> {
  return issueLeaf(authority, 'CN=localhost', serverDays, [x509.ExtendedKeyUsage.serverAuth], async (publicKey) => [
    new x509.SubjectAlternativeNameExtension([
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
      { type: 'ip', value: '::1' },
    ]),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ]);
}
