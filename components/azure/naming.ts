import { createHash } from 'node:crypto';

/** What physical names are made from. The same seed gives the same names in any clone and for any deployer. */
export interface NameSeed {
  /** The hospital, in its own words; any characters. */
  readonly hospitalId: string;
  /** As in `prod`, `test`. */
  readonly environment: string;
  /** Subscription in which the resources lie: two subscriptions may hold the same hospital. */
  readonly subscriptionId: string;
  /** Raised to get fresh names while soft delete or a tombstone still holds the old ones. */
  readonly nameGeneration: number;
}

interface NameRule {
  /** Abbreviation of the Cloud Adoption Framework ("Abbreviation recommendations for Azure resources"). */
  readonly abbreviation: string;
  /** "Naming rules and restrictions for Azure resources": length and characters. */
  readonly most: number;
  readonly pattern: RegExp;
  /** The rule in words, for error sentences. */
  readonly rule: string;
  /** Letters and digits only, without hyphens. */
  readonly compact?: boolean;
}

const hyphenated = 'letters, digits and hyphens, starting with a letter and ending with a letter or digit';

/** The kinds of resources that get a computed name, with Azure's rules for it. */
export const nameRules = {
  resourceGroup: {
    abbreviation: 'rg',
    most: 90,
    pattern: /^(?=.{1,90}$)[\p{L}\p{N}._()-]*[\p{L}\p{N}_()-]$/u,
    rule: 'the name of a resource group must be 1 to 90 letters, digits and ._()- and not end with a period',
  },
  logWorkspace: {
    abbreviation: 'log',
    most: 63,
    pattern: /^(?=.{4,63}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
    rule: `the name of a Log Analytics workspace must be 4 to 63 ${hyphenated}`,
  },
  iotHub: {
    abbreviation: 'iot',
    most: 50,
    pattern: /^(?=.{3,50}$)[A-Za-z0-9-]*[A-Za-z0-9]$/,
    rule: 'the name of an IoT hub must be 3 to 50 letters, digits and hyphens and not end with a hyphen',
  },
  provisioningService: {
    abbreviation: 'provs',
    most: 64,
    pattern: /^(?=.{3,64}$)[A-Za-z0-9-]*[A-Za-z0-9]$/,
    rule: 'the name of a device provisioning service must be 3 to 64 letters, digits and hyphens and not end with a hyphen',
  },
  eventHubsNamespace: {
    abbreviation: 'evhns',
    most: 50,
    pattern: /^(?=.{6,50}$)[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$/,
    rule: `the name of an Event Hubs namespace must be 6 to 50 ${hyphenated}`,
  },
  storageAccount: {
    abbreviation: 'st',
    most: 24,
    pattern: /^[a-z0-9]{3,24}$/,
    rule: 'the name of a storage account must be 3 to 24 lower-case letters and digits',
    compact: true,
  },
  identity: {
    abbreviation: 'id',
    most: 128,
    pattern: /^(?=.{3,128}$)[A-Za-z0-9][A-Za-z0-9_-]*$/,
    rule: 'the name of a user-assigned identity must be 3 to 128 letters, digits, hyphens and underscores',
  },
  privateEndpoint: {
    abbreviation: 'pep',
    most: 64,
    pattern: /^(?=.{2,64}$)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_])?$/,
    rule: 'the name of a private endpoint must be 2 to 64 letters, digits, periods, underscores and hyphens',
  },
  appServicePlan: {
    abbreviation: 'asp',
    most: 60,
    pattern: /^[A-Za-z0-9-]{1,60}$/,
    rule: 'the name of an App Service plan must be 1 to 60 letters, digits and hyphens',
  },
  functionApp: {
    abbreviation: 'func',
    most: 60,
    pattern: /^(?=.{2,60}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
    rule: 'the name of a function app must be 2 to 60 letters, digits and hyphens, without a hyphen at its ends',
  },
  applicationInsights: {
    abbreviation: 'appi',
    most: 260,
    pattern: /^(?=.{1,260}$)[\p{L}\p{N}._()-]*[\p{L}\p{N}_()-]$/u,
    rule: 'the name of an Application Insights component must be 1 to 260 letters, digits and ._()- and not end with a period',
  },
  healthWorkspace: {
    abbreviation: 'hdws',
    most: 24,
    pattern: /^[a-z0-9]{3,24}$/,
    rule: 'the name of an Azure Health Data Services workspace must be 3 to 24 lower-case letters and digits',
    compact: true,
  },
  fhirService: {
    abbreviation: 'fhir',
    most: 24,
    pattern: /^[a-z0-9]{3,24}$/,
    rule: 'the name of a FHIR service must be 3 to 24 lower-case letters and digits',
    compact: true,
  },
  systemTopic: {
    abbreviation: 'egst',
    most: 50,
    pattern: /^(?=.{3,50}$)[A-Za-z0-9-]*[A-Za-z0-9]$/,
    rule: 'the name of an Event Grid system topic must be 3 to 50 letters, digits and hyphens',
  },
  databricksWorkspace: {
    abbreviation: 'dbw',
    most: 64,
    pattern: /^[A-Za-z0-9_-]{3,64}$/,
    rule: 'the name of a Databricks workspace must be 3 to 64 letters, digits, hyphens and underscores',
  },
  databricksAccessConnector: {
    abbreviation: 'dbac',
    most: 64,
    pattern: /^[A-Za-z0-9_-]{3,64}$/,
    rule: 'the name of an access connector must be 3 to 64 letters, digits, hyphens and underscores',
  },
  unityCatalogObject: {
    // No resource of Azure's; one metastore holds the objects of all workspaces of a region.
    abbreviation: 'iomt',
    most: 64,
    pattern: /^[A-Za-z0-9_-]{1,255}$/,
    rule: 'the name of an object in Unity Catalog must be 1 to 255 letters, digits, hyphens and underscores',
  },
  machineLearningWorkspace: {
    abbreviation: 'mlw',
    most: 33,
    pattern: /^[A-Za-z0-9][A-Za-z0-9_-]{2,32}$/,
    rule: 'the name of a machine learning workspace must be 3 to 33 letters, digits, hyphens and underscores, starting with a letter or digit',
  },
  onlineEndpoint: {
    // The framework has no abbreviation for it. Unique in the region.
    abbreviation: 'mlep',
    most: 32,
    pattern: /^(?=.{3,32}$)[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
    rule: `the name of an online endpoint must be 3 to 32 ${hyphenated}`,
  },
  sqlServer: {
    abbreviation: 'sql',
    most: 63,
    pattern: /^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
    rule: 'the name of an SQL server must be 1 to 63 lower-case letters, digits and hyphens, without a hyphen at its ends',
  },
  sqlDatabase: {
    abbreviation: 'sqldb',
    most: 128,
    pattern: /^[^<>*%&:\\/?\p{Cc}]{0,127}[^<>*%&:\\/?\p{Cc} .]$/u,
    rule: 'the name of an SQL database must be 1 to 128 characters without <>*%&:\\/?, and not end with a period or space',
  },
  fabricCapacity: {
    abbreviation: 'fc',
    most: 63,
    pattern: /^[a-z][a-z0-9]{2,62}$/,
    rule: 'the name of a Fabric capacity must be 3 to 63 lower-case letters and digits, starting with a letter',
    compact: true,
  },
  scheduledQueryRule: {
    // The framework has no abbreviation for it.
    abbreviation: 'sqr',
    most: 260,
    pattern: /^[\p{L}\p{N}_().-]{1,259}[\p{L}\p{N}_()-]$/u,
    rule: 'the name of a scheduled query rule must be 2 to 260 letters, digits and ._()- and not end with a period',
  },
} as const satisfies Record<string, NameRule>;

export type NamedKind = keyof typeof nameRules;

const hashLength = 8;

/**
 * The physical name of a resource: abbreviation, hospital, environment, purpose and a hash of the whole seed, shortened
 * to what the kind allows. Hospitals that look alike after cleaning still differ by the hash.
 *
 * @param purpose tells two resources of one kind apart, as in `raw`; empty when there is only one.
 */
export function physicalName(kind: NamedKind, seed: NameSeed, purpose = ''): string {
  const rule: NameRule = nameRules[kind];
  const hash = shortHash(seed, purpose);
  const separator = rule.compact ? '' : '-';
  const words = [rule.abbreviation, slug(seed.hospitalId), slug(seed.environment), slug(purpose)].filter(Boolean);
  const text = rule.compact ? words.join('').replaceAll('-', '') : words.join('-');
  const room = rule.most - hashLength - separator.length;
  const front = text.slice(0, room).replace(/-+$/, '');
  return `${front}${separator}${hash}`;
}

/** Lower-case letters and digits of ASCII with single hyphens between; accents are dropped from their letters. */
function slug(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

function shortHash({ hospitalId, environment, subscriptionId, nameGeneration }: NameSeed, purpose: string): string {
  return hashOf([hospitalId, environment, subscriptionId.toLowerCase(), nameGeneration, purpose]);
}

function hashOf(seed: readonly unknown[]): string {
  const number = createHash('sha256').update(JSON.stringify(seed)).digest().readBigUInt64BE();
  return number.toString(36).padStart(hashLength, '0').slice(-hashLength);
}

/** Eight letters and digits that stand for the names: the same names, the same text. */
export function shortHashOf(...names: readonly string[]): string {
  return hashOf(names);
}
