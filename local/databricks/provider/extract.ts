/**
 * Writes `databricks.json`: inputs, nested types and outputs of every type that the local cloud knows, out of the
 * declarations of the installed @pulumi/databricks. Run it after adding a type or raising the SDK:
 *
 *     npx tsx local/databricks/provider/extract.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { Declarations, parse } from '../../controlPlane/schema/declarations';
import type { ObjectSpec } from '../../controlPlane/schema/schema';
import { typeNames } from './names';
import type { DatabricksSchema, DatabricksType } from './schema';

const sdkFolder = dirname(require.resolve('@pulumi/databricks/package.json'));
const declarations = new Declarations(sdkFolder);

function extract(name: string): DatabricksType {
  const file = parse(join(sdkFolder, `${name.charAt(0).toLowerCase()}${name.slice(1)}.d.ts`));
  const args = file.statements.filter(ts.isInterfaceDeclaration).find((s) => s.name.text === `${name}Args`);
  const resource = file.statements.filter(ts.isClassDeclaration).find((s) => s.name?.text === name);
  if (!args || !resource) throw new Error(`${file.fileName} does not declare ${name} as @pulumi/databricks does.`);
  const outputs = resource.members.filter(ts.isPropertyDeclaration).map((m) => m.name.getText());
  return { outputs: outputs.filter((output) => !output.startsWith('__')), ...declarations.object(args) };
}

const sdk = JSON.parse(readFileSync(join(sdkFolder, 'package.json'), 'utf8')) as { version: string };
const kinds = Object.fromEntries(typeNames.map((name) => [name, extract(name)]));
const types: Record<string, ObjectSpec> = {};
// A Set's iterator also visits what is added while it runs: the types met in types.
for (const name of declarations.metTypes) types[name] = declarations.type(name);
const schema: DatabricksSchema = { sdk: sdk.version, kinds, types };

const lines = (entries: object) =>
  Object.entries(entries)
    .map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(',\n');
writeFileSync(
  join(__dirname, 'databricks.json'),
  `{"sdk": ${JSON.stringify(schema.sdk)},\n"kinds": {\n${lines(kinds)}\n},\n"types": {\n${lines(types)}\n}}\n`,
);
