/** The least: one statement. Devices come with certificates of the given authority. */
import { readFileSync } from 'node:fs';
import { IoMTIngest } from '../../components';

const certificate = readFileSync('ward-devices.pem', 'utf8');

export const { iotHubHostName, provisioningIdScope, deviceCertificateExpiry } = new IoMTIngest('ingest', {
  hospitalId: 'stmary',
  resourceGroupName: 'rg-stmary-prod',
  deviceCertificateAuthorities: [{ name: 'ward-devices', certificate }],
});
