import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SparkSettings {
  /** Folder of the jars that pyspark lacks. */
  readonly jars: string;
  /** Folder in which Spark keeps what it needs while it runs. */
  readonly scratch: string;
  /** By `container@account.dfs.core.windows.net`: the folder that stands for the container. */
  readonly containers: Readonly<Record<string, string>>;
  /** The cluster's own. */
  readonly sparkConf: Readonly<Record<string, string>>;
}

const viewFs = 'spark.hadoop.fs.viewfs';

/** Of a cluster, what means nothing in local mode. */
const clusterOnly = /^spark\.(master|databricks\.(?!delta\.)|executor\.|dynamicAllocation\.|driver\.(memory|cores))/;

/**
 * Writes the folder SPARK_CONF_DIR, so that the job's own code makes a session as on a cluster: Delta, the Kafka connector,
 * and `abfss://` URLs, each container being a folder of this machine.
 */
export function writeSparkConfiguration(folder: string, settings: SparkSettings): void {
  mkdirSync(folder, { recursive: true });
  const lines = Object.entries(sparkDefaults(settings)).map(([name, value]) => `${name} ${value}\n`);
  writeFileSync(join(folder, 'spark-defaults.conf'), lines.join(''));
  writeFileSync(join(folder, 'log4j2.properties'), logging);
}

function sparkDefaults({ jars, scratch, containers, sparkConf }: SparkSettings): Record<string, string> {
  const names = readdirSync(jars).filter((name) => name.endsWith('.jar'));
  const own = Object.entries(sparkConf).filter(([name]) => !clusterOnly.test(name));
  return {
    'spark.sql.shuffle.partitions': '2',
    ...Object.fromEntries(own),
    'spark.master': 'local[2]',
    'spark.driver.memory': '1g',
    'spark.ui.enabled': 'false',
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.sql.warehouse.dir': join(scratch, 'warehouse'),
    'spark.jars': names.map((name) => join(jars, name)).join(','),
    'spark.sql.session.timeZone': 'UTC',
    'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
    'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
    'spark.hadoop.fs.abfss.impl': 'org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme',
    // A container without a mount would otherwise be the root of this machine's file system.
    [`${viewFs}.overload.scheme.target.abfss.impl`]: 'the.external.locations.do.not.hold.this.container',
    // A fallback and not a link of the root: Hadoop 3.3 answers wrong paths for the latter.
    ...Object.fromEntries(
      Object.entries(containers).map(([authority, place]) => [
        `${viewFs}.mounttable.${authority}.linkFallback`,
        `file://${place}`,
      ]),
    ),
    // The newer kind of file system has no such overlay; by default checkpoints use it.
    'spark.sql.streaming.checkpointFileManagerClass':
      'org.apache.spark.sql.execution.streaming.FileSystemBasedCheckpointFileManager',
  };
}

/** Warnings, and the progress of streams, from which the health is read. */
const logging = `
rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
logger.progress.name = org.apache.spark.sql.execution.streaming.MicroBatchExecution
logger.progress.level = info
logger.utils.name = org.apache.spark.util.Utils
logger.utils.level = error
`;
