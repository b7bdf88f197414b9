import { randomUUID } from 'node:crypto';
import type { ArmResource, Properties, Resources } from '../contracts';
import { nameOf } from './armIds';
import type { Declared } from './declared';
import { isObject, textAt, UNKNOWN, valuesAt } from './values';

/** `over` wins; objects are merged, lists are not. */
export function merge(base: Properties, over: Properties): Properties {
  const merged = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const below = merged[name];
    merged[name] = isObject(below) && isObject(value) ? merge(below, value) : value;
  }
  return merged;
}

/** What Azure fills in at creation and keeps: states, principal of a system-assigned identity, what the kind computes. */
export function computedAtCreation(declared: Declared, id: string, tenantId: string, createdAt: string): Properties {
  const { kind, spec } = declared;
  const common: Properties = { name: nameOf(id), type: kind.armType, azureApiVersion: spec.apiVersion };
  if (spec.outputs.includes('systemData')) common.systemData = { createdAt, createdByType: 'Application' };
  if (spec.outputs.includes('createdOn')) common.createdOn = createdAt;
  return merge(common, kind.computed?.({ id, inputs: declared.inputs }, tenantId) ?? {});
}

/** A system-assigned identity comes with the first request for it and goes with the last. */
export function withIdentity(
  computed: Properties,
  inputs: Properties,
  resources: Resources,
  tenantId: string,
): Properties {
  const type = textAt(inputs, 'identity.type');
  const { identity: before, ...others } = computed;
  if (type === undefined) return others;
  const users = valuesAt(inputs, 'identity.userAssignedIdentities[]').map(({ value }) => {
    const found = resources.get(String(value));
    return [String(value), { principalId: found?.outputs.principalId, clientId: found?.outputs.clientId }] as const;
  });
  const identity: Properties = users.length > 0 ? { userAssignedIdentities: Object.fromEntries(users) } : {};
  if (type.includes('SystemAssigned')) {
    identity.principalId = textAt(before, 'principalId') ?? randomUUID();
    identity.tenantId = tenantId;
  }
  return { ...others, identity };
}

/** Defaults of the service, under what the program asked for, under what the service computed. */
export function outputsOf(
  { kind, spec, inputs }: Pick<Declared, 'kind' | 'spec' | 'inputs'>,
  computed: Properties,
): Properties {
  const asked = Object.fromEntries(Object.entries(inputs).filter(([name]) => spec.outputs.includes(name)));
  const outputs = merge(merge(kind.defaults?.(inputs) ?? {}, asked), computed);
  const identity = outputs.identity;
  // azure-native takes a list of ids and answers a map of them.
  if (isObject(identity) && Array.isArray(identity.userAssignedIdentities)) {
    outputs.identity = { ...identity, userAssignedIdentities: undefined };
  }
  return outputs;
}

/**
 * Outputs in a preview: a plain value that is asked for is known; an object may gain members that only the service knows.
 * What an existing resource answers is taken to stay, under what is asked for now.
 */
export function previewOutputs(names: readonly string[], inputs: Properties, existing?: Properties): Properties {
  return Object.fromEntries(names.map((name) => [name, previewOutput(inputs[name], existing?.[name])]));
}

function previewOutput(asked: unknown, existing: unknown): unknown {
  if (asked === undefined) return existing ?? UNKNOWN;
  if (typeof asked !== 'object') return asked;
  if (isObject(asked) && isObject(existing)) return merge(existing, asked);
  return existing === undefined ? UNKNOWN : asked;
}

export function asArmResource(resource: ArmResource): ArmResource {
  const { id, kind, inputs, outputs, subscriptionId, createdAt } = resource;
  return { id, kind, inputs, outputs, subscriptionId, createdAt };
}
