import { randomUUID } from 'node:crypto';
import type { Properties } from '../../contracts';
import { parentId } from '../armIds';
import { isUnknownAt, textAt, valueAt } from '../values';
import { type Failure, inGroup, type Kind, type Surroundings } from './kind';
import { oneOf, range } from './rules';
import { serverPath, sqlName } from './sqlServer';

const inDatabase = `${serverPath}/databases/{databaseName}`;
const serverless = /^GP_S_/;
/** Learn: "Resource limits for single databases using the vCore purchasing model", serverless, Gen5. */
const serverlessCapacities = [1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 32, 40, 80];

export const sqlDatabase: Kind = {
  kind: 'sql:Database',
  armType: 'Microsoft.Sql/servers/databases',
  id: inGroup(inDatabase),
  name: sqlName,
  immutable: ['collation', 'catalogCollation', 'createMode', 'sampleName', 'sourceDatabaseId', 'isLedgerOn'],
  rules: [
    serverlessOnly,
    serverlessRanges,
    oneOf('requestedBackupStorageRedundancy', ['Local', 'Zone', 'Geo', 'GeoZone'], 'ARM types'),
    oneOf('createMode', ['Default'], 'the local cloud restores and copies no databases'),
    (inputs) =>
      inputs.databaseName === 'master' ? [{ property: 'databaseName', reason: "'master' comes with the server." }] : [],
  ],
  defaults: (inputs) => ({
    sku: { name: 'GP_Gen5_2', tier: 'GeneralPurpose', family: 'Gen5', capacity: 2 },
    collation: 'SQL_Latin1_General_CP1_CI_AS',
    catalogCollation: 'SQL_Latin1_General_CP1_CI_AS',
    maxSizeBytes: 34_359_738_368,
    zoneRedundant: false,
    readScale: 'Disabled',
    requestedBackupStorageRedundancy: 'Geo',
    isLedgerOn: false,
    ...(isServerless(inputs) && { autoPauseDelay: 60, minCapacity: 0.5 }),
  }),
  computed: ({ inputs }) => ({
    currentBackupStorageRedundancy: textAt(inputs, 'requestedBackupStorageRedundancy') ?? 'Geo',
    currentServiceObjectiveName: skuName(inputs),
    requestedServiceObjectiveName: skuName(inputs),
    databaseId: randomUUID(),
    isInfraEncryptionEnabled: false,
    kind: isServerless(inputs) ? 'v12.0,user,vcore,serverless' : 'v12.0,user,vcore',
    status: 'Online',
  }),
};

function skuName(inputs: Properties): string {
  return textAt(inputs, 'sku.name') ?? 'GP_Gen5_2';
}

function isServerless(inputs: Properties): boolean {
  return serverless.test(skuName(inputs));
}

function serverlessOnly(inputs: Properties): Failure[] {
  if (isUnknownAt(inputs, 'sku.name') || isServerless(inputs)) return [];
  return ['autoPauseDelay', 'minCapacity']
    .filter((name) => inputs[name] !== undefined)
    .map((property) => ({
      property,
      reason: `${property} is given with sku '${skuName(inputs)}'; it belongs to serverless ones, as GP_S_Gen5.`,
    }));
}

/** Learn: "Serverless compute tier for Azure SQL Database": delays in minutes, vCores at least an eighth of the most. */
function serverlessRanges(inputs: Properties): Failure[] {
  if (!isServerless(inputs)) return [];
  const failures: Failure[] = [];
  const { autoPauseDelay: delay, minCapacity: least } = inputs;
  if (typeof delay === 'number' && delay !== -1 && !(Number.isInteger(delay) && delay >= 15 && delay <= 10_080)) {
    failures.push({
      property: 'autoPauseDelay',
      reason: `autoPauseDelay is ${delay}; allowed are 15 to 10080 minutes, or -1 for never.`,
    });
  }
  const capacity = valueAt(inputs, 'sku.capacity') ?? Number(/_(\d+)$/.exec(skuName(inputs))?.[1] ?? Number.NaN);
  if (typeof capacity !== 'number' || Number.isNaN(capacity)) return failures;
  if (!serverlessCapacities.includes(capacity)) {
    const reason = `capacity is ${capacity}; allowed are ${serverlessCapacities.join(', ')} vCores.`;
    failures.push({ property: 'sku.capacity', reason });
  } else if (typeof least === 'number' && (least < Math.max(0.5, capacity / 8) || least > capacity)) {
    const reason = `minCapacity is ${least}; with ${capacity} vCores allowed are ${Math.max(0.5, capacity / 8)} to ${capacity}.`;
    failures.push({ property: 'minCapacity', reason });
  }
  return failures;
}

export const backupShortTermRetentionPolicy: Kind = {
  kind: 'sql:BackupShortTermRetentionPolicy',
  armType: 'Microsoft.Sql/servers/databases/backupShortTermRetentionPolicies',
  id: inGroup(`${inDatabase}/backupShortTermRetentionPolicies/{policyName}`),
  autoName: { fixed: 'default' },
  comesWithParent: true,
  rules: [
    oneOf('policyName', ['default'], 'ARM types'),
    range('retentionDays', 1, 35, 'Learn: Change automated backup settings'),
    oneOf('diffBackupIntervalInHours', [12, 24], 'ARM types'),
  ],
  defaults: () => ({ retentionDays: 7, diffBackupIntervalInHours: 12 }),
};

export const longTermRetentionPolicy: Kind = {
  kind: 'sql:LongTermRetentionPolicy',
  armType: 'Microsoft.Sql/servers/databases/backupLongTermRetentionPolicies',
  id: inGroup(`${inDatabase}/backupLongTermRetentionPolicies/{policyName}`),
  autoName: { fixed: 'default' },
  comesWithParent: true,
  rules: [
    oneOf('policyName', ['default'], 'ARM types'),
    range('weekOfYear', 0, 52, 'Learn: Long-term retention'),
    durations,
    yearlyNeedsWeek,
    neverPauses,
  ],
  defaults: () => ({ weeklyRetention: 'PT0S', monthlyRetention: 'PT0S', yearlyRetention: 'PT0S', weekOfYear: 0 }),
};

const days = { D: 1, W: 7, M: 30, Y: 365 } as const;

/** Learn: "Long-term retention": from a week to ten years, `PT0S` for none. */
function durations(inputs: Properties): Failure[] {
  return ['weeklyRetention', 'monthlyRetention', 'yearlyRetention'].flatMap((property) => {
    const given = textAt(inputs, property);
    if (given === undefined || given === 'PT0S') return [];
    const [, count, unit] = /^P(\d+)([DWMY])$/.exec(given) ?? [];
    const total = Number(count) * days[(unit ?? 'D') as keyof typeof days];
    if (total >= 7 && total <= 3650) return [];
    return [
      {
        property,
        reason: `${property} is '${given}'; allowed are ISO 8601 durations from P1W to P10Y, or PT0S for none.`,
      },
    ];
  });
}

function yearlyNeedsWeek(inputs: Properties): Failure[] {
  const yearly = textAt(inputs, 'yearlyRetention');
  if (yearly === undefined || yearly === 'PT0S' || isUnknownAt(inputs, 'weekOfYear')) return [];
  if (typeof inputs.weekOfYear === 'number' && inputs.weekOfYear >= 1) return [];
  return [
    { property: 'weekOfYear', reason: 'weekOfYear is missing; a yearly backup is taken in one of the weeks 1 to 52.' },
  ];
}

/** Learn: "Serverless compute tier": long-term backups need a database that does not pause. */
function neverPauses(inputs: Properties, { id, resources }: Surroundings): Failure[] {
  const database = id ? resources.get(parentId(id) ?? '') : undefined;
  const isKept = ['weeklyRetention', 'monthlyRetention', 'yearlyRetention'].some(
    (name) => ![undefined, 'PT0S'].includes(textAt(inputs, name)),
  );
  const delay = database?.outputs.autoPauseDelay;
  if (!isKept || typeof delay !== 'number' || delay === -1) return [];
  return [
    {
      property: 'policyName',
      reason: `the database pauses after ${delay} minutes; long-term backups need autoPauseDelay -1.`,
    },
  ];
}
