import { randomUUID } from 'node:crypto';
import type { Properties } from '../../contracts';
import { isUnknownAt, textAt, valuesAt } from '../values';
import { type Failure, inGroup, type Kind } from './kind';
import { outside, refersTo } from './rules';

export const workspace: Kind = {
  kind: 'operationalinsights:Workspace',
  armType: 'Microsoft.OperationalInsights/workspaces',
  id: inGroup('Microsoft.OperationalInsights/workspaces/{workspaceName}'),
  name: {
    min: 4,
    max: 63,
    pattern: /^[A-Za-z0-9][A-Za-z0-9-]+[A-Za-z0-9]$/,
    allowed: 'letters, digits and hyphens, starting and ending with a letter or digit',
  },
  rules: [retention],
  defaults: () => ({
    sku: { name: 'PerGB2018' },
    retentionInDays: 30,
    publicNetworkAccessForIngestion: 'Enabled',
    publicNetworkAccessForQuery: 'Enabled',
  }),
  computed: () => ({ customerId: randomUUID(), provisioningState: 'Succeeded' }),
};

/** Learn: "Manage data retention in a Log Analytics workspace": 30 to 730 days on PerGB2018. */
function retention(inputs: Properties): Failure[] {
  if ((textAt(inputs, 'sku.name') ?? 'PerGB2018') !== 'PerGB2018') return [];
  return outside(inputs, 'retentionInDays', 30, 730, 'on PerGB2018 (Learn: Log Analytics data retention)');
}

export const diagnosticSetting: Kind = {
  kind: 'monitor:DiagnosticSetting',
  armType: 'Microsoft.Insights/diagnosticSettings',
  id: '{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}',
  name: { min: 1, max: 260, pattern: /^[^*<>%&:\\?+/]+$/, allowed: 'anything but * < > % & : \\ ? + /' },
  rules: [
    refersTo('resourceUri'),
    refersTo('workspaceId', 'Microsoft.OperationalInsights/workspaces'),
    refersTo('storageAccountId', 'Microsoft.Storage/storageAccounts'),
    hasDestination,
    categoryOrGroup,
  ],
};

/** Learn: "Diagnostic settings": at least one destination. */
function hasDestination(inputs: Properties): Failure[] {
  const destinations = [
    'workspaceId',
    'storageAccountId',
    'eventHubAuthorizationRuleId',
    'marketplacePartnerId',
    'serviceBusRuleId',
  ];
  if (destinations.some((name) => inputs[name] !== undefined)) return [];
  return [{ property: 'workspaceId', reason: `no destination is given; set one of ${destinations.join(', ')}.` }];
}

/** Learn: "Diagnostic settings": a log entry names a category or a category group, and never both. */
function categoryOrGroup(inputs: Properties): Failure[] {
  return valuesAt(inputs, 'logs[]').flatMap(({ path, value }) => {
    const given = ['category', 'categoryGroup'].filter(
      (name) => textAt(value, name) !== undefined || isUnknownAt(value, name),
    );
    return given.length === 1
      ? []
      : [
          {
            property: path,
            reason: `a log entry needs either category or categoryGroup; given are ${given.join(' and ') || 'none'}.`,
          },
        ];
  });
}
