import type * as pulumi from '@pulumi/pulumi';
import type { Grant, Identity } from '../azure/identity';
import type { OperatorRight } from '../azure/operators';
import type { ScoringOperatorRole } from './choices';
import type { DeadLetters, ScoringLake } from './lake';
import type { ScoringStream } from './stream';

/** What the roles of the path are about. */
export interface ScoringScopes {
  readonly stream: ScoringStream;
  readonly lake: ScoringLake;
  readonly fhirServiceId: pulumi.Input<string>;
  readonly deadLetters: DeadLetters;
}

const to = ({ principalId }: Identity) => ({ principalId, principalType: 'ServicePrincipal' as const });

/** Event Hubs checks these when a hub is made that is captured. */
export function captureGrants(identity: Identity, { bronze, scored }: ScoringLake): Grant[] {
  return [
    {
      ...to(identity),
      name: 'capture-bronze',
      role: 'storageBlobDataContributor',
      scope: bronze.id,
      reason: 'Step 9: Event Hubs writes what is captured of enriched.',
    },
    {
      ...to(identity),
      name: 'capture-scored',
      role: 'storageBlobDataContributor',
      scope: scored.id,
      reason: 'Step 11a: Event Hubs writes what is captured of scored.',
    },
  ];
}

export function mlInputGrants(identity: Identity, scopes: ScoringScopes): Grant[] {
  const { stream, fhirServiceId, deadLetters } = scopes;
  return [
    {
      ...to(identity),
      name: 'ml-input-normalizeddata',
      role: 'eventHubsDataReceiver',
      scope: stream.normalizedData.id,
      reason: 'Step 6: ml-input reads measurements.',
    },
    {
      ...to(identity),
      name: 'ml-input-fhir',
      role: 'fhirDataReader',
      scope: fhirServiceId,
      reason: 'Step 7: ml-input fetches patients, and what scoring must know of them.',
    },
    {
      ...to(identity),
      name: 'ml-input-enriched',
      role: 'eventHubsDataSender',
      scope: stream.enriched.id,
      reason: 'Step 8: ml-input sends enriched measurements.',
    },
    {
      ...to(identity),
      name: 'ml-input-dead-letters',
      role: 'storageBlobDataContributor',
      scope: deadLetters.containerId,
      reason: 'ml-input puts messages aside that it cannot use.',
    },
    ...chartedGrants(identity, scopes),
  ];
}

/** Charted values come by events, or are searched for. */
function chartedGrants(identity: Identity, { stream: { fhirEvents }, lake }: ScoringScopes): Grant[] {
  if (!fhirEvents) {
    return [
      {
        ...to(identity),
        name: 'ml-input-state',
        role: 'storageBlobDataContributor',
        scope: lake.state.id,
        reason: 'Step 7: ml-input keeps how far its search for charted values got.',
      },
    ];
  }
  return [
    {
      ...to(identity),
      name: 'ml-input-fhirevents',
      role: 'eventHubsDataReceiver',
      scope: fhirEvents.id,
      reason: 'Step 7: ml-input is told what changed in the health record.',
    },
    {
      ...to(identity),
      name: 'ml-input-fhirevents-marks',
      role: 'eventHubsDataSender',
      scope: fhirEvents.id,
      reason: 'Steps 7 to 10: clock marks go into every partition of fhirevents.',
    },
  ];
}

export function scoreGrants(identity: Identity, { stream, lake }: ScoringScopes): Grant[] {
  return [
    {
      ...to(identity),
      name: 'score-enriched',
      role: 'eventHubsDataReceiver',
      scope: stream.enriched.id,
      reason: 'Step 10: score reads enriched measurements.',
    },
    {
      ...to(identity),
      name: 'score-scored',
      role: 'eventHubsDataSender',
      scope: stream.scored.id,
      reason: 'Step 12: score sends scores.',
    },
    {
      ...to(identity),
      name: 'score-state',
      role: 'storageBlobDataContributor',
      scope: lake.state.id,
      reason: 'Step 10: score keeps open windows and revisions.',
    },
    {
      ...to(identity),
      name: 'score-bronze',
      role: 'storageBlobDataReader',
      scope: lake.bronze.id,
      reason: 'Step 11: score reads captured data for windows that are repaired.',
    },
    {
      ...to(identity),
      name: 'score-baselines',
      role: 'storageBlobDataReader',
      scope: lake.baselines.id,
      reason: 'Step 11: score compares windows with usual values of the patient.',
    },
  ];
}

export function longViewGrants(identity: Identity, { stream, lake }: ScoringScopes): Grant[] {
  return [
    {
      ...to(identity),
      name: 'long-view-scored',
      role: 'eventHubsDataSender',
      scope: stream.scored.id,
      reason: 'Step 12: long-view sends scores of longer windows.',
    },
    {
      ...to(identity),
      name: 'long-view-scored-files',
      role: 'storageBlobDataReader',
      scope: lake.scored.id,
      reason: 'Step 11: long-view makes baselines of captured scores.',
    },
    {
      ...to(identity),
      name: 'long-view-bronze',
      role: 'storageBlobDataReader',
      scope: lake.bronze.id,
      reason: 'Step 9: long-view scores longer windows of captured data.',
    },
    {
      ...to(identity),
      name: 'long-view-baselines',
      role: 'storageBlobDataContributor',
      scope: lake.baselines.id,
      reason: 'Step 11: long-view writes baselines.',
    },
  ];
}

/** What comes with each role of people. */
export function operatorRights({
  stream,
  lake,
  deadLetters,
}: ScoringScopes): Record<ScoringOperatorRole, OperatorRight[]> {
  const reader = { role: 'storageBlobDataReader' as const, reason: 'Operator: reads the lake.' };
  const replay = 'Operator: sends dead letters again.';
  const { own } = deadLetters;
  return {
    readLake: [
      { ...reader, suffix: 'bronze', scope: lake.bronze.id },
      { ...reader, suffix: 'scored-files', scope: lake.scored.id },
      { ...reader, suffix: 'baselines', scope: lake.baselines.id },
    ],
    readScored: [
      {
        suffix: 'scored',
        role: 'eventHubsDataReceiver',
        scope: stream.scored.id,
        reason: 'Operator: reads scores as they come.',
      },
    ],
    replayDeadLetters: [
      ...(stream.fhirEvents
        ? [
            {
              suffix: 'fhirevents',
              role: 'eventHubsDataSender' as const,
              scope: stream.fhirEvents.id,
              reason: replay,
            },
          ]
        : []),
      ...(own
        ? [{ suffix: 'dead-letters', role: 'storageBlobDataContributor' as const, scope: own.id, reason: replay }]
        : []),
    ],
  };
}
