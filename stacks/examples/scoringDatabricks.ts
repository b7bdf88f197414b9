/**
 * Scoring alone, in a stack of its own: a Databricks job in the landing zone's network, rules that the site's clinical safety
 * owner has approved, a model of the site's own beside NEWS2, and everything that comes before from other stacks.
 */
import { Provider } from '@pulumi/azure-native/provider';
import * as pulumi from '@pulumi/pulumi';
import { MLScoringPath, scoringOverrides } from '../../components';

const config = new pulumi.Config();
const platform = new pulumi.StackReference(config.require('platformStack'));

const hospital = new Provider('hospital', { subscriptionId: config.require('subscriptionId') });

const scoring = new MLScoringPath(
  'scoring',
  {
    hospitalId: 'stmary',
    resourceGroupName: platform.requireOutput('resourceGroupName'),
    existingNormalizedDataHubId: platform.requireOutput('normalizedDataHubId'),
    existingFhirServiceId: platform.requireOutput('fhirServiceId'),
    // No hub of FHIR events: charted values are searched for.
    chartedSeconds: 20,
    compute: 'databricks',
    databricks: {
      virtualNetworkId: platform.requireOutput('virtualNetworkId'),
      publicSubnetName: 'snet-dbx-public',
      privateSubnetName: 'snet-dbx-private',
      complianceStandards: ['HIPAA', 'HITRUST'],
      unityCatalog: 'existing',
      catalogName: config.require('catalogName'),
      runAsApplicationId: config.require('jobApplicationId'),
      workers: 2,
      additionalWheels: ['wheels/onnxruntime-1.20.1-cp312-cp312-manylinux_2_27_x86_64.whl'],
      alertEmails: ['on-call@stmary.example'],
    },
    onnxModel: { name: 'deterioration', version: '2026-03', file: 'models/deterioration.onnx' },
    latenessMinutes: 5,
    spinalCordInjury: 'optOut',
    flagRules: { lowerMinutes: 60 },
    plausibilityLimits: { temperature: { least: 30, most: 44 } },
    contextCodes: {
      limitsOfTreatment: [{ resource: 'Flag', codes: ['https://stmary.example/flags|dnacpr'], says: true }],
    },
    longWindows: ['PT12H', 'PT24H'],
    lake: { replication: 'Standard_GZRS', scoredRetentionDays: 3650 },
    scoredConsumerGroups: ['research'],
    roleAssignments: [{ name: 'research', principalId: config.require('researchGroupId'), role: 'readLake' }],
    deployerReach: 'vnet',
    deployerPrincipalId: platform.requireOutput('deployerGroupId'),
    privateEndpoints: { subnetId: platform.requireOutput('privateEndpointSubnetId') },
    functionSubnetId: platform.requireOutput('functionSubnetId'),
    overrides: scoringOverrides({ job: { tags: { costCentre: 'icu' } } }),
  },
  { providers: [hospital] },
);

export const { scoredHubId, databricksWorkspaceUrl, manualSteps } = scoring;
