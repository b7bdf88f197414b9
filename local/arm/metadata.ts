/**
 * `GET /metadata/endpoints`: where the services of a cloud are, as Azure Resource Manager tells without a token. It answers
 * one object from API version 2022-09-01 on, and a list of clouds before.
 */
export function cloudMetadata(host: string, tenantId: string, apiVersion: string): object {
  const url = `https://${host}`;
  const cloud = {
    name: 'LocalCloud',
    portal: url,
    resourceManager: url,
    authentication: {
      loginEndpoint: url,
      audiences: ['https://management.core.windows.net/', 'https://management.azure.com/'],
      tenant: tenantId,
      identityProvider: 'AAD',
    },
    graph: url,
    graphAudience: url,
    media: url,
    batch: url,
    // What is composed of these is composed as in the public cloud; endpoints come from resources' outputs.
    suffixes: {
      storage: 'core.windows.net',
      keyVaultDns: 'vault.azure.net',
      sqlServerHostname: 'database.windows.net',
      acrLoginServer: 'azurecr.io',
    },
  };
  return apiVersion >= '2022-09-01' ? cloud : [cloud];
}
