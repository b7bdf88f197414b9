import { randomUUID } from 'node:crypto';
import { nameOf } from '../armIds';
import { inGroup, type Kind } from './kind';
import { needs, oneOf, range, refersTo } from './rules';

const workspaceBased = 'Learn: classic Application Insights is retired; resources are workspace-based';

export const component: Kind = {
  kind: 'applicationinsights:Component',
  armType: 'Microsoft.Insights/components',
  id: inGroup('Microsoft.Insights/components/{resourceName}'),
  name: {
    min: 1,
    max: 260,
    pattern: /^[^%&\\?/]*[^%&\\?/ .]$/,
    allowed: 'anything but % & \\ ? /, not ending in space or period',
  },
  rules: [
    needs('workspaceResourceId', workspaceBased),
    refersTo('workspaceResourceId', 'Microsoft.OperationalInsights/workspaces'),
    oneOf('retentionInDays', [30, 60, 90, 120, 180, 270, 365, 550, 730], 'Learn: Application Insights data retention'),
    range('samplingPercentage', 1, 100, 'ARM types'),
  ],
  defaults: () => ({
    flowType: 'Bluefield',
    requestSource: 'rest',
    ingestionMode: 'LogAnalytics',
    disableLocalAuth: false,
    publicNetworkAccessForIngestion: 'Enabled',
    publicNetworkAccessForQuery: 'Enabled',
    retentionInDays: 90,
  }),
  computed: ({ id, inputs }) => {
    const instrumentationKey = randomUUID();
    const endpoint = `https://${String(inputs.location)}.in.applicationinsights.azure.com/`;
    return {
      ...{ instrumentationKey, appId: randomUUID(), applicationId: nameOf(id), provisioningState: 'Succeeded' },
      connectionString: `InstrumentationKey=${instrumentationKey};IngestionEndpoint=${endpoint}`,
      creationDate: new Date().toISOString(),
    };
  },
};
