import type * as pulumi from '@pulumi/pulumi';
import type { Grant, Identity } from '../../azure/identity';
import type { ScoringScopes } from '../access';

/** What the job does, as the identity of the access connector. */
export function databricksGrants(
  identity: Identity,
  { stream, lake }: ScoringScopes,
  databricksContainerId: pulumi.Input<string>,
): Grant[] {
  const to = { principalId: identity.principalId, principalType: 'ServicePrincipal' as const };
  return [
    {
      ...to,
      name: 'databricks-enriched',
      role: 'eventHubsDataReceiver',
      scope: stream.enriched.id,
      reason: 'Step 10: the Databricks job reads enriched measurements.',
    },
    {
      ...to,
      name: 'databricks-scored',
      role: 'eventHubsDataSender',
      scope: stream.scored.id,
      reason: 'Step 12: the Databricks job sends scores.',
    },
    {
      ...to,
      name: 'databricks-tables',
      role: 'storageBlobDataContributor',
      scope: databricksContainerId,
      reason: 'Step 10: the Databricks job keeps its tables and checkpoints.',
    },
    {
      ...to,
      name: 'databricks-baselines',
      role: 'storageBlobDataReader',
      scope: lake.baselines.id,
      reason: 'Step 11: the Databricks job compares windows with usual values of the patient.',
    },
    {
      ...to,
      name: 'databricks-delegation',
      role: 'storageBlobDelegator',
      scope: lake.account.id,
      reason:
        'Unity Catalog hands the cluster keys for what the identity may reach in the lake, which are made for the account.',
    },
  ];
}
