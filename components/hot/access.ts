import type * as pulumi from '@pulumi/pulumi';
import type { Grant, Identity } from '../azure/identity';
import type { OperatorRight } from '../azure/operators';
import type { HotPathOperatorRole } from './choices';
import type { DeadLetters } from './deadLetters';
import type { HotPathStream } from './stream';

/** What the roles of the path are about. Who may do what in the database is said there, by the app `repository-migrations`. */
export interface HotPathScopes {
  readonly stream: HotPathStream;
  readonly fhirServiceId: pulumi.Input<string>;
  readonly deadLetters: DeadLetters;
  readonly sqlServerId: pulumi.Input<string>;
}

const to = ({ principalId }: Identity) => ({ principalId, principalType: 'ServicePrincipal' as const });

export function mlOutputGrants(identity: Identity, { stream, fhirServiceId, deadLetters }: HotPathScopes): Grant[] {
  return [
    {
      ...to(identity),
      name: 'ml-output-scored',
      role: 'eventHubsDataReceiver',
      scope: stream.scored.id,
      reason: 'Step 12: ml-output reads scores.',
    },
    {
      ...to(identity),
      name: 'ml-output-fhir',
      role: 'fhirDataWriter',
      scope: fhirServiceId,
      reason: 'Step 13: ml-output writes risk assessments, scores and flags.',
    },
    {
      ...to(identity),
      name: 'ml-output-dead-letters',
      role: 'storageBlobDataContributor',
      scope: deadLetters.containerId,
      reason: 'ml-output puts results aside that it cannot use.',
    },
  ];
}

export function routingGrants(identity: Identity, { fhirServiceId }: HotPathScopes): Grant[] {
  return [
    {
      ...to(identity),
      name: 'routing-fhir',
      role: 'fhirDataReader',
      scope: fhirServiceId,
      reason: 'Step 14: routing reads which care team has which patient.',
    },
  ];
}

/** What comes with each role of people. */
export function operatorRights({
  stream,
  deadLetters: { own },
  sqlServerId,
}: HotPathScopes): Record<HotPathOperatorRole, OperatorRight[]> {
  const reason = 'Operator: sends dead letters again.';
  return {
    manageDatabase: [
      {
        suffix: 'sql-server',
        role: 'sqlDbContributor',
        scope: sqlServerId,
        reason: 'Operator: restores and resizes the repository.',
      },
    ],
    replayDeadLetters: [
      { suffix: 'scored', role: 'eventHubsDataSender', scope: stream.scored.id, reason },
      ...(own
        ? [{ suffix: 'dead-letters', role: 'storageBlobDataContributor' as const, scope: own.container.id, reason }]
        : []),
    ],
  };
}
