/** Where Azure Resource Manager answers, and for what its tokens are. */
export interface ResourceManager {
  /** Without a slash at its end. */
  readonly url: string;
  readonly tokenScope: string;
}

/** The variable by which azure-native itself is led to another cloud's Resource Manager. */
const metadataHostVariable = 'ARM_METADATA_HOSTNAME';
const apiVersion = '2022-09-01';
const timeoutMilliseconds = 30_000;

interface CloudMetadata {
  readonly resourceManager?: string;
  readonly authentication?: { readonly audiences?: readonly string[] };
}

/**
 * The Resource Manager that azure-native uses, so that both deploy into one cloud: the given one, or what the host named by
 * the environment says of itself. That host answers with one cloud, or with a list whose first is its own.
 */
export async function resourceManagerOf(given: ResourceManager): Promise<ResourceManager> {
  const host = process.env[metadataHostVariable];
  if (!host) return given;
  const { resourceManager, authentication } = await metadataOf(host);
  const audience = authentication?.audiences?.[0];
  return {
    url: (resourceManager ?? `https://${host}`).replace(/\/$/, ''),
    tokenScope: audience === undefined ? given.tokenScope : `${audience.replace(/\/$/, '')}/.default`,
  };
}

async function metadataOf(host: string): Promise<CloudMetadata> {
  const url = `https://${host}/metadata/endpoints?api-version=${apiVersion}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMilliseconds) });
  if (!response.ok) throw new Error(`GET of the cloud's endpoints at ${host} failed with ${response.status}.`);
  const said = (await response.json()) as CloudMetadata | readonly CloudMetadata[];
  return Array.isArray(said) ? (said[0] ?? {}) : (said as CloudMetadata);
}
