import type * as pulumi from '@pulumi/pulumi';
import type { normalizeSettings, SettingsOf, writeObservationsSettings } from '../../runtime/contracts/appSettings';
import type { ApplicationInsights } from '../azure/applicationInsights';
import type { Encryption } from '../azure/encryption';
import { type FunctionApp, functionApp } from '../azure/functionApp';
import { commonAppSettings } from '../azure/functionAppCommon';
import { type AppIdentity, appIdentity } from '../azure/identity';
import { everySeconds } from '../azure/schedules';
import { type ConnectorScopes, clockMarksGrants, normalizeGrants, writeObservationsGrants } from './access';
import type { DeadLetterStore } from './deadLetters';
import { writeObservationsGroup } from './defaults';
import type { ConnectorFhir } from './fhir';
import { normalizeTexts, writeObservationsTexts } from './packageTexts';
import { scoringSourcesByType } from './scoring';
import type { ConnectorSite } from './site';
import { type ConnectorStream, normalizedDataHub } from './stream';

/** What the two function apps work with. */
export interface AppParts {
  readonly stream: ConnectorStream;
  readonly fhir: ConnectorFhir;
  readonly deadLetters: DeadLetterStore;
  readonly insights: ApplicationInsights;
  readonly encryption: Encryption;
  readonly scopes: ConnectorScopes;
}

type Settings<Names extends readonly string[]> = SettingsOf<Names, pulumi.Input<string>>;

/** Steps 4 and 6: device data to measurements, and the clock marks that move time on the path. */
export function buildNormalize(site: ConnectorSite, parts: AppParts): FunctionApp {
  const { settings, grants } = site;
  const identity = identityOf(site, 'normalize', settings.managedIdentities?.normalize);
  const clockMarks = identityOf(site, 'clock-marks', settings.managedIdentities?.clockMarks);
  const roles = grants.add(...normalizeGrants(identity, parts.scopes), ...clockMarksGrants(clockMarks, parts.scopes));
  const namespace = parts.stream.deviceData.namespaceHost;
  const appSettings: Settings<typeof normalizeSettings> = {
    DeviceData__fullyQualifiedNamespace: namespace,
    DeviceData__credential: 'managedidentity',
    DeviceData__clientId: identity.clientId,
    ClockMarks__fullyQualifiedNamespace: namespace,
    ClockMarks__clientId: clockMarks.clientId,
    NormalizedData__fullyQualifiedNamespace: namespace,
    NormalizedData__clientId: identity.clientId,
    DEVICE_DATA_HUB: parts.stream.deviceData.name,
    NORMALIZED_DATA_HUB: normalizedDataHub,
    NORMALIZE_CONSUMER_GROUP: settings.deviceDataConsumerGroup,
    CLOCK_MARK_SCHEDULE: everySeconds(settings.clockMarkSeconds),
    COMPATIBILITY: settings.compatibility,
    SCORING_SOURCES: JSON.stringify(scoringSourcesByType(settings.scoringSources)),
    DEAD_LETTER_CONTAINER_URL: parts.deadLetters.containerUrl,
    DEAD_LETTER_CLIENT_ID: identity.clientId,
  };
  return functionApp(
    site,
    {
      ...commonAppSettings(site.settings, parts),
      child: 'normalize',
      names: { app: settings.names?.normalizeApp, storageAccount: settings.names?.normalizeStorageAccount },
      identity,
      otherIdentities: [clockMarks],
      settings: appSettings,
      package: { bundle: 'normalize', texts: normalizeTexts(settings) },
      functions: ['clockMarks', 'normalize'],
      partitions: parts.stream.deviceData.partitionCount,
    },
    { dependsOn: [...parts.stream.readers, ...roles] },
  );
}

/** Step 5: measurements to Observations. */
export function buildWriteObservations(site: ConnectorSite, parts: AppParts): FunctionApp {
  const { settings, grants } = site;
  const identity = identityOf(site, 'write-observations', settings.managedIdentities?.writeObservations);
  const roles = grants.add(...writeObservationsGrants(identity, parts.scopes));
  const appSettings: Settings<typeof writeObservationsSettings> = {
    NormalizedData__fullyQualifiedNamespace: parts.stream.deviceData.namespaceHost,
    NormalizedData__credential: 'managedidentity',
    NormalizedData__clientId: identity.clientId,
    NORMALIZED_DATA_HUB: normalizedDataHub,
    WRITE_OBSERVATIONS_CONSUMER_GROUP: writeObservationsGroup,
    COMPATIBILITY: settings.compatibility,
    FHIR_URL: parts.fhir.reference.url,
    FHIR_AUDIENCE: parts.fhir.reference.audience,
    FHIR_CLIENT_ID: identity.clientId,
    RESOLUTION_TYPE: settings.resolutionType,
    DEVICE_IDENTIFIER_SYSTEM: settings.deviceIdentifierSystem,
    IDENTITY_CACHE_SECONDS: String(settings.identityCacheSeconds),
    DEAD_LETTER_CONTAINER_URL: parts.deadLetters.containerUrl,
    DEAD_LETTER_CLIENT_ID: identity.clientId,
  };
  return functionApp(
    site,
    {
      ...commonAppSettings(site.settings, parts),
      child: 'write-observations',
      names: {
        app: settings.names?.writeObservationsApp,
        storageAccount: settings.names?.writeObservationsStorageAccount,
      },
      identity,
      settings: appSettings,
      package: { bundle: 'write-observations', texts: writeObservationsTexts(settings) },
      functions: ['writeObservations'],
      partitions: parts.stream.normalizedDataPartitions,
    },
    { dependsOn: [...parts.stream.readers, ...roles] },
  );
}

function identityOf(
  { children, names, surroundings }: ConnectorSite,
  purpose: string,
  existing: Parameters<typeof appIdentity>[4],
): AppIdentity {
  return appIdentity(children, names, surroundings, purpose, existing);
}
