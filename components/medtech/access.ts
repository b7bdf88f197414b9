import type { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import type * as pulumi from '@pulumi/pulumi';
import type { Grant, Identity } from '../azure/identity';
import type { OperatorRight } from '../azure/operators';
import type { ConnectorOperatorRole } from './choices';

/** What the roles of the connector are about. */
export interface ConnectorScopes {
  readonly deviceDataHubId: pulumi.Input<string>;
  readonly normalizedDataHubId: pulumi.Input<string>;
  readonly fhirServiceId: pulumi.Input<string>;
  readonly deadLetters: BlobContainer;
}

const to = ({ principalId }: Identity) => ({ principalId, principalType: 'ServicePrincipal' as const });

export function clockMarksGrants(identity: Identity, { deviceDataHubId }: ConnectorScopes): Grant[] {
  return [
    {
      ...to(identity),
      name: 'clock-marks-devicedata',
      role: 'eventHubsDataSender',
      scope: deviceDataHubId,
      reason: 'Steps 6 to 10: clock marks go into every partition of devicedata.',
    },
  ];
}

export function normalizeGrants(identity: Identity, scopes: ConnectorScopes): Grant[] {
  return [
    {
      ...to(identity),
      name: 'normalize-devicedata',
      role: 'eventHubsDataReceiver',
      scope: scopes.deviceDataHubId,
      reason: 'Step 4: normalize reads device data.',
    },
    {
      ...to(identity),
      name: 'normalize-normalizeddata',
      role: 'eventHubsDataSender',
      scope: scopes.normalizedDataHubId,
      reason: 'Steps 5 and 6: normalize sends measurements to normalizeddata.',
    },
    {
      ...to(identity),
      name: 'normalize-dead-letters',
      role: 'storageBlobDataContributor',
      scope: scopes.deadLetters.id,
      reason: 'normalize puts messages aside that it cannot read.',
    },
  ];
}

export function writeObservationsGrants(identity: Identity, scopes: ConnectorScopes): Grant[] {
  return [
    {
      ...to(identity),
      name: 'write-observations-normalizeddata',
      role: 'eventHubsDataReceiver',
      scope: scopes.normalizedDataHubId,
      reason: 'Step 5: write-observations reads measurements.',
    },
    {
      ...to(identity),
      name: 'write-observations-fhir',
      role: 'fhirDataWriter',
      scope: scopes.fhirServiceId,
      reason: 'Step 5: write-observations asks for the Patient and records the Observation.',
    },
    {
      ...to(identity),
      name: 'write-observations-dead-letters',
      role: 'storageBlobDataContributor',
      scope: scopes.deadLetters.id,
      reason: 'write-observations puts measurements aside that it cannot record.',
    },
  ];
}

export function fhirEventsGrants(identity: Identity, fhirEventsHubId: pulumi.Input<string>): Grant[] {
  return [
    {
      ...to(identity),
      name: 'fhir-events',
      role: 'eventHubsDataSender',
      scope: fhirEventsHubId,
      reason: 'Event Grid sends the events of the FHIR service to fhirevents.',
    },
  ];
}

/** What a managed MedTech service does with its own identity. */
export function iotConnectorGrants(principalId: pulumi.Input<string>, scopes: ConnectorScopes): Grant[] {
  const principal = { principalId, principalType: 'ServicePrincipal' as const };
  return [
    {
      ...principal,
      name: 'iot-connector-devicedata',
      role: 'eventHubsDataReceiver',
      scope: scopes.deviceDataHubId,
      reason: 'Step 4: the managed MedTech service reads device data.',
    },
    {
      ...principal,
      name: 'iot-connector-fhir',
      role: 'fhirDataWriter',
      scope: scopes.fhirServiceId,
      reason: 'Step 5: the managed MedTech service records Observations.',
    },
  ];
}

/** What comes with each role of people. */
export function operatorRights(scopes: ConnectorScopes): Record<ConnectorOperatorRole, OperatorRight[]> {
  const replay = 'Operator: sends dead letters again.';
  return {
    readFhir: [
      {
        suffix: 'fhir',
        role: 'fhirDataReader',
        scope: scopes.fhirServiceId,
        reason: 'Operator: reads FHIR resources.',
      },
    ],
    writeFhir: [
      {
        suffix: 'fhir-writer',
        role: 'fhirDataWriter',
        scope: scopes.fhirServiceId,
        reason: 'Health record: writes patients, devices and who wears which.',
      },
    ],
    replayDeadLetters: [
      { suffix: 'dead-letters', role: 'storageBlobDataContributor', scope: scopes.deadLetters.id, reason: replay },
      { suffix: 'devicedata', role: 'eventHubsDataSender', scope: scopes.deviceDataHubId, reason: replay },
      { suffix: 'normalizeddata', role: 'eventHubsDataSender', scope: scopes.normalizedDataHubId, reason: replay },
    ],
  };
}
