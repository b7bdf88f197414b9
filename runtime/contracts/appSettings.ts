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
  /** Writes (`normalize`) or reads (`write-observations`) `normalizeddata`. */
  normalizedData: 'NormalizedData',
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

export type SettingsOf<Names extends readonly string[], Value = string> = Readonly<Record<Names[number], Value>>;

/** Files of a function package besides its bundle, host.json and package.json, relative to the package's root. */
export const packageFiles = {
  deviceMapping: 'mappings/device.json',
  fhirMapping: 'mappings/fhir.json',
} as const;
