import type { Kind } from './kind';

export const resourceGroup: Kind = {
  kind: 'resources:ResourceGroup',
  armType: 'Microsoft.Resources/resourceGroups',
  id: '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}',
  name: {
    min: 1,
    max: 90,
    pattern: /^[\w._()-]*[\w_()-]$/,
    allowed: 'letters, digits, underscores, parentheses, hyphens and periods, not ending in a period',
  },
  computed: () => ({ properties: { provisioningState: 'Succeeded' } }),
};
