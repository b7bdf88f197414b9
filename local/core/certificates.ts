import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { Certificates } from '../contracts';

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 24 * 60 * 60 * 1000;
const authorityDays = 3650;
const serverDays = 397;
const renewalDays = 30;

interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

/**
 * The TLS authority and server certificate of the local cloud, kept as PEM files in `folder` (keys readable only by
 * their owner). The authority holds for ten years; the server certificate for 397 days, and is issued anew when it has
 * less than 30 left. Validity follows the machine's clock, since foreign clients check it against theirs.
 */
export async function openCertificates(folder: string): Promise<Certificates> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const authority = readValid(folder, 'authority') ?? keep(folder, 'authority', await issueAuthority());
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
    const lasts = new Date(certificate.validTo).getTime() - Date.now() > renewalDays * day;
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

async function issueAuthority(): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(authorityDays),
    // A random part in the name keeps two local clouds on one machine apart in trust stores, which look up by name.
    name: `CN=pulumi-azure-iomt local cloud ${randomBytes(4).toString('hex')}`,
    keys,
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await privatePem(keys.privateKey), cert: certificate.toString('pem') };
}

async function issueServer(authority: KeyAndCertificate): Promise<KeyAndCertificate> {
  const issuer = new x509.X509Certificate(authority.cert);
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' }),
    keyAlgorithm,
    false,
    ['sign'],
  );
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(serverDays),
    subject: 'CN=localhost',
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { key: await privatePem(keys.privateKey), cert: certificate.toString('pem') };
}

function validity(days: number): { serialNumber: string; notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return {
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    notBefore: new Date(now - day),
    notAfter: new Date(now + days * day),
  };
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}
