import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import Ajv, { type ErrorObject } from 'ajv';
import { type HospitalEnvironmentArgs, hospitalEnvironmentProblems } from '../components/hospitalEnvironment';
import type { CertificateAuthority } from '../components/ingest/settings';
import schema from './hospital.schema.json';

interface Problem {
  /** As in `ingest.eventHubs.deviceDataPartitions`. */
  readonly path: string;
  readonly reason: string;
}

/** A problem of the configuration is the user's to mend: the engine shows the sentences and no stack. */
class ConfigurationError extends pulumi.RunError {}

/**
 * The arguments of the hospital from the stack's configuration, whose keys are the arguments' names
 * (`pulumi config set location westeurope`; nested ones with `--path 'ingest.eventHubs.deviceDataPartitions'`).
 * A certificate may be given as the path of a PEM file, relative to the folder of Pulumi.yaml.
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
  const ofShape = shapeProblems(given);
  const values = withCertificateFiles(given, folder) as unknown as HospitalEnvironmentArgs;
  const mended = new Set(ofShape.map(({ path }) => path));
  const ofValues = hospitalEnvironmentProblems(values)
    .map(({ propertyPath: path, reason }) => ({ path, reason }))
    .filter(({ path }) => !mended.has(path));
  return { values, problems: [...ofShape, ...ofValues] };
}

const settings = schema.properties.config.properties as Readonly<Record<string, { readonly type?: string }>>;

/** Configuration travels as text: what is not text by the schema is JSON. */
function assign(given: Record<string, unknown>, key: string, text: string): void {
  if (settings[`hospital:${key}`]?.type === 'string') given[key] = text;
  else given[key] = parsed(text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function shapeProblems(given: Record<string, unknown>): Problem[] {
  const properties = Object.fromEntries(
    Object.entries(settings).map(([key, setting]) => [key.replace(/^hospital:/, ''), setting]),
  );
  const required = schema.properties.config.required.map((key) => key.replace(/^hospital:/, ''));
  const { $defs } = schema;
  const validate = new Ajv({ allErrors: true, strict: false, verbose: true }).compile({
    $defs,
    type: 'object',
    properties,
    required,
    additionalProperties: false,
  });
  return validate(given) ? [] : (validate.errors ?? []).map(problemOf);
}

function problemOf({ keyword, instancePath, params, data, parentSchema }: ErrorObject): Problem {
  const place = instancePath
    .slice(1)
    .replaceAll(/\/(\d+)/g, '[$1]')
    .replaceAll('/', '.');
  const below = (key: string) => (place ? `${place}.${key}` : key);
  switch (keyword) {
    case 'required':
      return { path: below(params.missingProperty), reason: 'must be given.' };
    case 'additionalProperties': {
      const allowed = Object.keys((parentSchema?.properties ?? {}) as object).join(', ');
      return { path: below(params.additionalProperty), reason: `is not a setting; there are ${allowed}.` };
    }
    case 'enum':
      return {
        path: place,
        reason: `must be one of ${params.allowedValues.join(', ')}; given is ${JSON.stringify(data)}.`,
      };
    default:
      return { path: place, reason: `must be of type ${params.type}; given is ${JSON.stringify(data)}.` };
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
  try {
    return { ...authority, certificate: readFileSync(resolve(folder, certificate), 'utf8') };
  } catch {
    return authority;
  }
}
