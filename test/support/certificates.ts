import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** PEM of a self-signed certificate: of an authority unless said otherwise, valid until `notAfter`. */
export async function certificate({ notAfter = new Date('2090-01-01T00:00:00Z'), ca = true } = {}): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    notBefore: new Date('2020-01-01T00:00:00Z'),
    notAfter,
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(ca, undefined, true)],
  });
  return made.toString('pem');
}
