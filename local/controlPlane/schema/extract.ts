/**
 * Writes `azureNative.json`: inputs, nested types, enums and outputs of every kind that the control plane knows, out of
 * the declarations of the installed @pulumi/azure-native. Run it after adding a kind or raising the SDK:
 *
 *     npx tsx local/controlPlane/schema/extract.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { kindNames } from '../kinds/names';
import { Declarations, parse } from './declarations';
import type { KindSpec, ObjectSpec, Schema } from './schema';

const sdkFolder = dirname(require.resolve('@pulumi/azure-native/package.json'));
const declarations = new Declarations(sdkFolder);

function extractKind(kind: string): KindSpec {
  const [module = '', name = ''] = kind.split(':');
  const file = parse(join(sdkFolder, module, `${name.charAt(0).toLowerCase()}${name.slice(1)}.d.ts`));
  const args = file.statements.filter(ts.isInterfaceDeclaration).find((s) => s.name.text === `${name}Args`);
  const resource = file.statements.filter(ts.isClassDeclaration).find((s) => s.name?.text === name);
  const version = /Uses Azure REST API version ([\w-]+)\./.exec(file.text)?.[1];
  if (!args || !resource || !version)
    throw new Error(`${file.fileName} does not declare ${name} as azure-native does.`);
  const outputs = resource.members.filter(ts.isPropertyDeclaration).map((m) => m.name.getText());
  return { apiVersion: version, outputs, ...declarations.object(args) };
}

function extractMet(): Record<string, ObjectSpec> {
  const types: Record<string, ObjectSpec> = {};
  // A Set's iterator also visits what is added while it runs: the types met in types.
  for (const name of declarations.metTypes) types[name] = declarations.type(name);
  return types;
}

const sdk = JSON.parse(readFileSync(join(sdkFolder, 'package.json'), 'utf8')) as { version: string };
const names = [...kindNames].sort();
const kinds = Object.fromEntries(names.map((kind) => [kind, extractKind(kind)]));
const types = extractMet();
const enums = Object.fromEntries([...declarations.metEnums].sort().map((name) => [name, declarations.enum(name)]));
const schema: Schema = { sdk: sdk.version, kinds, types, enums };

/** One kind, type or enum a line: small, and its changes read well. */
const lines = (entries: object) =>
  Object.entries(entries)
    .map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(',\n');
writeFileSync(
  join(__dirname, 'azureNative.json'),
  `{"sdk": ${JSON.stringify(schema.sdk)},\n"kinds": {\n${lines(kinds)}\n},\n"types": {\n${lines(types)}\n},\n"enums": {\n${lines(enums)}\n}}\n`,
);
