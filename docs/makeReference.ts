/** Writes reference.md from the schema of the library: `npm run generate`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ComponentSchema, type PackageSchema, type PackageType, packageSchema } from './packageSchema';

const prefix = 'azure-iomt:index:';

export function reference({ resources, types }: PackageSchema): string {
  const components = Object.entries(resources).flatMap(([token, component]) => describeComponent(token, component));
  const settings = Object.entries(types)
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([token, type]) => describeType(token, type));
  const head = [
    '# Reference',
    '',
    'Made from the library by `npm run generate`; a test says when it is old. Arguments without a mark are optional.',
  ];
  return `${[...head, ...components, '', '## Settings', ...settings].join('\n')}\n`;
}

function describeComponent(token: string, component: ComponentSchema): string[] {
  return [
    '',
    `## ${nameOf(token)}`,
    '',
    ...(component.description ? [component.description, ''] : []),
    ...table('argument', component.inputProperties, new Set(component.requiredInputs)),
    '',
    ...table('output', component.properties, new Set()),
  ];
}

function describeType(token: string, type: PackageType): string[] {
  const head = ['', `### ${nameOf(token)}`, '', ...(type.description ? [type.description, ''] : [])];
  if (!type.enum) return [...head, ...table('property', type.properties ?? {}, new Set(type.required))];
  const rows = type.enum.map(({ value, description }) => `| \`${value}\` | ${inCell(description)} |`);
  return [...head, '| value | |', '|---|---|', ...rows];
}

function table(what: string, properties: Readonly<Record<string, PackageType>>, required: ReadonlySet<string>) {
  const rows = Object.entries(properties).map(([name, property]) => {
    const mark = required.has(name) ? ' **required**' : '';
    return `| \`${name}\` | ${typeName(property)} | ${inCell(property.description)}${mark} |`;
  });
  return [`| ${what} | type | |`, '|---|---|---|', ...rows];
}

function typeName({ $ref, type, items, additionalProperties }: PackageType): string {
  if ($ref === 'pulumi.json#/Any') return 'any';
  if ($ref) return `[${nameOf($ref)}](#${nameOf($ref).toLowerCase()})`;
  if (items) return `list of ${typeName(items)}`;
  if (additionalProperties) return `map of ${typeName(additionalProperties)}`;
  return type ?? '';
}

function nameOf(token: string): string {
  return token.slice(token.lastIndexOf(prefix) + prefix.length);
}

function inCell(text = ''): string {
  return text.replaceAll('\n', ' ').replaceAll('|', '\\|');
}

async function main(): Promise<void> {
  writeFileSync(join(__dirname, 'reference.md'), reference(await packageSchema()));
}

if (require.main === module) void main();
