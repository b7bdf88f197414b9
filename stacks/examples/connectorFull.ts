/**
 * The connector alone, in a stack of its own: it reads the event hub of another stack, brings mapping files that were written
 * for MedTech, records into a FHIR service that exists, and goes through the private network of the landing zone.
 */
import { readFileSync } from 'node:fs';
import { Provider } from '@pulumi/azure-native/provider';
import * as pulumi from '@pulumi/pulumi';
import { connectorOverrides, MedTechConnector } from '../../components';

const config = new pulumi.Config();
const platform = new pulumi.StackReference(config.require('platformStack'));

const hospital = new Provider('hospital', { subscriptionId: config.require('subscriptionId') });

const connector = new MedTechConnector(
  'connector',
  {
    hospitalId: 'stmary',
    resourceGroupName: platform.requireOutput('resourceGroupName'),
    existingDeviceDataHubId: platform.requireOutput('deviceDataHubId'),
    existingFhirServiceId: platform.requireOutput('fhirServiceId'),
    // The workspace of that service has a system topic already.
    fhirEvents: false,
    deviceMapping: readFileSync(config.require('deviceMappingFile'), 'utf8'),
    fhirMapping: readFileSync(config.require('fhirMappingFile'), 'utf8'),
    // As before, for as long as old and new Observations are compared.
    compatibility: 'medtech',
    resolutionType: 'Lookup',
    deviceIdentifierSystem: 'https://stmary.example/devices',
    scoringSources: [
      { measurementType: 'ecg', vital: 'heartRate', valueName: 'rate' },
      { measurementType: 'pulse', vital: 'heartRate', valueName: 'rate' },
    ],
    flushSeconds: 2,
    alwaysReadyInstances: 1,
    deadLetterRetentionDays: 90,
    alertActionGroupIds: [platform.requireOutput('onCallActionGroupId')],
    roleAssignments: [
      { name: 'operators', principalId: config.require('operatorsGroupId'), role: 'replayDeadLetters' },
    ],
    diagnosticSettings: { workspaceId: platform.requireOutput('logWorkspaceId') },
    deployerReach: 'vnet',
    deployerPrincipalId: platform.requireOutput('deployerGroupId'),
    privateEndpoints: { subnetId: platform.requireOutput('privateEndpointSubnetId') },
    functionSubnetId: platform.requireOutput('functionSubnetId'),
    overrides: connectorOverrides({ 'normalize-app': { siteConfig: { http20Enabled: false } } }),
  },
  { providers: [hospital] },
);

export const { fhirUrl, normalizedDataHubId, manualSteps } = connector;
