/**
 * The ingest alone, in a stack of its own and in the hospital's subscription: it sends into an Event Hubs namespace of
 * another stack, goes through private endpoints of the landing zone, and takes an argument of Azure's that it does not have.
 */
import { readFileSync } from 'node:fs';
import { Provider } from '@pulumi/azure-native/provider';
import * as pulumi from '@pulumi/pulumi';
import { IoMTIngest, ingestOverrides } from '../../components';

const config = new pulumi.Config();
const platform = new pulumi.StackReference(config.require('platformStack'));

const hospital = new Provider('hospital', { subscriptionId: config.require('subscriptionId') });

const ingest = new IoMTIngest(
  'ingest',
  {
    hospitalId: 'stmary',
    resourceGroupName: platform.requireOutput('resourceGroupName'),
    existingEventHubsNamespaceId: platform.requireOutput('eventHubsNamespaceId'),
    deviceCertificateAuthorities: [
      { name: 'ward-devices', certificate: readFileSync(config.require('certificateFile'), 'utf8') },
    ],
    consumerGroups: ['research'],
    enrichments: { ward: '$twin.tags.ward' },
    deployerReach: 'vnet',
    deployerPrincipalId: platform.requireOutput('deployerGroupId'),
    privateEndpoints: { subnetId: platform.requireOutput('privateEndpointSubnetId') },
    overrides: ingestOverrides({ 'iot-hub': { properties: { comments: 'ask the platform team' } } }),
  },
  { providers: [hospital] },
);

export const { deviceDataHubId, eventHubsNamespaceHost } = ingest;
