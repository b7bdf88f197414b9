import * as pulumi from '@pulumi/pulumi';
import { type ApplicationInsights, applicationInsightsOf } from '../azure/applicationInsights';
import { encryptionKey } from '../azure/encryption';
import type { FunctionApp } from '../azure/functionApp';
import { fhirPlace } from '../azure/healthcare';
import { appIdentity, type ExistingAppIdentity } from '../azure/identity';
import { operatorGrants } from '../azure/operators';
import { siteOf } from '../azure/site';
import type { HotPathArgs } from '../hotPath';
import { operatorRights } from './access';
import { type AppIdentities, type AppParts, buildMlOutput, buildRepositoryMigrations, buildRouting } from './apps';
import type { Dashboard } from './dashboard';
import { buildDeadLetters } from './deadLetters';
import type { CompleteHotPath } from './defaults';
import { buildAlerts } from './monitoring';
import { observe } from './observe';
import { buildRepository, type Repository } from './repository';
import type { HotPathSite } from './site';
import { buildStream } from './stream';

/** The Azure resources of the hot path. */
export interface HotPathNodes {
  readonly repository: Repository;
  readonly applicationInsights: ApplicationInsights;
  readonly mlOutput: FunctionApp;
  readonly repositoryMigrations: FunctionApp;
  readonly routing: FunctionApp;
  /** Undefined without one. */
  readonly dashboard?: Dashboard;
}

/** Loaded where there is one: a program pays for no dashboard that it does not have. */
const loadDashboard = () => require('./dashboard') as typeof import('./dashboard');

/** Makes all resources of the path, each after what it needs. */
export function buildHotPath(
  component: pulumi.ComponentResource,
  name: string,
  args: HotPathArgs,
  settings: CompleteHotPath,
) {
  const site = siteOf(component, name, args, settings);
  const parts = buildParts(site, args);
  const { repository, insights, scopes } = parts;
  const dashboard = settings.dashboard
    ? loadDashboard().buildDashboard(site, settings.dashboard, repository)
    : undefined;
  const repositoryMigrations = buildRepositoryMigrations(site, parts, dashboard?.users);
  const mlOutput = buildMlOutput(site, parts);
  const routing = buildRouting(site, parts);
  site.grants.add(...operatorGrants(settings.roleAssignments, operatorRights(scopes)));
  buildAlerts(site, insights);
  observe(site, repository, scopes.deadLetters);
  const apps = [repositoryMigrations, mlOutput, routing];
  return {
    nodes: { repository, applicationInsights: insights, mlOutput, repositoryMigrations, routing, dashboard },
    outputs: {
      sqlServerHost: repository.server.host,
      databaseId: repository.database.id,
      databaseName: repository.databaseName,
      deadLetterContainerUrl: scopes.deadLetters.containerUrl,
      httpTriggerUrl: httpTriggerUrl(settings, mlOutput),
      fabricCapacityId: dashboard?.capacityId,
      dashboardUrl: dashboard?.url,
      manualSteps: pulumi
        .all([
          pulumi.all([
            ...site.grants.steps,
            ...repository.manualSteps,
            ...apps.flatMap(({ manualSteps }) => manualSteps),
          ]),
          dashboard?.manualSteps ?? [],
        ])
        .apply((steps) => steps.flat()),
    },
  };
}

function buildParts(site: HotPathSite, args: HotPathArgs): AppParts {
  const { settings, children } = site;
  const existingKey = settings.managedIdentities?.customerManagedKey;
  const encryption = encryptionKey(site, 'hot-encryption', existingKey, 'The SQL server and storage of the hot path');
  const identities = identitiesOf(site);
  const { existingFhirServiceId, fhirUrl: url, fhirAudience: audience } = args;
  const repository = buildRepository(site, encryption, identities.migrator);
  const insights = applicationInsightsOf(site, {
    existingId: settings.existingApplicationInsightsId,
    connectionString: settings.applicationInsightsConnectionString,
    purpose: 'hot',
    workspacePurpose: 'hot',
  });
  return {
    scopes: {
      stream: buildStream(site, args),
      fhirServiceId: existingFhirServiceId,
      deadLetters: buildDeadLetters(site, encryption),
      sqlServerId: repository.server.id,
    },
    fhir: fhirPlace(children, existingFhirServiceId, { url, audience }),
    repository,
    insights,
    encryption,
    identities,
  };
}

function identitiesOf({ children, names, surroundings, settings: { managedIdentities } }: HotPathSite): AppIdentities {
  const of = (purpose: string, existing: ExistingAppIdentity | undefined) =>
    appIdentity(children, names, surroundings, purpose, existing);
  return {
    mlOutput: of('ml-output', managedIdentities?.mlOutput),
    migrator: of('repository-migrations', managedIdentities?.repositoryMigrations),
    routing: of('routing', managedIdentities?.routing),
  };
}

function httpTriggerUrl({ httpTrigger }: CompleteHotPath, { app }: FunctionApp): pulumi.Output<string> | undefined {
  return httpTrigger && pulumi.interpolate`https://${app.defaultHostName}/api/scored`;
}
