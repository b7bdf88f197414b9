/** The types of @pulumi/databricks that the local cloud knows, as in `databricks:index/job:Job`. */
export const typeNames = [
  'Catalog',
  'ClusterPolicy',
  'Credential',
  'ExternalLocation',
  'File',
  'Grant',
  'Grants',
  'Job',
  'Schema',
  'StorageCredential',
  'Volume',
] as const;

export type TypeName = (typeof typeNames)[number];

export function tokenOf(name: string): string {
  return `index/${name.charAt(0).toLowerCase()}${name.slice(1)}:${name}`;
}

/** Undefined for a type that the local cloud does not know. */
export function typeNameOf(token: string): TypeName | undefined {
  return typeNames.find((name) => tokenOf(name) === token);
}
