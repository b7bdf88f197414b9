import type { SystemTopic } from '@pulumi/azure-native/eventgrid/systemTopic';
import { clouds } from '../azure/clouds';
import type { Encryption } from '../azure/encryption';
import { eventsToHub } from '../azure/eventGrid';
import { existingFhirService, type FhirNodes, type FhirServiceReference, fhirR4Service } from '../azure/healthcare';
import { hopIdentity } from '../azure/identity';
import { propagated } from '../azure/propagation';
import { fhirEventsGrants } from './access';
import type { ConnectorSite } from './site';
import type { ConnectorStream } from './stream';

/** The FHIR service of a connector. */
export interface ConnectorFhir {
  readonly reference: FhirServiceReference;
  /** Its resources, where the connector made them. */
  readonly own?: FhirNodes;
}

export function buildFhir(
  { children, names, surroundings, settings, protection }: ConnectorSite,
  encryption: Encryption,
): ConnectorFhir {
  const { existingFhirServiceId, existingFhirServiceUrl, fhir } = settings;
  if (existingFhirServiceId !== undefined) {
    return { reference: existingFhirService(children, existingFhirServiceId, existingFhirServiceUrl) };
  }
  const own = fhirR4Service(
    children,
    surroundings,
    {
      ...fhir,
      workspaceName: names.of('healthWorkspace', settings.names?.healthWorkspace),
      fhirServiceName: names.of('fhirService', settings.names?.fhirService),
      cloud: clouds[settings.cloud],
      encryption,
      keyUri: settings.customerManagedKey?.keyUri,
    },
    protection,
  );
  return { reference: own, own };
}

/** "Azure Health Data Services as an Event Grid source"; the events hold ids and no patient data. */
const topicType = 'Microsoft.HealthcareApis.Workspaces';
const eventTypes = ['Created', 'Updated', 'Deleted'].map((what) => `Microsoft.HealthcareApis.FhirResource${what}`);

/** Tells in `fhirevents` what is created, updated and deleted. Event Grid checks the role when it is made to deliver. */
export function buildFhirEvents(
  site: ConnectorSite,
  { reference }: ConnectorFhir,
  { fhirEvents }: ConnectorStream,
): SystemTopic | undefined {
  const { children, names, surroundings, settings, grants } = site;
  if (!settings.fhirEvents) return undefined;
  const identity = hopIdentity(children, names, surroundings, 'fhir-events', settings.managedIdentities?.fhirEvents);
  const gate = propagated(site, 'events-role-propagation', grants.add(...fhirEventsGrants(identity, fhirEvents.id)));
  return eventsToHub(
    children,
    surroundings,
    {
      systemTopicName: names.of('systemTopic', settings.names?.systemTopic),
      source: reference.workspaceId,
      topicType,
      location: reference.location,
      eventTypes,
      eventHubId: fhirEvents.id,
      identity,
      subscriptionName: 'fhir-events',
    },
    grants.afterTold(gate),
  );
}
