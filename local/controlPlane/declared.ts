import { AzureError, type Properties } from '../contracts';
import { fillTemplate, templateInputs } from './armIds';
import { kinds, kindsByArmType } from './kinds';
import type { Kind } from './kinds/kind';
import { azureNative, provisioningByIdentity } from './schema/azureNative';
import type { KindSpec, Schema } from './schema/schema';

/** A resource as a program declares it: the kind behind it, and its inputs in that kind's own spelling. */
export interface Declared {
  readonly kind: Kind;
  readonly schema: Schema;
  readonly spec: KindSpec;
  readonly inputs: Properties;
  /** Type token as the program wrote it, without package. */
  readonly token: string;
}

const genericToken = 'resources:Resource';
/** Inputs of the generic resource that say which resource it is; the others are the resource's own. */
const genericPath = ['apiVersion', 'parentResourcePath', 'resourceProviderNamespace', 'resourceType', 'resourceName'];
/** ARM types that programs write as a generic resource, as azure-native's own type lacks what they need. */
const genericTypes: Readonly<Record<string, { schema: Schema; minApiVersion: string }>> = {
  'microsoft.devices/provisioningservices': { schema: provisioningByIdentity, minApiVersion: '2025-02-01-preview' },
};

/** Finds what `token` (`eventhub:Namespace`) declares. Throws for kinds that the local cloud does not know. */
export function declared(token: string, inputs: Properties): Declared {
  if (token === genericToken) return generic(inputs);
  const kind = kinds.get(token);
  const spec = azureNative.kinds[token];
  if (!kind || !spec) {
    throw new AzureError(
      501,
      'UnknownKind',
      `The local cloud does not know azure-native:${token}; it knows ${[...kinds.keys()].sort().join(', ')}. CONTRIBUTING.md says how to add a kind.`,
    );
  }
  return { kind, schema: azureNative, spec, inputs, token };
}

function generic(inputs: Properties): Declared {
  const armType = `${String(inputs.resourceProviderNamespace)}/${String(inputs.resourceType)}`;
  const known = genericTypes[armType.toLowerCase()];
  const kind = kindsByArmType.get(armType.toLowerCase());
  const spec = kind ? azureNative.kinds[kind.kind] : undefined;
  if (!known || !kind || !spec) {
    throw new AzureError(
      501,
      'UnknownKind',
      `The local cloud does not know the generic resource type '${armType}'; it knows ${Object.keys(genericTypes).join(', ')}.`,
    );
  }
  const version = String(inputs.apiVersion);
  if (version < known.minApiVersion) {
    throw new AzureError(
      400,
      'NoRegisteredProviderFound',
      `apiVersion is '${version}'; the local cloud knows ${armType} from ${known.minApiVersion} on.`,
    );
  }
  const own = Object.fromEntries(Object.entries(inputs).filter(([name]) => !genericPath.includes(name)));
  if (inputs.resourceName !== undefined) own[nameInput(kind)] = inputs.resourceName;
  return { kind, schema: known.schema, spec: { ...spec, apiVersion: version }, inputs: own, token: genericToken };
}

/** The input that holds the resource's own name; its template's last one. */
export function nameInput(kind: Kind): string {
  return templateInputs(kind.id).at(-1) ?? '';
}

/** The name input as the program spells it. */
export function declaredNameInput({ kind, token }: Declared): string {
  return token === genericToken ? 'resourceName' : nameInput(kind);
}

/** ARM id, or undefined while one of its names is unknown. */
export function idOf({ kind, inputs }: Declared, subscriptionId: string): string | undefined {
  return fillTemplate(kind.id, { ...inputs, subscriptionId });
}

/** Outputs as the program sees them through the type that it wrote. */
export function shownOutputs({ token }: { token: string }, outputs: Properties): Properties {
  if (token !== genericToken) return outputs;
  const names = azureNative.kinds[genericToken]?.outputs ?? [];
  return Object.fromEntries(names.filter((n) => outputs[n] !== undefined).map((n) => [n, outputs[n]]));
}

/** Names of the outputs of the type that the program wrote. */
export function outputNames({ token, spec }: Declared): readonly string[] {
  return token === genericToken ? (azureNative.kinds[genericToken]?.outputs ?? []) : spec.outputs;
}
