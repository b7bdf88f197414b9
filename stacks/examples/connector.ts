/** The least of a connector: an ingest before it, and the starter mappings for vital signs. */
import { readFileSync } from 'node:fs';
import { IoMTIngest, MedTechConnector } from '../../components';

const hospital = { hospitalId: 'stmary', resourceGroupName: 'rg-stmary-prod' };
const certificate = readFileSync('ward-devices.pem', 'utf8');

const ingest = new IoMTIngest('ingest', {
  ...hospital,
  deviceCertificateAuthorities: [{ name: 'ward-devices', certificate }],
});

export const { fhirUrl, normalizedDataHubId, deadLetterContainerUrl } = new MedTechConnector('connector', {
  ...hospital,
  existingDeviceDataHubId: ingest.deviceDataHubId,
  eventHubsNamespaceHost: ingest.eventHubsNamespaceHost,
});
