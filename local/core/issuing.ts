import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key, as PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

export const dayMs = 24 * 60 * 60 * 1000;

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

type Name = x509.X509CertificateCreateSelfSignedParams['name'];

/** A self-signed authority, ECDSA P-256. `pathLength` limits how many authorities may stand below it. */
export async function issueAuthority(name: Name, days: number, pathLength?: number): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(days),
    name,
    keys,
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, pathLength, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await privatePem(keys.privateKey), cert: certificate.toString('pem') };
}

/** A certificate for digital signatures, signed by `authority`, for what `usages` and `extensions` say. */
export async function issueLeaf(
  authority: KeyAndCertificate,
  subject: Name,
  days: number,
  usages: x509.ExtendedKeyUsage[],
  extensions: (publicKey: webcrypto.CryptoKey) => Promise<x509.Extension[]> = async () => [],
): Promise<KeyAndCertificate> {
  const issuer = new x509.X509Certificate(authority.cert);
  const issuerKey = createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' });
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(days),
    subject,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await webcrypto.subtle.importKey('pkcs8', issuerKey, keyAlgorithm, false, ['sign']),
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages),
      ...(await extensions(keys.publicKey)),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { key: await privatePem(keys.privateKey), cert: certificate.toString('pem') };
}

function validity(days: number): { serialNumber: string; notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return {
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + days * dayMs),
  };
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}
