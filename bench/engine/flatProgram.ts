import type { StackResource } from '../../local/pulumiStack';

/**
 * A TypeScript program that registers the same resources as a stack holds, in its order, without any component: inputs as
 * literals, but for ids and other values that a resource has from one before it, and with the same dependencies.
 */
export function flatProgram(stack: readonly StackResource[]): string {
  const resources = stack.filter(({ custom, type }) => custom && !type.startsWith('pulumi:'));
  const variables = new Map(resources.map(({ urn }, index) => [urn, `resource${index}`]));
  const modules = new Set(resources.flatMap(({ type }) => moduleOf(type) ?? []));
  return [
    "import * as pulumi from '@pulumi/pulumi';",
    ...[...modules].map((name) => `import * as ${name} from '@pulumi/azure-native/${name}';`),
    ...resources.map((resource) => declaration(resource, resources, variables)),
    '',
  ].join('\n');
}

const azureNative = /^azure-native:([^:/]+)[^:]*:(\w+)$/;

function moduleOf(type: string): string | undefined {
  return azureNative.exec(type)?.[1];
}

function declaration(
  { urn, type, inputs, dependencies = [] }: StackResource,
  all: readonly StackResource[],
  variables: ReadonlyMap<string, string>,
): string {
  const known = all.filter((other) => dependencies.includes(other.urn));
  const references = new Map<string, string>();
  for (const other of known) {
    for (const [property, value] of Object.entries({ ...other.outputs, id: other.id })) {
      if (typeof value !== 'string' || !isComputed(other, property, value)) continue;
      references.set(value, `${variables.get(other.urn)}.${property}`);
    }
  }
  const name = JSON.stringify(urn.split('::').at(-1));
  const dependsOn = known.map((other) => variables.get(other.urn)).join(', ');
  const constructed = azureNative.exec(type)
    ? `new ${moduleOf(type)}.${type.split(':').at(-1)}(${name}, `
    : `new pulumi.CustomResource(${JSON.stringify(type)}, ${name}, `;
  return `const ${variables.get(urn)} = ${constructed}${expression(inputs, references)}, { dependsOn: [${dependsOn}] });`;
}

/** A value that its resource was not given, and long enough that no other value is the same by chance. */
function isComputed({ inputs }: StackResource, property: string, value: string): boolean {
  return inputs[property] === undefined && value.length >= 32 && property !== '__provider';
}

/** TypeScript for a value of the state. */
function expression(value: unknown, references: ReadonlyMap<string, string>): string {
  if (Array.isArray(value)) return `[${value.map((item) => expression(item, references)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(
      ([key, item]) => `${JSON.stringify(key)}: ${expression(item, references)}`,
    );
    return `{ ${entries.join(', ')} }`;
  }
  return (typeof value === 'string' ? references.get(value) : undefined) ?? JSON.stringify(value);
}
