import { randomBytes, X509Certificate } from 'node:crypto';
import { AzureError } from '../contracts';

/** How a group of devices proves itself (DPS: "attestation mechanism"). TPM is for single devices only. */
export type Attestation =
  | {
      readonly type: 'x509';
      readonly x509: {
        /** Names of the service's verified certificates (`certificates/<name>`). */
        readonly caReferences?: { readonly primary?: string; readonly secondary?: string };
        /** PEM of intermediate authorities, given with the group itself. */
        readonly signingCertificates?: {
          readonly primary?: { readonly certificate: string };
          readonly secondary?: { readonly certificate: string };
        };
      };
    }
  | { readonly type: 'symmetricKey'; readonly symmetricKey: SymmetricKeys };

/** Base64 of 16 to 64 bytes; made by the service when a group is created without. */
export interface SymmetricKeys {
  readonly primaryKey: string;
  readonly secondaryKey: string;
}

export const allocationPolicies = ['hashed', 'geoLatency', 'static'] as const;
export type AllocationPolicy = (typeof allocationPolicies)[number];

/** An enrollment group in the words of the DPS service API (api-version 2021-10-01). */
export interface EnrollmentGroup {
  readonly enrollmentGroupId: string;
  readonly attestation: Attestation;
  readonly capabilities: { readonly iotEdge: boolean };
  readonly provisioningStatus: 'enabled' | 'disabled';
  /** Overrules the service's policy for this group. */
  readonly allocationPolicy?: AllocationPolicy;
  /** Linked hubs that the group may use; all of them by default. */
  readonly iotHubs?: readonly string[];
  readonly initialTwin?: {
    readonly tags?: Readonly<Record<string, unknown>>;
    readonly properties?: { readonly desired?: Readonly<Record<string, unknown>> };
  };
  /** What happens to a device that registers again: it keeps its hub while that one is linked, and its twin. */
  readonly reprovisionPolicy: { readonly updateHubAssignment: boolean; readonly migrateDeviceData: true };
  readonly etag: string;
  readonly createdDateTimeUtc: string;
  readonly lastUpdatedDateTimeUtc: string;
}

const known = new Set([
  'enrollmentGroupId',
  'attestation',
  'capabilities',
  'provisioningStatus',
  'allocationPolicy',
  'iotHubHostName',
  'iotHubs',
  'initialTwin',
  'reprovisionPolicy',
  'etag',
  'createdDateTimeUtc',
  'lastUpdatedDateTimeUtc',
]);

type Wanted = Omit<EnrollmentGroup, 'etag' | 'createdDateTimeUtc' | 'lastUpdatedDateTimeUtc'>;

/**
 * Reads the body of a PUT. All that is wrong with it comes in one error.
 * Source of the id's rule: DPS REST reference, "Create or update a device enrollment group": up to 128 alphanumeric
 * characters and `-` `.` `_` `:`, ending alphanumeric or with a dash; compared case-insensitively.
 * @param previous The group as it is; its symmetric keys stay when the body names none.
 * @throws AzureError 400
 */
export function readEnrollmentGroup(id: string, body: unknown, previous?: EnrollmentGroup): Wanted {
  const problems: string[] = [];
  const given = asObject(body);
  if (!/^[A-Za-z0-9._:-]{0,127}[A-Za-z0-9-]$/.test(id)) {
    problems.push(
      `enrollmentGroupId "${id}" must be 1 to 128 letters, digits, "-", ".", "_" or ":", not ending in . _ :`,
    );
  }
  if (given.enrollmentGroupId !== undefined && String(given.enrollmentGroupId).toLowerCase() !== id.toLowerCase()) {
    problems.push(`enrollmentGroupId in the body is "${given.enrollmentGroupId}", in the path "${id}"`);
  }
  for (const name of Object.keys(given)) if (!known.has(name)) problems.push(`"${name}" is not a property of a group`);
  const wanted: Wanted = {
    enrollmentGroupId: previous?.enrollmentGroupId ?? id,
    attestation: readAttestation(asObject(given.attestation), previous?.attestation, problems),
    capabilities: { iotEdge: asObject(given.capabilities).iotEdge === true },
    provisioningStatus: oneOf(given, 'provisioningStatus', ['enabled', 'disabled'] as const, problems) ?? 'enabled',
    allocationPolicy: oneOf(given, 'allocationPolicy', allocationPolicies, problems),
    iotHubs: readHubs(given, problems),
    initialTwin: given.initialTwin as Wanted['initialTwin'],
    reprovisionPolicy: readReprovisionPolicy(asObject(given.reprovisionPolicy), problems),
  };
  if (problems.length > 0) throw new AzureError(400, 'BadRequest', `${problems.join('; ')}.`);
  return wanted;
}

function readReprovisionPolicy(given: Record<string, unknown>, problems: string[]): Wanted['reprovisionPolicy'] {
  if (given.migrateDeviceData === false) {
    problems.push(
      'reprovisionPolicy.migrateDeviceData is false, but the local cloud always keeps a device and its twin',
    );
  }
  return { updateHubAssignment: given.updateHubAssignment !== false, migrateDeviceData: true };
}

function readHubs(given: Record<string, unknown>, problems: string[]): string[] | undefined {
  const hubs = given.iotHubs ?? (given.iotHubHostName === undefined ? undefined : [given.iotHubHostName]);
  if (hubs === undefined) return undefined;
  if (Array.isArray(hubs) && hubs.every((hub) => typeof hub === 'string')) return hubs.length > 0 ? hubs : undefined;
  problems.push('iotHubs must be a list of host names');
  return undefined;
}

function readAttestation(
  given: Record<string, unknown>,
  previous: Attestation | undefined,
  problems: string[],
): Attestation {
  if (given.type === 'symmetricKey') {
    return { type: 'symmetricKey', symmetricKey: readKeys(asObject(given.symmetricKey), previous, problems) };
  }
  if (given.type !== 'x509') problems.push(`attestation.type is "${given.type}"; a group has x509 or symmetricKey`);
  const x509 = asObject(given.x509) as Extract<Attestation, { type: 'x509' }>['x509'];
  const { caReferences, signingCertificates } = x509;
  if (given.type === 'x509' && (caReferences?.primary === undefined) === (signingCertificates?.primary === undefined)) {
    problems.push('attestation.x509 must have either caReferences.primary or signingCertificates.primary');
  }
  for (const signing of [signingCertificates?.primary, signingCertificates?.secondary]) {
    if (signing !== undefined && !isAuthority(signing.certificate)) {
      problems.push('attestation.x509.signingCertificates must be PEM certificates of an authority (CA:TRUE)');
    }
  }
  return { type: 'x509', x509: caReferences === undefined ? { signingCertificates } : { caReferences } };
}

function readKeys(
  given: Record<string, unknown>,
  previous: Attestation | undefined,
  problems: string[],
): SymmetricKeys {
  const kept = previous?.type === 'symmetricKey' ? previous.symmetricKey : undefined;
  const key = (name: keyof SymmetricKeys): string => {
    const value = given[name];
    if (value === undefined || value === '') return kept?.[name] ?? randomBytes(64).toString('base64');
    const bytes = Buffer.from(String(value), 'base64').length;
    if (bytes < 16 || bytes > 64) problems.push(`attestation.symmetricKey.${name} must be base64 of 16 to 64 bytes`);
    return String(value);
  };
  return { primaryKey: key('primaryKey'), secondaryKey: key('secondaryKey') };
}

function isAuthority(pem: unknown): boolean {
  try {
    return new X509Certificate(String(pem)).ca;
  } catch {
    return false;
  }
}

function oneOf<T extends string>(
  given: Record<string, unknown>,
  name: string,
  allowed: readonly T[],
  problems: string[],
): T | undefined {
  const value = given[name];
  if (value === undefined || value === null || allowed.includes(value as T))
    return (value ?? undefined) as T | undefined;
  problems.push(`${name} is "${value}", allowed here: ${allowed.join(', ')}`);
  return undefined;
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** The group as GET answers it: symmetric keys are left out, they come from `attestationmechanism` alone. */
export function withoutKeys(group: EnrollmentGroup): object {
  const attestation = group.attestation.type === 'x509' ? group.attestation : { type: 'symmetricKey' };
  return { ...group, attestation };
}
