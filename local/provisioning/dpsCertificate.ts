import { X509Certificate } from 'node:crypto';
import { type ArmResource, AzureError, type Properties, type Resources } from '../contracts';

interface CertificateInputs {
  readonly certificate?: string;
  readonly isVerified?: boolean;
}

/**
 * What Azure answers for a certificate of a provisioning service.
 * `properties.certificate` is PEM, or base64 of a .cer or .pem file; `isVerified` must be set, since nothing here asks
 * for a proof of possession afterwards.
 * @throws AzureError 400 when it is not the certificate of an authority.
 */
export function describeCertificate(resource: ArmResource): Properties {
  const given = (resource.inputs.properties ?? {}) as CertificateInputs;
  const certificate = parse(given.certificate, resource.id);
  const created = (resource.outputs.properties as { created?: string } | undefined)?.created ?? resource.createdAt;
  return {
    properties: {
      ...given,
      subject: /CN=(.*)/.exec(certificate.subject)?.[1] ?? certificate.subject,
      expiry: new Date(certificate.validTo).toUTCString(),
      thumbprint: certificate.fingerprint.replaceAll(':', ''),
      isVerified: given.isVerified === true,
      created,
      updated: created,
    },
    etag: `"${certificate.fingerprint256.replaceAll(':', '').slice(0, 16)}"`,
  };
}

/** PEM of the service's certificate with that name when it is verified. */
export function verifiedAuthority(resources: Resources, serviceId: string, name: string): string | undefined {
  const wanted = `${serviceId}/certificates/${name}`.toLowerCase();
  const resource = resources.below(serviceId).find(({ id }) => id.toLowerCase() === wanted);
  const given = resource?.inputs.properties as CertificateInputs | undefined;
  if (resource === undefined || given?.isVerified !== true) return undefined;
  return parse(given.certificate, resource.id).toString();
}

function parse(given: string | undefined, id: string): X509Certificate {
  const text = given ?? '';
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64'));
  } catch {
    throw new AzureError(
      400,
      'BadRequest',
      `properties.certificate of ${id} is not a certificate: give PEM, or base64 of it.`,
    );
  }
  if (!certificate.ca) {
    throw new AzureError(400, 'BadRequest', `properties.certificate of ${id} is not that of an authority (CA:TRUE).`);
  }
  return certificate;
}
