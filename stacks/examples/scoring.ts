/** The least of scoring: ingest and connector before it, and the function app of the library as compute. */
import { readFileSync } from 'node:fs';
import { IoMTIngest, MedTechConnector, MLScoringPath } from '../../components';

const hospital = { hospitalId: 'stmary', resourceGroupName: 'rg-stmary-prod' };
const certificate = readFileSync('ward-devices.pem', 'utf8');

const ingest = new IoMTIngest('ingest', {
  ...hospital,
  deviceCertificateAuthorities: [{ name: 'ward-devices', certificate }],
});

const connector = new MedTechConnector('connector', {
  ...hospital,
  existingDeviceDataHubId: ingest.deviceDataHubId,
  eventHubsNamespaceHost: ingest.eventHubsNamespaceHost,
});

export const { enrichedHubId, scoredHubId, lakeAccountId } = new MLScoringPath('scoring', {
  ...hospital,
  existingNormalizedDataHubId: connector.normalizedDataHubId,
  existingFhirEventsHubId: connector.fhirEventsHubId,
  existingFhirServiceId: connector.fhirServiceId,
  eventHubsNamespaceHost: ingest.eventHubsNamespaceHost,
  existingApplicationInsightsId: connector.applicationInsightsId,
});
