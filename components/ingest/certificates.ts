import { X509Certificate } from 'node:crypto';
import type { Problems } from '../azure/validation';
import type { CertificateAuthority } from './settings';

/** Until when each authority's certificate is valid, in ISO 8601, by its name. */
export function certificateExpiry(authorities: readonly CertificateAuthority[]): Record<string, string> {
  return Object.fromEntries(
    authorities.map(({ name, certificate }) => [
      name,
      new Date(new X509Certificate(certificate).validTo).toISOString(),
    ]),
  );
}

/** A hub takes any certificate; devices are refused only later. So it is looked at here. */
export function validateAuthorities(
  problems: Problems,
  path: string,
  authorities: readonly CertificateAuthority[],
  now: Date,
): void {
  const names = authorities.map(({ name }) => name);
  if (new Set(names).size < names.length) problems.add(path, 'each certificate authority must have a name of its own.');
  authorities.forEach(({ name, certificate }, i) => {
    const rule = 'the name of a certificate must be 1 to 64 letters, digits and -:._';
    problems.text(`${path}[${i}].name`, name, /^[A-Za-z0-9\-:._]{1,64}$/, rule);
    const wrong = whatIsWrong(certificate, now);
    if (wrong) problems.add(`${path}[${i}].certificate`, `the certificate of "${name}" ${wrong}`);
  });
}

function whatIsWrong(pem: string, now: Date): string | undefined {
  if (/PRIVATE KEY/.test(pem)) return 'comes with a private key; give the certificate alone.';
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    return 'cannot be read; give one certificate in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.';
  }
  if (!certificate.ca) return `is not one of an authority (${certificate.subject}, basic constraint CA is not set).`;
  if (new Date(certificate.validTo) <= now) return `has expired on ${certificate.validTo}; give its successor.`;
  return undefined;
}
