/**
 * Writes hospital.schema.json, the JSON schema of Pulumi.<stack>.yaml, from the arguments of HospitalEnvironment: editors
 * complete and check with it, and config.ts does: `npm run generate`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PackageType, packageSchema } from '../docs/packageSchema';

type JsonSchema = { readonly [key: string]: unknown };

export async function hospitalSchema(): Promise<JsonSchema> {
  const { resources, types } = await packageSchema();
  const component = resources['azure-iomt:index:HospitalEnvironment'];
  if (!component) throw new Error('The schema of the library has no HospitalEnvironment.');
  return {
    $schema: 'https://json-schema.org/draft-07/schema',
    title: 'Pulumi.<stack>.yaml of a hospital',
    type: 'object',
    properties: {
      config: {
        type: 'object',
        properties: mapValues(component.inputProperties, jsonType, (key) => `hospital:${key}`),
        required: component.requiredInputs.map((key) => `hospital:${key}`),
      },
    },
    $defs: mapValues(types, jsonType, (name) => name.slice(name.lastIndexOf(':') + 1)),
  };
}

function jsonType(given: PackageType): JsonSchema {
  const { $ref, description } = given;
  const said = description ? { description: description.replaceAll('\n', ' ') } : {};
  if ($ref === 'pulumi.json#/Any') return said;
  if ($ref) return { ...said, $ref: `#/$defs/${$ref.slice($ref.lastIndexOf(':') + 1)}` };
  if (given.enum) return { ...said, type: 'string', enum: given.enum.map(({ value }) => value) };
  if (given.items) return { ...said, type: 'array', items: jsonType(given.items) };
  if (given.additionalProperties) {
    return { ...said, type: 'object', additionalProperties: jsonType(given.additionalProperties) };
  }
  if (given.properties) {
    const required = given.required?.length ? { required: given.required } : {};
    return {
      ...said,
      type: 'object',
      properties: mapValues(given.properties, jsonType),
      ...required,
      additionalProperties: false,
    };
  }
  return { ...said, type: given.type };
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R, rename = (key: string) => key) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [rename(key), map(value)]));
}

async function main(): Promise<void> {
  writeFileSync(join(__dirname, 'hospital.schema.json'), `${JSON.stringify(await hospitalSchema(), undefined, 2)}\n`);
}

if (require.main === module) void main();
