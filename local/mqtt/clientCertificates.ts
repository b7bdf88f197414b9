import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** Who a client certificate names, once it is known to be good. */
export interface ClientCertificate {
  /** Common name of the subject: the device id at IoT Hub, the registration id at DPS. */
  readonly commonName: string;
  /** Hex without separators, lower case. */
  readonly sha1Thumbprint: string;
  /** Hex without separators, lower case. */
  readonly sha256Thumbprint: string;
  readonly certificate: X509Certificate;
  /** The authority that the chain ended at; undefined when no authorities were asked for. */
  readonly authority?: X509Certificate;
}

/** Why a client certificate is refused, in one sentence that may be logged (it holds no secret). */
export class ClientCertificateRefused extends Error {
  override readonly name = 'ClientCertificateRefused';
}

const longestChain = 8;

/** The certificate that the client of this connection presented, in its validity period but with its chain unchecked. */
export function presentedCertificate(socket: TLSSocket): ClientCertificate {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new ClientCertificateRefused('The client presented no certificate.');
  return describe(certificate);
}

/**
 * Checks the chain of the connection's client certificate up to one of the given authorities: each signature, each
 * validity period (real time, since certificates are real) and that what signs is a certificate authority.
 * @param authorities PEM of each authority, root or intermediate.
 * @throws ClientCertificateRefused
 */
export function verifyClientCertificate(socket: TLSSocket, authorities: readonly string[]): ClientCertificate {
  const client = presentedCertificate(socket);
  return { ...client, authority: findAuthority(client.certificate, authorities) };
}

/** @throws ClientCertificateRefused when no chain from the certificate ends at an authority. */
export function findAuthority(certificate: X509Certificate, authorities: readonly string[]): X509Certificate {
  const trusted = authorities.map((pem) => new X509Certificate(pem));
  let current = certificate;
  for (let depth = 0; depth < longestChain; depth++) {
    requireInValidity(current);
    const authority = trusted.find((candidate) => signed(candidate, current));
    if (authority !== undefined) {
      requireInValidity(authority);
      return authority;
    }
    const issuer = current.issuerCertificate;
    if (issuer === undefined || !signed(issuer, current) || issuer.fingerprint256 === current.fingerprint256) break;
    current = issuer;
  }
  throw new ClientCertificateRefused(
    `The certificate of "${commonNameOf(certificate)}" was signed by none of the ${trusted.length} known authorities.`,
  );
}

function signed(issuer: X509Certificate, subject: X509Certificate): boolean {
  return issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}

function requireInValidity(certificate: X509Certificate): void {
  const now = Date.now();
  if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo)) {
    throw new ClientCertificateRefused(
      `The certificate of "${commonNameOf(certificate)}" is valid from ${certificate.validFrom} to ${certificate.validTo}, not now.`,
    );
  }
}

function describe(certificate: X509Certificate): ClientCertificate {
  requireInValidity(certificate);
  return {
    commonName: commonNameOf(certificate),
    sha1Thumbprint: thumbprint(certificate.fingerprint),
    sha256Thumbprint: thumbprint(certificate.fingerprint256),
    certificate,
  };
}

function thumbprint(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

function commonNameOf(certificate: X509Certificate): string {
  return /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '';
}
