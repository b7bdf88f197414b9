import { createHash } from 'node:crypto';
import type { ArmResource, Properties } from '../contracts';
import { textAt, valueAt, valuesAt } from '../controlPlane/values';

/** What a site's resource says about how its functions run. */
export interface SiteSettings {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  /** ARM ids of the identities that it has; its own id for a system-assigned one. */
  readonly identities: readonly string[];
  /** URL of the blob container in which its package lies, and ARM id of the identity that reads and writes it. */
  readonly deploymentContainer: string;
  readonly deploymentIdentity: string;
  readonly isEnabled: boolean;
}

export function siteSettings({ id, inputs }: ArmResource): SiteSettings {
  const storage = 'functionAppConfig.deployment.storage';
  const pairs = valuesAt(inputs, 'siteConfig.appSettings[]').map(({ value }) => value as Properties);
  const users = valuesAt(inputs, 'identity.userAssignedIdentities[]').map(({ value }) => String(value));
  const hasOwn = (textAt(inputs, 'identity.type') ?? '').includes('SystemAssigned');
  return {
    name: id.slice(id.lastIndexOf('/') + 1),
    settings: Object.fromEntries(pairs.map(({ name, value }) => [String(name), String(value ?? '')])),
    identities: [...users, ...(hasOwn ? [id] : [])],
    deploymentContainer: String(valueAt(inputs, `${storage}.value`)),
    deploymentIdentity: textAt(inputs, `${storage}.authentication.userAssignedIdentityResourceId`) ?? id,
    isEnabled: inputs.enabled !== false,
  };
}

/**
 * The whole environment of an app's processes: its settings, what App Service adds (Learn: "Environment variables and app
 * settings in Azure App Service"), and nothing of whoever runs the local cloud.
 * @param host of the site
 * @param home folder in which the app may write
 */
export function appEnvironment(
  { name, settings }: SiteSettings,
  host: string,
  home: string,
  authorityFile: string,
  identity: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    ...settings,
    ...identity,
    AZURE_FUNCTIONS_ENVIRONMENT: 'Production',
    FUNCTIONS_EXTENSION_VERSION: '~4',
    FUNCTIONS_WORKER_RUNTIME: 'node',
    HOME: home,
    NODE_EXTRA_CA_CERTS: authorityFile,
    TZ: 'UTC',
    WEBSITE_HOSTNAME: host,
    WEBSITE_INSTANCE_ID: createHash('sha256').update(name).digest('hex'),
    WEBSITE_SITE_NAME: name,
  };
}
