import * as pulumi from '@pulumi/pulumi';
import type { longViewSettings, mlInputSettings, SettingsOf, scoreSettings } from '../../runtime/contracts/appSettings';
import type { ApplicationInsights } from '../azure/applicationInsights';
import type { Encryption } from '../azure/encryption';
import { type FunctionApp, functionApp } from '../azure/functionApp';
import { commonAppSettings } from '../azure/functionAppCommon';
import type { FhirPlace } from '../azure/healthcare';
import { type AppIdentity, appIdentity, type ExistingAppIdentity } from '../azure/identity';
import { containerUrl } from '../azure/lake';
import { atOnce, programTexts } from '../azure/packageTexts';
import { everySeconds } from '../azure/schedules';
import { longViewGrants, mlInputGrants, type ScoringScopes, scoreGrants } from './access';
import { mlInputGroup, rebuildGroup, scoreGroup } from './defaults';
import { kernelSettingsOf } from './kernelSettings';
import type { ScoreModel } from './onnx';
import type { ScoringSite } from './site';
import { enrichedHub, scoredHub } from './stream';

/** What the function apps of the path work with. */
export interface AppParts {
  readonly scopes: ScoringScopes;
  readonly fhir: FhirPlace;
  readonly insights: ApplicationInsights;
  readonly encryption: Encryption;
}

type Settings<Names extends readonly string[]> = SettingsOf<Names, pulumi.Input<string>>;

/** Steps 6 to 8: measurements and charted values, merged with what scoring must know of the patient. */
export function buildMlInput(site: ScoringSite, parts: AppParts): FunctionApp {
  const { settings, grants } = site;
  const { stream, lake, deadLetters } = parts.scopes;
  const identity = identityOf(site, 'ml-input', settings.managedIdentities?.mlInput);
  const roles = grants.add(...mlInputGrants(identity, parts.scopes));
  const byEvents = stream.fhirEvents !== undefined;
  const appSettings: Settings<typeof mlInputSettings> = {
    NormalizedData__fullyQualifiedNamespace: stream.namespaceHost,
    NormalizedData__credential: 'managedidentity',
    NormalizedData__clientId: identity.clientId,
    FhirEvents__fullyQualifiedNamespace: stream.namespaceHost,
    FhirEvents__credential: 'managedidentity',
    FhirEvents__clientId: identity.clientId,
    Enriched__fullyQualifiedNamespace: stream.namespaceHost,
    Enriched__clientId: identity.clientId,
    NORMALIZED_DATA_HUB: stream.normalizedData.name,
    ML_INPUT_CONSUMER_GROUP: mlInputGroup,
    FHIR_EVENTS_HUB: stream.fhirEvents?.name ?? '',
    FHIR_EVENTS_CONSUMER_GROUP: mlInputGroup,
    ENRICHED_HUB: enrichedHub,
    CLOCK_MARK_SCHEDULE: everySeconds(settings.clockMarkSeconds),
    CHARTED_SCHEDULE: everySeconds(settings.chartedSeconds),
    COMPATIBILITY: settings.compatibility,
    FHIR_URL: parts.fhir.url,
    FHIR_AUDIENCE: parts.fhir.audience,
    FHIR_CLIENT_ID: identity.clientId,
    RESOLUTION_TYPE: settings.resolutionType,
    DEVICE_IDENTIFIER_SYSTEM: settings.deviceIdentifierSystem,
    IDENTITY_CACHE_SECONDS: String(settings.identityCacheSeconds),
    WINDOW_SECONDS: String(settings.windowMinutes * 60),
    LATENESS_SECONDS: String(settings.latenessMinutes * 60),
    PLAUSIBILITY_LIMITS: JSON.stringify(settings.plausibilityLimits),
    CONTEXT_CODES: JSON.stringify(settings.contextCodes),
    DEAD_LETTER_CONTAINER_URL: deadLetters.containerUrl,
    DEAD_LETTER_CLIENT_ID: identity.clientId,
    STATE_CONTAINER_URL: containerUrl(lake.account, lake.state),
    STATE_CLIENT_ID: identity.clientId,
  };
  return functionApp(
    site,
    {
      ...commonAppSettings(site.settings, parts),
      child: 'ml-input',
      names: { app: settings.names?.mlInputApp, storageAccount: settings.names?.mlInputStorageAccount },
      identity,
      settings: appSettings,
      package: { bundle: 'ml-input', texts: programTexts('ml-input', atOnce(settings)) },
      functions: ['mlInput', ...(byEvents ? ['chartedValues', 'fhirEventMarks'] : ['pollCharted'])],
      partitions: stream.normalizedData.partitionCount,
    },
    { dependsOn: [...stream.readers, ...roles] },
  );
}

/** Step 10 with every compute but Databricks: windows, and scores by the kernel, with a model beside them where there is one. */
export function buildScore(
  site: ScoringSite,
  parts: AppParts,
  identity: AppIdentity,
  model: ScoreModel,
  modelRoles: readonly pulumi.Resource[],
): FunctionApp {
  const { settings, grants } = site;
  const { stream, lake } = parts.scopes;
  const roles = [...grants.add(...scoreGrants(identity, parts.scopes)), ...modelRoles];
  const appSettings: Settings<typeof scoreSettings> = {
    Enriched__fullyQualifiedNamespace: stream.namespaceHost,
    Enriched__credential: 'managedidentity',
    Enriched__clientId: identity.clientId,
    Scored__fullyQualifiedNamespace: stream.namespaceHost,
    Scored__clientId: identity.clientId,
    ENRICHED_HUB: enrichedHub,
    SCORE_CONSUMER_GROUP: scoreGroup,
    REBUILD_CONSUMER_GROUP: rebuildGroup,
    SCORED_HUB: scoredHub,
    KERNEL_SETTINGS: JSON.stringify(kernelSettingsOf(settings)),
    STATE_CONTAINER_URL: containerUrl(lake.account, lake.state),
    BRONZE_CONTAINER_URL: containerUrl(lake.account, lake.bronze),
    BASELINES_CONTAINER_URL: containerUrl(lake.account, lake.baselines),
    LAKE_CLIENT_ID: identity.clientId,
    REPAIR_SCHEDULE: schedules.repair,
    PENDING_SCHEDULE: schedules.pending,
    MODEL: model.setting,
  };
  return functionApp(
    site,
    {
      ...commonAppSettings(site.settings, parts),
      child: 'score',
      names: { app: settings.names?.scoreApp, storageAccount: settings.names?.scoreStorageAccount },
      identity,
      settings: { ...appSettings, ...model.appSettings },
      package: { bundle: 'score', texts: programTexts('score', atOnce(settings)), files: model.files },
      functions: ['score', 'repair', ...(model.setting === '' ? [] : ['pending'])],
      partitions: stream.enrichedPartitions,
    },
    { dependsOn: [...stream.readers, ...roles] },
  );
}

/** The identity of the app `score`: an endpoint is opened to it before the app is made. */
export function scoreIdentity(site: ScoringSite): AppIdentity {
  return identityOf(site, 'score', site.settings.managedIdentities?.score);
}

/** Steps 9 and 11: baselines, and longer windows from the lake. */
export function buildLongView(site: ScoringSite, parts: AppParts): FunctionApp {
  const { settings, grants } = site;
  const { stream, lake } = parts.scopes;
  const identity = identityOf(site, 'long-view', settings.managedIdentities?.longView);
  const roles = grants.add(...longViewGrants(identity, parts.scopes));
  const appSettings: Settings<typeof longViewSettings> = {
    Scored__fullyQualifiedNamespace: stream.namespaceHost,
    Scored__clientId: identity.clientId,
    SCORED_HUB: scoredHub,
    ENRICHED_HUB: enrichedHub,
    KERNEL_SETTINGS: JSON.stringify(kernelSettingsOf(settings)),
    SCORED_CONTAINER_URL: containerUrl(lake.account, lake.scored),
    BRONZE_CONTAINER_URL: containerUrl(lake.account, lake.bronze),
    BASELINES_CONTAINER_URL: containerUrl(lake.account, lake.baselines),
    LAKE_CLIENT_ID: identity.clientId,
    SCORED_PARTITIONS: textOf(stream.scoredPartitions),
    ENRICHED_PARTITIONS: textOf(stream.enrichedPartitions),
    LONG_WINDOWS: JSON.stringify(settings.longWindows),
    BASELINES_SCHEDULE: schedules.baselines,
    LONG_WINDOWS_SCHEDULE: schedules.longWindows,
  };
  return functionApp(
    site,
    {
      ...commonAppSettings(site.settings, parts),
      // Timers run on one instance: none of them is worth keeping warm.
      alwaysReadyInstances: 0,
      child: 'long-view',
      names: { app: settings.names?.longViewApp, storageAccount: settings.names?.longViewStorageAccount },
      identity,
      settings: appSettings,
      package: { bundle: 'long-view', texts: programTexts('long-view', atOnce(settings)) },
      functions: ['baselines', 'longWindows'],
      partitions: 1,
    },
    { dependsOn: [...stream.readers, ...roles] },
  );
}

/** NCRONTAB with seconds, in UTC. */
const schedules = {
  repair: '0 * * * * *',
  pending: '*/10 * * * * *',
  /** After the day's last windows are captured, and again in the hours before they take effect: a version is written once. */
  baselines: '0 30 1-5 * * *',
  /** When the last windows of an hour are captured. */
  longWindows: '0 20 * * * *',
} as const;

function identityOf(
  { children, names, surroundings }: ScoringSite,
  purpose: string,
  existing: ExistingAppIdentity | undefined,
): AppIdentity {
  return appIdentity(children, names, surroundings, purpose, existing);
}

const textOf = (count: pulumi.Input<number>): pulumi.Input<string> =>
  typeof count === 'number' ? String(count) : pulumi.output(count).apply(String);
