import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { type HospitalEnvironmentArgs, hospitalEnvironmentProblems } from '../components/hospitalEnvironment';
import type { CertificateAuthority } from '../components/ingest/settings';
import schema from './hospital.schema.json';
import { type Problem, type Shape, shapeProblems } from './shape';

/** A problem of the configuration is the user's to mend: the engine shows the sentences and no stack. */
class ConfigurationError extends pulumi.RunError {}

/**
 * The arguments of the hospital from the stack's configuration, whose keys are the arguments' names
 * (`pulumi config set location westeurope`; nested ones with `--path 'ingest.eventHubs.deviceDataPartitions'`).
 * A certificate may be given as the path of a PEM file, and a mapping as that of a JSON file, relative to the folder of
 * Pulumi.yaml.
 *
 * @throws RunError with everything that is wrong, before the first resource.
 */
export function hospitalConfig(): HospitalEnvironmentArgs {
  const project = pulumi.getProject();
  const { values, problems } = checkedConfig(project, pulumi.runtime.allConfig(), pulumi.getRootDirectory());
  if (problems.length > 0) {
    const lines = problems.map(({ path, reason }) => `  ${project}:${path}: ${reason}`);
    throw new ConfigurationError(
      `The configuration of stack "${pulumi.getStack()}" cannot be deployed:\n${lines.join('\n')}`,
    );
  }
  return values;
}

/** Pure part of `hospitalConfig`: what is given, by full key, and everything that is wrong with it. */
export function checkedConfig(
  project: string,
  config: Readonly<Record<string, string>>,
  folder: string,
): { values: HospitalEnvironmentArgs; problems: Problem[] } {
  const given: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(config)) {
    if (key.startsWith(`${project}:`)) assign(given, key.slice(project.length + 1), text);
  }
  const ofShape = shapeProblems(shape, given, schema.$defs as Record<string, Shape>);
  const wellShaped = ofShape.reduce((values, { path }) => without(values, path.match(/[^.[\]]+/g) ?? []), given);
  const files = withMappingFiles(withCertificateFiles(wellShaped, folder), folder);
  const values = files as unknown as HospitalEnvironmentArgs;
  const shapeless = new Set(ofShape.map(({ path }) => path));
  const ofValues = hospitalEnvironmentProblems(values)
    .map(({ propertyPath, reason }) => ({ path: propertyPath, reason }))
    .filter(({ path }) => !shapeless.has(path));
  return { values, problems: [...ofShape, ...ofValues] };
}

/** `values` without what stands at the path: what has the wrong shape cannot be looked into any further. */
function without(values: Record<string, unknown>, [key = '', ...rest]: readonly string[]): Record<string, unknown> {
  const { [key]: inner, ...others } = values;
  if (rest.length === 0 || typeof inner !== 'object' || inner === null || Array.isArray(inner)) return others;
  return { ...others, [key]: without(inner as Record<string, unknown>, rest) };
}

/** The schema is of the whole file, with full keys; a project of another name has the same settings. */
const { properties, required } = schema.properties.config;
const withoutProject = (key: string) => key.slice(key.indexOf(':') + 1);
const shape = {
  type: 'object',
  properties: Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [withoutProject(key), value as Shape]),
  ),
  required: required.map(withoutProject),
  additionalProperties: false,
} satisfies Shape;

/** Configuration travels as text: what is not text by the schema is JSON. */
function assign(given: Record<string, unknown>, key: string, text: string): void {
  if (shape.properties[key]?.type === 'string') given[key] = text;
  else given[key] = parsed(text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function withCertificateFiles(given: Record<string, unknown>, folder: string): Record<string, unknown> {
  const ingest = given.ingest as HospitalEnvironmentArgs['ingest'];
  if (typeof ingest !== 'object' || ingest === null) return given;
  const read = (authorities: CertificateAuthority[] | undefined) =>
    Array.isArray(authorities) ? authorities.map((authority) => withFile(authority, folder)) : authorities;
  const { deviceCertificateAuthorities, edge } = ingest;
  return {
    ...given,
    ingest: {
      ...ingest,
      ...(deviceCertificateAuthorities && { deviceCertificateAuthorities: read(deviceCertificateAuthorities) }),
      ...(edge?.certificateAuthorities && {
        edge: { ...edge, certificateAuthorities: read(edge.certificateAuthorities) },
      }),
    },
  };
}

/** A file that cannot be read leaves its path in place, which validation then names as no certificate. */
function withFile(authority: CertificateAuthority, folder: string): CertificateAuthority {
  const { certificate } = authority;
  if (typeof certificate !== 'string' || certificate.includes('-----BEGIN')) return authority;
  return { ...authority, certificate: textOf(certificate, folder) };
}

function withMappingFiles(given: Record<string, unknown>, folder: string): Record<string, unknown> {
  const connector = given.connector as HospitalEnvironmentArgs['connector'];
  if (typeof connector !== 'object' || connector === null) return given;
  const read = (mapping: string) => (mapping.includes('{') ? mapping : textOf(mapping, folder));
  const { deviceMapping, fhirMapping } = connector;
  return {
    ...given,
    connector: {
      ...connector,
      ...(typeof deviceMapping === 'string' && { deviceMapping: read(deviceMapping) }),
      ...(typeof fhirMapping === 'string' && { fhirMapping: read(fhirMapping) }),
    },
  };
}

/** What a file holds, or its path where it cannot be read. */
function textOf(path: string, folder: string): string {
  try {
    return readFileSync(resolve(folder, path), 'utf8');
  } catch {
    return path;
  }
}
