import { IotConnector } from '@pulumi/azure-native/healthcareapis/iotConnector';
import { IotConnectorFhirDestination } from '@pulumi/azure-native/healthcareapis/iotConnectorFhirDestination';
import type * as pulumi from '@pulumi/pulumi';
import { type ConnectorScopes, iotConnectorGrants } from './access';
import { mappingContent } from './mappings';
import type { ConnectorSite } from './site';

/** A managed MedTech service that was taken over. */
export interface AttachedConnector {
  readonly connector: IotConnector;
  readonly destination: IotConnectorFhirDestination;
}

/** ARM id of a managed MedTech service. */
export const iotConnectorPattern =
  /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/Microsoft\.HealthcareApis\/workspaces\/([^/]+)\/iotconnectors\/([^/]+)$/i;
/** ARM id of its FHIR destination. */
export const fhirDestinationPattern = new RegExp(
  `${iotConnectorPattern.source.slice(0, -1)}/fhirdestinations/([^/]+)$`,
  'i',
);

/**
 * What cannot be made again is imported and kept when the component goes. Of the service, the mappings alone are changed:
 * what it reads, where it lies and who it is stay as they are.
 */
export function attachConnector(
  { children, settings, grants }: ConnectorSite,
  ids: { readonly connectorId: string; readonly destinationId: string },
  scopes: ConnectorScopes,
): AttachedConnector {
  const { deviceMapping, fhirMapping, resolutionType } = settings;
  const [, resourceGroupName = '', workspaceName = '', iotConnectorName = '', fhirDestinationName = ''] =
    fhirDestinationPattern.exec(ids.destinationId) ?? [];
  const place = { resourceGroupName, workspaceName, iotConnectorName };
  const kept = { protect: true, retainOnDelete: true };
  const connector = new IotConnector(
    ...children.of(
      'iot-connector',
      { ...place, deviceMapping: { content: mappingContent(deviceMapping) } },
      {
        ...kept,
        import: ids.connectorId,
        ignoreChanges: ['identity', 'ingestionEndpointConfiguration', 'location', 'tags'],
      },
    ),
  );
  const destination = new IotConnectorFhirDestination(
    ...children.of(
      'iot-connector-destination',
      {
        ...place,
        fhirDestinationName,
        fhirServiceResourceId: scopes.fhirServiceId,
        resourceIdentityResolutionType: resolutionType,
        fhirMapping: { content: mappingContent(fhirMapping) },
      },
      { ...kept, import: ids.destinationId, ignoreChanges: ['location'], dependsOn: [connector] },
    ),
  );
  grants.add(...iotConnectorGrants(principalOf(connector), scopes));
  return { connector, destination };
}

/** The service's own identity, or the one that it was given. */
function principalOf({ identity }: IotConnector): pulumi.Output<string> {
  return identity.apply((found) => {
    const [given] = Object.values(found?.userAssignedIdentities ?? {});
    const principalId = found?.principalId ?? given?.principalId;
    if (principalId) return principalId;
    throw new Error('The managed MedTech service has no identity; give it one before it is taken over.');
  });
}
