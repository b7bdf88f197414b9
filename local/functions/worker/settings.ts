import { ManagedIdentityCredential } from '@azure/identity';
import type { RpcBinding } from './rpc';

/**
 * A binding's property with its `%SETTING%`s filled in from the app's settings.
 * @throws Error when a setting is missing
 */
export function resolved(binding: RpcBinding, property: string): string | undefined {
  const text = binding[property];
  if (typeof text !== 'string') return undefined;
  return text.replaceAll(/%([^%]+)%/g, (_, name: string) => {
    const value = process.env[name];
    if (value === undefined) throw new Error(`'%${name}%' in the binding's ${property} is no app setting.`);
    return value;
  });
}

/**
 * A member of an identity-based connection, as in `DeviceData__fullyQualifiedNamespace`
 * (Learn: "Azure Functions developer guide", connections).
 */
export function connectionSetting(connection: string, member: string): string {
  const value = process.env[`${connection}__${member}`];
  if (value !== undefined && value !== '') return value;
  const why =
    process.env[connection] === undefined ? 'is missing' : 'is missing, and connection strings are not taken here';
  throw new Error(`The app setting '${connection}__${member}' ${why}.`);
}

/** Who a connection acts as: the identity named by `<connection>__clientId`, else the only one that the app has. */
export function connectionCredential(connection: string): ManagedIdentityCredential {
  const clientId = process.env[`${connection}__clientId`];
  return clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
}
