import type { EventHub } from '@pulumi/azure-native/eventhub/eventHub';
import type { IotConnector } from '@pulumi/azure-native/healthcareapis/iotConnector';
import type { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import type { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import * as pulumi from '@pulumi/pulumi';
import { type ApplicationInsights, applicationInsightsOf } from '../azure/applicationInsights';
import { encryptionKey } from '../azure/encryption';
import type { EventHubReference } from '../azure/existingEventHub';
import type { FunctionApp } from '../azure/functionApp';
import type { FhirServiceReference } from '../azure/healthcare';
import { operatorGrants } from '../azure/operators';
import { siteOf } from '../azure/site';
import type { MedTechConnectorArgs } from '../medTechConnector';
import { operatorRights } from './access';
import { type AppParts, buildNormalize, buildWriteObservations } from './apps';
import { attachConnector } from './attach';
import { buildDeadLetters } from './deadLetters';
import type { CompleteConnector } from './defaults';
import { buildFhir, buildFhirEvents } from './fhir';
import { mappingWarnings } from './mappings';
import { buildAlerts } from './monitoring';
import { observe } from './observe';
import type { ConnectorSite } from './site';
import { buildStream } from './stream';

/** The Azure resources of a connector. */
export interface ConnectorNodes {
  readonly deviceDataHub: EventHubReference;
  readonly normalizedDataHub: EventHub;
  readonly normalizedDataPartitions: pulumi.Input<number>;
  readonly fhirEventsHub: EventHub;
  readonly fhirService: FhirServiceReference;
  readonly deadLetterStorageAccount: StorageAccount;
  readonly deadLetterContainer: BlobContainer;
  readonly applicationInsights: ApplicationInsights;
  readonly normalize: FunctionApp;
  /** Undefined with `engine: attach`. */
  readonly writeObservations?: FunctionApp;
  /** The managed MedTech service of `engine: attach`. */
  readonly iotConnector?: IotConnector;
}

/** Makes all resources of a connector, each after what it needs. */
export function buildConnector(
  component: pulumi.ComponentResource,
  name: string,
  args: MedTechConnectorArgs,
  settings: CompleteConnector,
) {
  for (const warning of mappingWarnings(settings.loaded)) void pulumi.log.warn(warning, component);
  const site = siteOf(component, name, args, settings);
  const parts = buildParts(site, args);
  const { stream, fhir, deadLetters, insights, scopes } = parts;
  buildFhirEvents(site, fhir, stream);
  const normalize = buildNormalize(site, parts);
  const { writeObservations, iotConnector } = buildRecorder(site, parts);
  site.grants.add(...operatorGrants(settings.roleAssignments, operatorRights(scopes)));
  buildAlerts(site, insights);
  observe(site, fhir, deadLetters);
  return {
    nodes: {
      deviceDataHub: stream.deviceData,
      normalizedDataHub: stream.normalizedData,
      normalizedDataPartitions: stream.normalizedDataPartitions,
      fhirEventsHub: stream.fhirEvents,
      fhirService: fhir.reference,
      deadLetterStorageAccount: deadLetters.account,
      deadLetterContainer: deadLetters.container,
      applicationInsights: insights,
      normalize,
      writeObservations,
      iotConnector,
    },
    outputs: {
      fhirUrl: fhir.reference.url,
      fhirAudience: fhir.reference.audience,
      fhirServiceId: fhir.reference.id,
      normalizedDataHubId: stream.normalizedData.id,
      fhirEventsHubId: stream.fhirEvents.id,
      deadLetterContainerUrl: deadLetters.containerUrl,
      applicationInsightsId: insights.id,
      manualSteps: pulumi.all([
        ...site.grants.steps,
        ...normalize.manualSteps,
        ...(writeObservations?.manualSteps ?? []),
      ]),
    },
  };
}

function buildParts(site: ConnectorSite, args: MedTechConnectorArgs): AppParts {
  const { managedIdentities } = site.settings;
  const existing = managedIdentities?.customerManagedKey;
  const encryption = encryptionKey(site, 'health-encryption', existing, 'Storage and the FHIR service');
  const stream = buildStream(site, args);
  const fhir = buildFhir(site, encryption);
  const deadLetters = buildDeadLetters(site, encryption);
  const existingId = site.settings.existingApplicationInsightsId;
  const insights = applicationInsightsOf(site, { existingId, purpose: '', workspacePurpose: 'medtech' });
  const scopes = {
    deviceDataHubId: stream.deviceData.id,
    normalizedDataHubId: stream.normalizedData.id,
    fhirServiceId: fhir.reference.id,
    deadLetters: deadLetters.container,
  };
  return { encryption, stream, fhir, deadLetters, insights, scopes };
}

/** Who records Observations: the function app, or the managed service that is there already. */
function buildRecorder(
  site: ConnectorSite,
  parts: AppParts,
): { writeObservations?: FunctionApp; iotConnector?: IotConnector } {
  const { engine, existingIotConnectorId, existingFhirDestinationId } = site.settings;
  if (engine === 'builtin') return { writeObservations: buildWriteObservations(site, parts) };
  const ids = { connectorId: existingIotConnectorId ?? '', destinationId: existingFhirDestinationId ?? '' };
  return { iotConnector: attachConnector(site, ids, parts.scopes).connector };
}
