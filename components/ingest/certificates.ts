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

/**
 * What an authority's certificate is called in hub and provisioning service. A renewed one is called otherwise: Azure
 * changes a certificate only for who sends its ETag, which azure-native does not, so the new one comes before the old one goes.
 */
export function certificateName({ name, certificate }: CertificateAuthority): string {
  return `${name}-${fingerprint(certificate).slice(0, 8)}`;
}

function fingerprint(certificate: string): string {
  return new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
}

/** What an authority's name is in the ids of enrolment groups: lower case letters, digits and hyphens are safe in any client. */
export function idOfAuthority(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

/** A hub takes any certificate; devices are refused only later. So it is looked at here. */
export function validateAuthorities(
  problems: Problems,
  path: string,
  authorities: readonly CertificateAuthority[],
  now: Date,
): void {
  authorities.forEach(({ name, certificate }, i) => {
    const rule =
      'the name of a certificate authority must be 1 to 55 letters, digits and -._, with at least one letter or digit';
    problems.text(`${path}[${i}].name`, name, /^(?=.*[A-Za-z0-9])[A-Za-z0-9\-._]{1,55}$/, rule);
    const wrong = whatIsWrong(certificate, now);
    if (wrong) problems.add(`${path}[${i}].certificate`, `the certificate of "${name}" ${wrong}`);
  });
}

/** An authority leads to one enrolment group, whose id comes from its name. */
export function validateDifferent(
  problems: Problems,
  path: string,
  authorities: readonly CertificateAuthority[],
  taken: readonly CertificateAuthority[],
): void {
  authorities.forEach((authority, i) => {
    for (const other of [...taken, ...authorities.slice(0, i)]) {
      const both = `"${authority.name}" and "${other.name}"`;
      if (idOfAuthority(authority.name) === idOfAuthority(other.name)) {
        problems.add(`${path}[${i}].name`, `${both} must differ in more than case and punctuation.`);
      } else if (sameCertificate(authority, other)) {
        problems.add(
          `${path}[${i}].certificate`,
          `${both} have the same certificate, which can lead to one enrolment group only; give each its own.`,
        );
      }
    }
  });
}

function sameCertificate(a: CertificateAuthority, b: CertificateAuthority): boolean {
  try {
    return fingerprint(a.certificate) === fingerprint(b.certificate);
  } catch {
    // What cannot be read is said elsewhere.
    return false;
  }
}

function whatIsWrong(pem: string, now: Date): string | undefined {
  if (/PRIVATE KEY/.test(pem)) return 'comes with a private key; give the certificate alone.';
  if (pem.split('-----BEGIN CERTIFICATE-----').length > 2) return 'comes with others; give each authority by itself.';
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
