import type { EventHub } from '@pulumi/azure-native/eventhub/eventHub';
import * as pulumi from '@pulumi/pulumi';
import { type ApplicationInsights, applicationInsightsOf } from '../azure/applicationInsights';
import { encryptionKey } from '../azure/encryption';
import type { FunctionApp } from '../azure/functionApp';
import { fhirPlace } from '../azure/healthcare';
import { operatorGrants } from '../azure/operators';
import { siteOf } from '../azure/site';
import type { MLScoringPathArgs } from '../mlScoringPath';
import { operatorRights } from './access';
import { type AppParts, buildLongView, buildMlInput } from './apps';
import { buildCompute, type Compute } from './compute';
import type { CompleteScoring } from './defaults';
import { buildDeadLetters, buildLake, type ScoringLake } from './lake';
import { buildAlerts } from './monitoring';
import { observeLake } from './observe';
import type { ScoringSite } from './site';
import { buildStream } from './stream';

/** The Azure resources of the scoring path. */
export interface ScoringNodes {
  readonly enrichedHub: EventHub;
  readonly scoredHub: EventHub;
  readonly scoredPartitions: pulumi.Input<number>;
  readonly lake: ScoringLake;
  readonly applicationInsights: ApplicationInsights;
  readonly mlInput: FunctionApp;
  readonly longView: FunctionApp;
  /** What scores, by `compute`. */
  readonly compute: Compute;
}

/** Makes all resources of the path, each after what it needs. */
export function buildScoring(
  component: pulumi.ComponentResource,
  name: string,
  args: MLScoringPathArgs,
  settings: CompleteScoring,
) {
  const site = siteOf(component, name, args, settings);
  const parts = buildParts(site, args);
  const { scopes, insights } = parts;
  const { stream, lake, deadLetters } = scopes;
  const mlInput = buildMlInput(site, parts);
  const compute = buildCompute(site, parts);
  const longView = buildLongView(site, parts);
  site.grants.add(...operatorGrants(settings.roleAssignments, operatorRights(scopes)));
  buildAlerts(site, insights);
  observeLake(site, lake);
  return {
    nodes: {
      enrichedHub: stream.enriched,
      scoredHub: stream.scored,
      scoredPartitions: stream.scoredPartitions,
      lake,
      applicationInsights: insights,
      mlInput,
      longView,
      compute,
    },
    outputs: {
      enrichedHubId: stream.enriched.id,
      scoredHubId: stream.scored.id,
      lakeAccountId: lake.account.id,
      deadLetterContainerUrl: deadLetters.containerUrl,
      databricksWorkspaceUrl: compute.databricksWorkspaceUrl,
      endpointUrl: compute.endpointUrl,
      manualSteps: pulumi.all([
        ...site.grants.steps,
        ...mlInput.manualSteps,
        ...compute.manualSteps,
        ...longView.manualSteps,
      ]),
    },
  };
}

function buildParts(site: ScoringSite, args: MLScoringPathArgs): AppParts {
  const { settings } = site;
  const existingKey = settings.managedIdentities?.customerManagedKey;
  const encryption = encryptionKey(site, 'lake-encryption', existingKey, 'Storage and the workspaces of scoring');
  const lake = buildLake(site, encryption);
  const deadLetters = buildDeadLetters(site, lake);
  const stream = buildStream(site, args, lake);
  const insights = applicationInsightsOf(site, {
    existingId: settings.existingApplicationInsightsId,
    connectionString: settings.applicationInsightsConnectionString,
    purpose: 'scoring',
    workspacePurpose: 'scoring',
  });
  const { existingFhirServiceId, fhirUrl: url, fhirAudience: audience } = args;
  const scopes = { stream, lake, deadLetters, fhirServiceId: existingFhirServiceId };
  const fhir = fhirPlace(site.children, existingFhirServiceId, { url, audience });
  return { scopes, fhir, insights, encryption };
}
