import { FhirService, type FhirServiceArgs } from '@pulumi/azure-native/healthcareapis/fhirService';
import { Workspace } from '@pulumi/azure-native/healthcareapis/workspace';
import * as pulumi from '@pulumi/pulumi';
import type { CloudFacts } from './clouds';
import { type Children, nameFromId, type Surroundings } from './component';
import type { Encryption } from './encryption';

/** Whether a FHIR service keeps old versions of resources. */
export const FhirVersioningPolicy = {
  /** Keeps every version. */
  versioned: 'versioned',
  /** Keeps every version, and takes an update only with the version that it is about. */
  versionedUpdate: 'versioned-update',
  /** Keeps the newest version only. */
  noVersion: 'no-version',
} as const;
/** Whether a FHIR service keeps old versions of resources. */
export type FhirVersioningPolicy = (typeof FhirVersioningPolicy)[keyof typeof FhirVersioningPolicy];

/** A FHIR service as components use it: a new one or one that exists. */
export interface FhirServiceReference {
  readonly id: pulumi.Output<string>;
  readonly workspaceId: pulumi.Output<string>;
  /** Base URL for clients. */
  readonly url: pulumi.Output<string>;
  /** What tokens must be for. */
  readonly audience: pulumi.Output<string>;
  readonly location: pulumi.Output<string>;
}

/** A workspace of Azure Health Data Services with one FHIR R4 service in it. */
export interface FhirSettings {
  readonly workspaceName: pulumi.Output<string>;
  readonly fhirServiceName: pulumi.Output<string>;
  readonly versioningPolicy: FhirVersioningPolicy;
  readonly versioningPolicyOverrides: Readonly<Record<string, FhirVersioningPolicy>>;
  readonly cloud: CloudFacts;
  readonly encryption: Encryption;
  /** The key with its version, which FHIR services need. */
  readonly keyUri?: pulumi.Input<string>;
}

export interface FhirNodes extends FhirServiceReference {
  readonly workspace: Workspace;
  readonly service: FhirService;
}

/** Makes both; without exports, imports, and a proxy for SMART apps, which nothing here uses. */
export function fhirR4Service(
  children: Children,
  surroundings: Surroundings,
  settings: FhirSettings,
  opts: pulumi.CustomResourceOptions,
): FhirNodes {
  const { resourceGroupName, location, tags } = surroundings;
  const workspace = new Workspace(
    ...children.of(
      'health-workspace',
      { resourceGroupName, workspaceName: settings.workspaceName, location, tags },
      opts,
    ),
  );
  const args: FhirServiceArgs = {
    resourceGroupName,
    workspaceName: nameFromId(workspace.id),
    fhirServiceName: settings.fhirServiceName,
    location,
    tags,
    kind: 'fhir-R4',
    authenticationConfiguration: authentication(surroundings, settings),
    resourceVersionPolicyConfiguration: {
      default: settings.versioningPolicy,
      resourceTypeOverrides: { ...settings.versioningPolicyOverrides },
    },
    ...encryptionArgs(settings),
  };
  const service = new FhirService(...children.of('fhir', args, { ...opts, dependsOn: [...settings.encryption.ready] }));
  return { workspace, service, ...referenceTo(service, service.id) };
}

/**
 * A new service has no tokens' audience of its own, so it is composed as Azure does by default: it is the service's URL.
 */
function authentication(
  { tenantId }: Surroundings,
  { workspaceName, fhirServiceName, cloud }: FhirSettings,
): FhirServiceArgs['authenticationConfiguration'] {
  return {
    authority: pulumi.interpolate`${cloud.authorityHost}/${tenantId}`,
    audience: pulumi.interpolate`https://${workspaceName}-${fhirServiceName}.${cloud.fhirSuffix}`,
    smartProxyEnabled: false,
  };
}

/** One kind of identity for one service: a change of it can break what uses it ("Configure customer-managed keys"). */
function encryptionArgs({ encryption: { key }, keyUri }: FhirSettings): Partial<FhirServiceArgs> {
  if (!key || keyUri === undefined) return {};
  return {
    identity: { type: 'UserAssigned', userAssignedIdentities: [key.identity.id] },
    encryption: { customerManagedKeyEncryption: { keyEncryptionKeyUrl: pulumi.output(keyUri).apply(versionedKeyUri) } },
  };
}

const versioned = /^https:\/\/[^/]+\/keys\/[A-Za-z0-9-]+\/[0-9a-f]+$/;

/** Whether a key's URI names a version. */
export const namesVersion = (keyUri: string): boolean => versioned.test(keyUri);

export const keyVersionRule =
  'a FHIR service needs the version of the key: customerManagedKey.keyUri must look like https://<vault>.vault.azure.net/keys/<name>/<version>';

function versionedKeyUri(keyUri: string): string {
  if (namesVersion(keyUri)) return keyUri;
  throw new Error(`${keyVersionRule}; given is "${keyUri}".`);
}

/** A FHIR service that exists already, read and never changed. */
export function existingFhirService(
  children: Children,
  fhirServiceId: pulumi.Input<string>,
  url: pulumi.Input<string> | undefined,
): FhirServiceReference {
  const [name, , opts] = children.of('fhir', {});
  const reference = referenceTo(FhirService.get(name, fhirServiceId, opts), pulumi.output(fhirServiceId));
  return url === undefined ? reference : { ...reference, url: pulumi.output(url) };
}

/** Where a FHIR service answers, and what tokens for it are for. */
export interface FhirPlace {
  readonly url: pulumi.Input<string>;
  readonly audience: pulumi.Input<string>;
}

/** What is known of a FHIR service that exists; what is not told of it is read. */
export function fhirPlace(
  children: Children,
  fhirServiceId: pulumi.Input<string>,
  told: Partial<FhirPlace>,
): FhirPlace {
  const { url, audience } = told;
  if (url !== undefined && audience !== undefined) return { url, audience };
  const found = existingFhirService(children, fhirServiceId, url);
  return { url: found.url, audience: audience ?? found.audience };
}

function referenceTo(service: FhirService, id: pulumi.Output<string>): FhirServiceReference {
  const audience = service.authenticationConfiguration.apply((configuration) => configuration?.audience ?? '');
  return {
    id,
    workspaceId: id.apply((text) => text.slice(0, text.lastIndexOf('/fhirservices/'))),
    url: audience,
    audience,
    location: service.location.apply((location) => location ?? ''),
  };
}
