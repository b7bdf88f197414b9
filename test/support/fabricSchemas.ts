import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv';

/** Microsoft's own schemas of Fabric's files; they come with the work place and not with the project. */
const folder = resolve(__dirname, '..', '..', '..', 'shared', 'schemas', 'fabric');
const address = 'https://developer.microsoft.com/json-schemas/fabric/';

/** Runs where the schemas are, and says by its name why it does not elsewhere. */
export const fabricSchemaTest: jest.It = existsSync(folder)
  ? test
  : (((name: string, run: jest.ProvidesCallback) =>
      test.skip(`${name} (Microsoft's schemas are not here)`, run)) as jest.It);

let ajv: Ajv | undefined;

/** A validator whose references are answered from the files. */
function validator(): Ajv {
  if (ajv) return ajv;
  ajv = new Ajv({ strict: false, allErrors: true });
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.json'),
  )) {
    const schema = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { $id?: string };
    // References go by where a file lies, which is not always how it names itself.
    ajv.addSchema({ ...schema, $id: `${address}${name.replaceAll('\\', '/')}` });
  }
  return ajv;
}

/** What is wrong with a file by the schema that it names, a line each. */
export function schemaProblems(text: string): string[] {
  const { $schema, ...file } = JSON.parse(text) as { $schema?: string };
  const validate: ValidateFunction | undefined = $schema === undefined ? undefined : validator().getSchema($schema);
  if (!validate) return [`There is no schema '${$schema}'.`];
  validate({ $schema, ...file });
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
