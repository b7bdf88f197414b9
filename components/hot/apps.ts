import * as pulumi from '@pulumi/pulumi';
import type {
  mlOutputSettings,
  RepositoryUser,
  repositoryMigrationsSettings,
  routingSettings,
  SettingsOf,
} from '../../runtime/contracts/appSettings';
import type { ApplicationInsights } from '../azure/applicationInsights';
import { clouds } from '../azure/clouds';
import { nameFromId } from '../azure/component';
import type { Encryption } from '../azure/encryption';
import { type FunctionApp, functionApp } from '../azure/functionApp';
import { commonAppSettings } from '../azure/functionAppCommon';
import type { FhirPlace } from '../azure/healthcare';
import type { AppIdentity } from '../azure/identity';
import { atOnce, programTexts } from '../azure/packageTexts';
import { everyMinutes } from '../azure/schedules';
import { mlOutputGroups } from '../scoring/defaults';
import { type HotPathScopes, mlOutputGrants, routingGrants } from './access';
import type { Repository } from './repository';
import type { HotPathSite } from './site';

/** What the function apps of the path work with. */
export interface AppParts {
  readonly scopes: HotPathScopes;
  readonly fhir: FhirPlace;
  readonly repository: Repository;
  readonly insights: ApplicationInsights;
  readonly encryption: Encryption;
  readonly identities: AppIdentities;
}

/** One identity an app. */
export interface AppIdentities {
  readonly mlOutput: AppIdentity;
  readonly migrator: AppIdentity;
  readonly routing: AppIdentity;
}

type Settings<Names extends readonly string[]> = SettingsOf<Names, pulumi.Input<string>>;

/** Steps 12 to 14: results into the health record, and into the repository; neither waits for the other. */
export function buildMlOutput(site: HotPathSite, parts: AppParts): FunctionApp {
  const { settings, grants } = site;
  const { scopes, fhir, identities } = parts;
  const { stream, deadLetters } = scopes;
  const identity = identities.mlOutput;
  const roles = grants.add(...mlOutputGrants(identity, scopes));
  const appSettings: Settings<typeof mlOutputSettings> = {
    Scored__fullyQualifiedNamespace: stream.scored.namespaceHost,
    Scored__credential: 'managedidentity',
    Scored__clientId: identity.clientId,
    SCORED_HUB: stream.scored.name,
    FHIR_CONSUMER_GROUP: mlOutputGroups.fhir,
    REPOSITORY_CONSUMER_GROUP: mlOutputGroups.repository,
    FHIR_URL: fhir.url,
    FHIR_AUDIENCE: fhir.audience,
    FHIR_CLIENT_ID: identity.clientId,
    ...repositoryOf(parts, identity),
    WINDOW_SECONDS: String(settings.windowMinutes * 60),
    LATENESS_SECONDS: String(settings.latenessMinutes * 60),
    LATENCY_WARNING_MINUTES: String(settings.latencyWarningMinutes),
    LATENCY_BREACH_MINUTES: String(settings.latencyBreachMinutes),
    HTTP_CALLERS: httpCallers(site),
    SCORE_CODES: settings.scoreCodes,
    DEAD_LETTER_CONTAINER_URL: deadLetters.containerUrl,
    DEAD_LETTER_CLIENT_ID: identity.clientId,
  };
  return functionApp(
    site,
    {
      ...commonAppSettings(site.settings, parts),
      child: 'ml-output',
      names: { app: settings.names?.mlOutputApp, storageAccount: settings.names?.mlOutputStorageAccount },
      identity,
      settings: appSettings,
      package: { bundle: 'ml-output', texts: programTexts('ml-output', atOnce(settings)) },
      functions: ['mlOutputFhir', 'mlOutputRepository'],
      partitions: stream.scored.partitionCount,
    },
    { dependsOn: [...stream.readers, ...roles] },
  );
}

/** Who may post results: checked in the function, whose tokens come from the directory of the subscription. */
function httpCallers({ settings, surroundings }: HotPathSite): pulumi.Input<string> {
  const { httpTrigger, cloud } = settings;
  if (httpTrigger === undefined) return '';
  const { tenantId } = surroundings;
  return pulumi.jsonStringify({
    tenantId,
    authority: pulumi.interpolate`${clouds[cloud].authorityHost}/${tenantId}`,
    audience: httpTrigger.audience,
    allowedClientIds: httpTrigger.allowedClientIds,
  });
}

/** The app that alone may change the schema, and that makes the users of all others. */
export function buildRepositoryMigrations(
  site: HotPathSite,
  parts: AppParts,
  others: readonly pulumi.Input<RepositoryUser>[] = [],
): FunctionApp {
  const { names } = site.settings;
  const identity = parts.identities.migrator;
  const appSettings: Settings<typeof repositoryMigrationsSettings> = {
    ...repositoryOf(parts, identity),
    REPOSITORY_USERS: pulumi.jsonStringify([...usersOf(site, parts), ...others]),
    MIGRATE_SCHEDULE: everyMinutes(5),
  };
  return functionApp(
    site,
    {
      ...timerApp(site, parts),
      child: 'repository-migrations',
      names: { app: names?.repositoryMigrationsApp, storageAccount: names?.repositoryMigrationsStorageAccount },
      identity,
      settings: appSettings,
      package: {
        bundle: 'repository-migrations',
        texts: programTexts('repository-migrations', atOnce(site.settings)),
      },
      functions: ['migrate'],
    },
    { dependsOn: [parts.repository.database] },
  );
}

function usersOf({ settings }: HotPathSite, { identities }: AppParts): pulumi.Input<RepositoryUser>[] {
  const user = ({ id, clientId }: AppIdentity, role: RepositoryUser['role']) =>
    pulumi.output({ name: nameFromId(id), clientId, role });
  return [
    user(identities.mlOutput, 'mlOutputWriter'),
    user(identities.routing, 'routingWriter'),
    ...settings.repository.users.map(({ name, clientId, role }) => pulumi.output({ name, clientId, role })),
  ];
}

/** Step 14: which care team has which patient. */
export function buildRouting(site: HotPathSite, parts: AppParts): FunctionApp {
  const { settings, grants, hospitalId } = site;
  const { fhir, identities } = parts;
  const { routing, names, contextCodes } = settings;
  const identity = identities.routing;
  const roles = grants.add(...routingGrants(identity, parts.scopes));
  const appSettings: Settings<typeof routingSettings> = {
    ...repositoryOf(parts, identity),
    HOSPITAL_ID: hospitalId,
    FHIR_URL: fhir.url,
    FHIR_AUDIENCE: fhir.audience,
    FHIR_CLIENT_ID: identity.clientId,
    CONTEXT_CODES: JSON.stringify(contextCodes),
    ENTRA_OBJECT_ID_SYSTEM: routing.entraObjectIdSystem,
    RECORD_NUMBER_SYSTEM: routing.recordNumberSystem,
    ROUTING_STALE_SECONDS: String(routing.staleMinutes * 60),
    DEFAULT_QUEUE: routing.defaultQueue,
    ROUTING_SCHEDULE: everyMinutes(routing.intervalMinutes),
  };
  return functionApp(
    site,
    {
      ...timerApp(site, parts),
      child: 'routing',
      names: { app: names?.routingApp, storageAccount: names?.routingStorageAccount },
      identity,
      settings: appSettings,
      package: { bundle: 'routing', texts: programTexts('routing', atOnce(settings)) },
      functions: ['routeCareTeams'],
    },
    { dependsOn: roles },
  );
}

function repositoryOf({ repository }: AppParts, { clientId }: AppIdentity) {
  return {
    REPOSITORY_SERVER: repository.server.host,
    REPOSITORY_DATABASE: repository.databaseName,
    REPOSITORY_AUDIENCE: repository.audience,
    REPOSITORY_CLIENT_ID: clientId,
  };
}

/** Timers run on one instance: none of them is worth keeping warm. */
const timerApp = (site: HotPathSite, parts: AppParts) => ({
  ...commonAppSettings(site.settings, parts),
  alwaysReadyInstances: 0,
  partitions: 1,
});
