/**
 * The hot path alone, in a stack of its own: scores come from the stack of the scoring team, the repository is administered by
 * a group of the landing zone, and everything goes through its private network.
 */
import { Provider } from '@pulumi/azure-native/provider';
import * as pulumi from '@pulumi/pulumi';
import { HotPath, hotPathOverrides } from '../../components';

const config = new pulumi.Config();
const platform = new pulumi.StackReference(config.require('platformStack'));

const hospital = new Provider('hospital', { subscriptionId: config.require('subscriptionId') });

const hotPath = new HotPath(
  'hot',
  {
    hospitalId: 'stmary',
    resourceGroupName: platform.requireOutput('resourceGroupName'),
    existingScoredHubId: platform.requireOutput('scoredHubId'),
    existingFhirServiceId: platform.requireOutput('fhirServiceId'),
    existingDeadLetterContainerId: platform.requireOutput('deadLetterContainerId'),
    // As the scoring team has set it.
    latenessMinutes: 5,
    repository: {
      administrator: {
        login: 'sql-administrators',
        objectId: platform.requireOutput('sqlAdministratorsGroupId'),
        // The platform team has put the identity below into the group.
        includesMigrator: true,
      },
      capacity: 8,
      backupStorageRedundancy: 'GeoZone',
      shortTermRetentionDays: 35,
    },
    managedIdentities: {
      repositoryMigrations: {
        id: platform.requireOutput('migratorIdentityId'),
        principalId: platform.requireOutput('migratorPrincipalId'),
        clientId: platform.requireOutput('migratorClientId'),
      },
    },
    routing: {
      entraObjectIdSystem: 'https://stmary.example/entra-object-id',
      recordNumberSystem: 'https://stmary.example/mrn',
      defaultQueue: 'rapid-response',
    },
    dashboard: { capacityAdministrators: [config.require('fabricAdministrator')], capacitySku: 'F4' },
    alertActionGroupIds: [platform.requireOutput('onCallActionGroupId')],
    diagnosticSettings: { workspaceId: platform.requireOutput('logWorkspaceId') },
    deployerReach: 'vnet',
    deployerPrincipalId: platform.requireOutput('deployerGroupId'),
    privateEndpoints: { subnetId: platform.requireOutput('privateEndpointSubnetId') },
    functionSubnetId: platform.requireOutput('functionSubnetId'),
    overrides: hotPathOverrides({ 'sql-database': { readScale: 'Disabled' } }),
  },
  { providers: [hospital] },
);

export const { sqlServerHost, databaseName, manualSteps } = hotPath;
