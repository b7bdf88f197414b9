import { BackupShortTermRetentionPolicy } from '@pulumi/azure-native/sql/backupShortTermRetentionPolicy';
import { Database } from '@pulumi/azure-native/sql/database';
import { LongTermRetentionPolicy } from '@pulumi/azure-native/sql/longTermRetentionPolicy';
import * as pulumi from '@pulumi/pulumi';
import { type Children, nameFromId, type Surroundings } from './component';
import { goesWith } from './protection';
import type { SqlServerReference } from './sqlServer';

/** Where backups of a database are kept. */
export const BackupStorageRedundancy = {
  /** Three copies in one data centre. */
  Local: 'Local',
  /** Three copies in three zones of the region. */
  Zone: 'Zone',
  /** As local, and a copy in the paired region. */
  Geo: 'Geo',
  /** As zone, and a copy in the paired region. */
  GeoZone: 'GeoZone',
} as const;
/** Where backups of a database are kept. */
export type BackupStorageRedundancy = (typeof BackupStorageRedundancy)[keyof typeof BackupStorageRedundancy];

export interface SqlDatabaseSettings {
  readonly name: pulumi.Input<string>;
  /** Most and least vCores. */
  readonly capacity: pulumi.Input<number>;
  readonly minCapacity: pulumi.Input<number>;
  readonly maxSizeGigabytes: pulumi.Input<number>;
  readonly zoneRedundant: pulumi.Input<boolean>;
  readonly backupStorageRedundancy: BackupStorageRedundancy;
  /** Days back to which the database can be restored to any moment. */
  readonly shortTermRetentionDays: pulumi.Input<number>;
  /** For how long one backup a week, month and year is kept: ISO 8601, `PT0S` for none. */
  readonly weeklyRetention: pulumi.Input<string>;
  readonly monthlyRetention: pulumi.Input<string>;
  readonly yearlyRetention: pulumi.Input<string>;
  readonly weekOfYear: pulumi.Input<number>;
}

/** Logical name of the database within its component. */
export const sqlDatabaseChild = 'sql-database';

const gigabyte = 1024 ** 3;

/**
 * A database of the serverless tier that never pauses: one that does takes a minute to come back, in which logins fail, and
 * has no long-term backups ("Serverless compute tier for Azure SQL Database", "Long-term retention").
 */
export function sqlDatabase(
  children: Children,
  { location, tags }: Surroundings,
  server: SqlServerReference,
  settings: SqlDatabaseSettings,
  opts: pulumi.CustomResourceOptions,
): Database {
  const place = { resourceGroupName: server.resourceGroupName, serverName: server.name };
  const database = new Database(
    ...children.of(
      sqlDatabaseChild,
      {
        ...place,
        databaseName: settings.name,
        // A database lies where its server does.
        location: server.location ?? location,
        tags,
        sku: { name: 'GP_S_Gen5', tier: 'GeneralPurpose', family: 'Gen5', capacity: settings.capacity },
        minCapacity: settings.minCapacity,
        autoPauseDelay: -1,
        maxSizeBytes: pulumi.output(settings.maxSizeGigabytes).apply((gigabytes) => gigabytes * gigabyte),
        zoneRedundant: settings.zoneRedundant,
        requestedBackupStorageRedundancy: settings.backupStorageRedundancy,
      },
      opts,
    ),
  );
  backups(children, { ...place, databaseName: nameFromId(database.id) }, settings, goesWith(database, opts.protect));
  return database;
}

function backups(
  children: Children,
  place: {
    resourceGroupName: pulumi.Input<string>;
    serverName: pulumi.Output<string>;
    databaseName: pulumi.Output<string>;
  },
  settings: SqlDatabaseSettings,
  opts: pulumi.CustomResourceOptions,
): void {
  const { weeklyRetention, monthlyRetention, yearlyRetention, weekOfYear } = settings;
  const retentionDays = settings.shortTermRetentionDays;
  new BackupShortTermRetentionPolicy(
    ...children.of(
      'sql-short-term-backups',
      { ...place, policyName: 'default', retentionDays, diffBackupIntervalInHours: 12 },
      opts,
    ),
  );
  new LongTermRetentionPolicy(
    ...children.of(
      'sql-long-term-backups',
      { ...place, policyName: 'default', weeklyRetention, monthlyRetention, yearlyRetention, weekOfYear },
      opts,
    ),
  );
}
