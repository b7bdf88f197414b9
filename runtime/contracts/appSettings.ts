/**
 * Names of the app settings that the functions read, and that the components set: one list for both. A connection is a
 * prefix, as identity-based connections of Azure Functions have it (`DeviceData__fullyQualifiedNamespace`,
 * `DeviceData__credential` = `managedidentity`, `DeviceData__clientId`).
 */
export const connections = {
  /** Reads `devicedata`. */
  deviceData: 'DeviceData',
  /** Writes clock marks into `devicedata`, with an identity of its own. */
  clockMarks: 'ClockMarks',
  /** Writes (`normalize`) or reads (`write-observations`, `ml-input`) `normalizeddata`. */
  normalizedData: 'NormalizedData',
  /** Reads `fhirevents`, and writes clock marks into it. */
  fhirEvents: 'FhirEvents',
  /** Writes (`ml-input`) or reads (`score`) `enriched`. */
  enriched: 'Enriched',
  /** Writes (`score`, `long-view`) or reads (`ml-output`) `scored`. */
  scored: 'Scored',
} as const;

/** Settings of the app `normalize`, which holds the functions `clockMarks` and `normalize`. */
export const normalizeSettings = [
  'DeviceData__fullyQualifiedNamespace',
  'DeviceData__credential',
  'DeviceData__clientId',
  'ClockMarks__fullyQualifiedNamespace',
  'ClockMarks__clientId',
  'NormalizedData__fullyQualifiedNamespace',
  'NormalizedData__clientId',
  /** Names of the event hubs. */
  'DEVICE_DATA_HUB',
  'NORMALIZED_DATA_HUB',
  'NORMALIZE_CONSUMER_GROUP',
  /** NCRONTAB expression, as in every 10 seconds. */
  'CLOCK_MARK_SCHEDULE',
  /** `r4` or `medtech`. */
  'COMPATIBILITY',
  /** JSON: measurement type to an array of `ScoringSource`. */
  'SCORING_SOURCES',
  /** URL of the blob container, and who writes into it. */
  'DEAD_LETTER_CONTAINER_URL',
  'DEAD_LETTER_CLIENT_ID',
] as const;

/** Settings of the app `write-observations`, which holds the function `writeObservations`. */
export const writeObservationsSettings = [
  'NormalizedData__fullyQualifiedNamespace',
  'NormalizedData__credential',
  'NormalizedData__clientId',
  'NORMALIZED_DATA_HUB',
  'WRITE_OBSERVATIONS_CONSUMER_GROUP',
  'COMPATIBILITY',
  /** Base URL of the FHIR service, its token audience, and who writes. */
  'FHIR_URL',
  'FHIR_AUDIENCE',
  'FHIR_CLIENT_ID',
  /** `Create`, `Lookup` or `LookupWithEncounter`. */
  'RESOLUTION_TYPE',
  /** System of Device identifiers; empty: any. */
  'DEVICE_IDENTIFIER_SYSTEM',
  /** For how many seconds what was read about devices and patients is believed; at most 60. */
  'IDENTITY_CACHE_SECONDS',
  'DEAD_LETTER_CONTAINER_URL',
  'DEAD_LETTER_CLIENT_ID',
] as const;

/** Settings of the app `ml-input`: functions `mlInput`, and `chartedValues` and `fhirEventMarks`, or `pollCharted`. */
export const mlInputSettings = [
  'NormalizedData__fullyQualifiedNamespace',
  'NormalizedData__credential',
  'NormalizedData__clientId',
  'FhirEvents__fullyQualifiedNamespace',
  'FhirEvents__credential',
  'FhirEvents__clientId',
  'Enriched__fullyQualifiedNamespace',
  'Enriched__clientId',
  'NORMALIZED_DATA_HUB',
  'ML_INPUT_CONSUMER_GROUP',
  /** Empty where events are off: then charted values are searched for. */
  'FHIR_EVENTS_HUB',
  'FHIR_EVENTS_CONSUMER_GROUP',
  'ENRICHED_HUB',
  /** NCRONTAB expression of clock marks into `fhirevents`, and of the search for charted values. */
  'CLOCK_MARK_SCHEDULE',
  'CHARTED_SCHEDULE',
  'COMPATIBILITY',
  'FHIR_URL',
  'FHIR_AUDIENCE',
  'FHIR_CLIENT_ID',
  'RESOLUTION_TYPE',
  'DEVICE_IDENTIFIER_SYSTEM',
  'IDENTITY_CACHE_SECONDS',
  'WINDOW_SECONDS',
  'LATENESS_SECONDS',
  /** JSON: vital to `{ least, most }`, over the defaults. */
  'PLAUSIBILITY_LIMITS',
  /** JSON: the codes by which patient context is recognised, over the defaults. */
  'CONTEXT_CODES',
  'DEAD_LETTER_CONTAINER_URL',
  'DEAD_LETTER_CLIENT_ID',
  /** URL of the container in which the search for charted values keeps how far it got. */
  'STATE_CONTAINER_URL',
  'STATE_CLIENT_ID',
] as const;

/** Settings of the app `score`: functions `score`, `repair`, and with an endpoint `pending`. */
export const scoreSettings = [
  'Enriched__fullyQualifiedNamespace',
  'Enriched__credential',
  'Enriched__clientId',
  'Scored__fullyQualifiedNamespace',
  'Scored__clientId',
  'ENRICHED_HUB',
  'SCORE_CONSUMER_GROUP',
  /** Read without the host: what open windows hold, after a start. */
  'REBUILD_CONSUMER_GROUP',
  'SCORED_HUB',
  /** JSON: `KernelSettings`. */
  'KERNEL_SETTINGS',
  /** Containers: windows' state and revisions; what was captured of `enriched`; baselines. Who reads and writes them. */
  'STATE_CONTAINER_URL',
  'BRONZE_CONTAINER_URL',
  'BASELINES_CONTAINER_URL',
  'LAKE_CLIENT_ID',
  /** NCRONTAB expressions. */
  'REPAIR_SCHEDULE',
  'PENDING_SCHEDULE',
  /** JSON: `ModelSettings`, or empty. */
  'MODEL',
] as const;

/** Settings of the app `long-view`: functions `baselines` and `longWindows`. */
export const longViewSettings = [
  'Scored__fullyQualifiedNamespace',
  'Scored__clientId',
  /** Names of the event hubs: captured files lie in folders of these names. */
  'SCORED_HUB',
  'ENRICHED_HUB',
  'KERNEL_SETTINGS',
  /** What was captured of `scored` (step 11a), what was captured of `enriched` (step 9), and where baselines go. */
  'SCORED_CONTAINER_URL',
  'BRONZE_CONTAINER_URL',
  'BASELINES_CONTAINER_URL',
  'LAKE_CLIENT_ID',
  /** Number of partitions of `scored` and of `enriched`: captured files lie by partition. */
  'SCORED_PARTITIONS',
  'ENRICHED_PARTITIONS',
  /** JSON: ISO 8601 durations, as `["PT24H"]`. */
  'LONG_WINDOWS',
  'BASELINES_SCHEDULE',
  'LONG_WINDOWS_SCHEDULE',
] as const;

/** How an app reaches the repository. */
const repositorySettings = [
  /** Host of the SQL server, as its resource says; with a port where that is not 1433: `localhost:14330`. */
  'REPOSITORY_SERVER',
  'REPOSITORY_DATABASE',
  /** What tokens for it are for, as `https://database.windows.net/`. */
  'REPOSITORY_AUDIENCE',
  'REPOSITORY_CLIENT_ID',
] as const;

/** Settings of the app `ml-output`: functions `mlOutputFhir`, `mlOutputRepository`, and on demand `mlOutputHttp`. */
export const mlOutputSettings = [
  'Scored__fullyQualifiedNamespace',
  'Scored__credential',
  'Scored__clientId',
  'SCORED_HUB',
  /** One for each of the two readers, so that neither waits for the other. */
  'FHIR_CONSUMER_GROUP',
  'REPOSITORY_CONSUMER_GROUP',
  'FHIR_URL',
  'FHIR_AUDIENCE',
  'FHIR_CLIENT_ID',
  ...repositorySettings,
  /** Length of the windows that flags go by. */
  'WINDOW_SECONDS',
  'LATENESS_SECONDS',
  /** Minutes at the 95th percentile of the sample's age in the repository at which to warn. */
  'LATENCY_WARNING_MINUTES',
  'LATENCY_BREACH_MINUTES',
  /** JSON: `{ tenantId, authority, audience, allowedClientIds }` of who may post results, or empty: nobody. */
  'HTTP_CALLERS',
  /** By which codes scores are written into FHIR: `local` or `snomedUk`. */
  'SCORE_CODES',
  'DEAD_LETTER_CONTAINER_URL',
  'DEAD_LETTER_CLIENT_ID',
] as const;

/** Settings of the app `repository-migrations`, which holds the function `migrate` and alone may change the schema. */
export const repositoryMigrationsSettings = [
  ...repositorySettings,
  /** JSON: `RepositoryUser[]`, the identities that get a database user, and its role. */
  'REPOSITORY_USERS',
  /** NCRONTAB expression; it also runs when the app starts. */
  'MIGRATE_SCHEDULE',
] as const;

/** Settings of the app `routing`, which holds the function `routeCareTeams`. */
export const routingSettings = [
  ...repositorySettings,
  'HOSPITAL_ID',
  'FHIR_URL',
  'FHIR_AUDIENCE',
  'FHIR_CLIENT_ID',
  /** JSON, as the app `ml-input` has it: whose encounter puts them under observation. */
  'CONTEXT_CODES',
  /** System of the identifiers of PractitionerRole or Practitioner that are object ids in Microsoft Entra. */
  'ENTRA_OBJECT_ID_SYSTEM',
  /** System of the patient's record number; empty: the first identifier of type MR. */
  'RECORD_NUMBER_SYSTEM',
  /** Seconds after which a projection that could not be renewed is stale, and said to be. */
  'ROUTING_STALE_SECONDS',
  /** Name of the queue for patients without a team; who reads it is in the CareTeam with an identifier of that value. */
  'DEFAULT_QUEUE',
  /** NCRONTAB expression. */
  'ROUTING_SCHEDULE',
] as const;

/** Database roles, one for each app that uses the repository and one for the dashboard's identity. */
export const repositoryRoles = ['mlOutputWriter', 'routingWriter', 'dashboardReader'] as const;
export type RepositoryRole = (typeof repositoryRoles)[number];

/** A managed identity as a database user: made from its client id, without asking the directory. */
export interface RepositoryUser {
  /** Of the user in the database; the identity's name. */
  readonly name: string;
  readonly clientId: string;
  readonly role: RepositoryRole;
}

export type SettingsOf<Names extends readonly string[], Value = string> = Readonly<Record<Names[number], Value>>;

/** Files of a function package besides its bundle, host.json and package.json, relative to the package's root. */
export const packageFiles = {
  deviceMapping: 'mappings/device.json',
  fhirMapping: 'mappings/fhir.json',
} as const;
