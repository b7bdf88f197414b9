import type { input } from '@pulumi/azure-native/types';
import * as pulumi from '@pulumi/pulumi';
import type { ApplicationInsights } from './applicationInsights';
import type { AppIdentity } from './identity';

/** An app setting by its name. */
export type AppSettings = Readonly<Record<string, pulumi.Input<string>>>;

/**
 * What the Functions host itself reads: its storage by the blob endpoint and an identity, and where telemetry goes. The
 * host's leases, timers and Event Hubs checkpoints are blobs; queues and tables are not used.
 *
 * @param blobEndpoint as the account tells it, with a slash at its end
 */
export function hostSettings(
  identity: AppIdentity,
  blobEndpoint: pulumi.Output<string>,
  insights: ApplicationInsights | undefined,
): AppSettings {
  return {
    AzureWebJobsStorage__blobServiceUri: blobEndpoint,
    AzureWebJobsStorage__credential: 'managedidentity',
    AzureWebJobsStorage__clientId: identity.clientId,
    ...(insights && {
      APPLICATIONINSIGHTS_CONNECTION_STRING: insights.connectionString,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: pulumi.interpolate`ClientId=${identity.clientId};Authorization=AAD`,
    }),
  };
}

/** As ARM takes them, in the order of their names, so that the order in a program shows up in no preview. */
export function nameValuePairs(settings: AppSettings): input.web.NameValuePairArgs[] {
  return Object.entries(settings)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
}
