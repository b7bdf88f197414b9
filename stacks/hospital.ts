/** The program for a hospital: everything that differs between hospitals stands in the stack's configuration. */
import { HospitalEnvironment } from '../components/hospitalEnvironment';
import type { HotPath } from '../components/hotPath';
import type { MedTechConnector } from '../components/medTechConnector';
import type { MLScoringPath } from '../components/mlScoringPath';
import { hospitalConfig } from './config';

const environment = new HospitalEnvironment('hospital', hospitalConfig());

export const {
  resourceGroupName,
  logWorkspaceId,
  iotHubHostName,
  provisioningIdScope,
  provisioningHostName,
  fhirUrl,
  deviceCertificateExpiry,
  manualSteps,
} = environment;
export const { deviceDataHubId, eventHubsNamespaceHost, rawStorageAccountId } = environment.ingest;

const connector: Partial<MedTechConnector> = environment.connector ?? {};
export const { fhirAudience, fhirServiceId, normalizedDataHubId, fhirEventsHubId, deadLetterContainerUrl } = connector;
export const { applicationInsightsId } = connector;

const scoring: Partial<MLScoringPath> = environment.scoring ?? {};
export const { enrichedHubId, scoredHubId, lakeAccountId, databricksWorkspaceUrl, endpointUrl } = scoring;

const hotPath: Partial<HotPath> = environment.hotPath ?? {};
export const { sqlServerHost, databaseId, databaseName, fabricCapacityId, dashboardUrl, httpTriggerUrl } = hotPath;
