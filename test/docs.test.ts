import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reference } from '../docs/makeReference';
import { type PackageSchema, packageSchema } from '../docs/packageSchema';
import { hospitalSchema } from '../stacks/makeSchema';

const repository = join(__dirname, '..');
const read = (file: string) => readFileSync(join(repository, file), 'utf8');

let schema: PackageSchema;
beforeAll(async () => {
  schema = await packageSchema();
});

test('the schema for other languages comes out of the Analyzer, with a sentence for everything', () => {
  expect(Object.keys(schema.resources).sort()).toEqual([
    'azure-iomt:index:HospitalEnvironment',
    'azure-iomt:index:HotPath',
    'azure-iomt:index:IoMTIngest',
    'azure-iomt:index:MLScoringPath',
    'azure-iomt:index:MedTechConnector',
  ]);
  const described = [
    ...Object.entries(schema.resources).flatMap(([token, { inputProperties, properties }]) =>
      Object.entries({ ...inputProperties, ...properties }).map(([name, { description }]) => ({
        token,
        name,
        description,
      })),
    ),
    ...Object.entries(schema.types).flatMap(([token, { properties = {} }]) =>
      Object.entries(properties).map(([name, { description }]) => ({ token, name, description })),
    ),
  ];
  expect(described.length).toBeGreaterThan(100);
  expect(described.filter(({ description }) => !description)).toEqual([]);
});

test('an argument that may be left out says its default', () => {
  const optional = [...Object.values(schema.resources).map((one) => one.inputProperties), ...settings()].flatMap(
    (properties) => Object.entries(properties).filter(([, { optional: may }]) => may),
  );
  expect(optional.filter(([, { description = '' }]) => !/default/i.test(description)).map(([name]) => name)).toEqual(
    [],
  );
});

test('a component has at most eight outputs', () => {
  for (const { properties } of Object.values(schema.resources))
    expect(Object.keys(properties).length).toBeLessThanOrEqual(8);
});

test('reference and configuration schema are those of the library (else: npm run generate)', async () => {
  expect(read('docs/reference.md')).toBe(reference(schema));
  expect(JSON.parse(read('stacks/hospital.schema.json'))).toEqual(await hospitalSchema());
});

test.each(['README.md', 'CONTRIBUTING.md', 'docs/limits.md', 'docs/local-cloud.md'])(
  '%s links to what is there',
  (file) => {
    const links = [...read(file).matchAll(/\]\(([^)#:]+)\)/g)].map(([, target]) => target ?? '');
    expect(links.filter((target) => !existsSync(join(repository, dirname(file), target)))).toEqual([]);
  },
);

function settings() {
  return Object.values(schema.types).map(({ properties = {} }) => properties);
}
