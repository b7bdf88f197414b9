import { azureNative } from './azureNative';
import type { KindSpec, ObjectSpec, TypeSpec } from './schema';

/** The extracted schema in Pulumi's own package schema, by which `pulumi import` writes the code for what it imported. */
export function pulumiSchema(): string {
  const { kinds, types, sdk } = azureNative;
  return JSON.stringify({
    name: 'azure-native',
    version: sdk,
    resources: Object.fromEntries(
      Object.entries(kinds).map(([kind, spec]) => [`azure-native:${kind}`, resource(spec)]),
    ),
    types: Object.fromEntries(
      Object.entries(types).map(([name, spec]) => [typeToken(name), { type: 'object', ...object(spec) }]),
    ),
    language: { nodejs: { packageName: '@pulumi/azure-native' } },
  });
}

function resource(spec: KindSpec): object {
  const { properties, required } = object(spec);
  const outputs = Object.fromEntries(spec.outputs.map((name) => [name, properties[name] ?? any]));
  return { properties: outputs, inputProperties: properties, requiredInputs: required };
}

function object(spec: ObjectSpec): { properties: Record<string, object>; required: readonly string[] } {
  const properties = Object.entries(spec.properties).map(([name, type]) => [name, typeSpec(type)] as const);
  return { properties: Object.fromEntries(properties), required: spec.required ?? [] };
}

const any = { $ref: 'pulumi.json#/Any' };

function typeSpec(type: TypeSpec): object {
  if (type === 'any') return any;
  if (typeof type === 'string') return { type };
  if ('enum' in type) return { type: 'string' };
  if ('items' in type) return { type: 'array', items: typeSpec(type.items) };
  if ('values' in type) return { type: 'object', additionalProperties: typeSpec(type.values) };
  return { $ref: `#/types/${typeToken(type.ref)}` };
}

/** `eventhub.SkuArgs` of the SDK is `azure-native:eventhub:Sku` in the schema. */
function typeToken(name: string): string {
  const [module = '', type = ''] = name.split('.');
  return `azure-native:${module}:${type.replace(/Args$/, '')}`;
}
