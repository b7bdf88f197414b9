import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alone, cacheFolder } from './cache.mjs';
import { clusterWheels } from './clusterWheels.mjs';
import { output, run } from './command.mjs';
import { pythonWith } from './python.mjs';
import { SetupError, say, withProgress } from './say.mjs';

/** What the job finds on a Databricks cluster: Python packages of the runtime, near those of DBR 16. */
const pythonPackages = [
  'pyspark==3.5.9',
  'delta-spark==3.3.2',
  'pandas==2.2.3',
  'pyarrow==18.1.0',
  'numpy==1.26.4',
  'mini-racer==0.14.1',
];

/** Jars that pyspark lacks, each pinned; what else they need pyspark brings. 3.5.7 is the newest of its line on Maven Central. */
const sparkJars = [
  'io.delta:delta-spark_2.12:3.3.2',
  'io.delta:delta-storage:3.3.2',
  'org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.7',
  'org.apache.spark:spark-token-provider-kafka-0-10_2.12:3.5.7',
  'org.apache.kafka:kafka-clients:3.4.1',
  'org.apache.commons:commons-pool2:2.11.1',
];

/** The broker, with all that it needs. */
const kafkaJars = ['org.apache.kafka:kafka_2.13:4.1.0', 'org.slf4j:slf4j-simple:1.7.36'];

const leastJava = 17;

/** `java` of JAVA_HOME, else of the PATH, new enough for Kafka and Spark. */
export function java() {
  const command = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  const version = output(command, ['--version']);
  const major = Number(/\s(\d+)[.\s]/.exec(version ?? '')?.[1]);
  if (major >= leastJava) return command;
  const found = version
    ? `Java ${major} is too old`
    : `Java is not ${process.env.JAVA_HOME ? 'in JAVA_HOME' : 'on PATH'}`;
  throw new SetupError(
    `${found}; Spark and the Kafka broker need Java ${leastJava} or newer: install it (Debian: apt install openjdk-17-jre-headless) and run the command again.`,
  );
}

/** The folder of the Kafka broker's jars, fetched once per machine. */
export function kafkaFolder() {
  return jarsIn('kafka', kafkaJars, true);
}

/** The folder of the jars that Spark needs beside pyspark's own, fetched once per machine. */
export function sparkFolder() {
  return jarsIn('spark', sparkJars, false);
}

/** `python` with pyspark, Delta and V8. */
export function sparkPython() {
  return pythonWith(pythonPackages);
}

async function jarsIn(name, artifacts, isTransitive) {
  const hash = createHash('sha256').update(artifacts.join('\n')).digest('hex').slice(0, 12);
  const folder = join(cacheFolder(), `${name}-${hash}`);
  if (existsSync(folder)) return folder;
  if (!output('mvn', ['--version'])) {
    throw new SetupError(
      'Maven is not on PATH, and the jars of Kafka and Spark come by it; install it (Debian: apt install maven) and run the command again.',
    );
  }
  return alone(`${name}-${hash}`, async () => {
    if (existsSync(folder)) return folder;
    const making = `${folder}.making`;
    rmSync(making, { recursive: true, force: true });
    mkdirSync(making, { recursive: true });
    writeFileSync(join(making, 'pom.xml'), pom(artifacts, isTransitive));
    say(`fetching the jars of ${name} from Maven Central (once for this machine)`);
    const args = ['-B', '-q', '-f', join(making, 'pom.xml'), 'dependency:copy-dependencies'];
    const { code, tail } = await withProgress(
      () => `still fetching the jars of ${name}`,
      () => run('mvn', [...args, '-DincludeScope=runtime', `-DoutputDirectory=${making}`]),
    );
    if (code !== 0) {
      throw new SetupError(
        `Maven could not fetch the jars of ${name}; check the connection to Maven Central and run the command again. It said: ${tail}`,
      );
    }
    renameSync(making, folder);
    return folder;
  });
}

function pom(artifacts, isTransitive) {
  const exclusions = isTransitive
    ? ''
    : '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>';
  const dependencies = artifacts.map((artifact) => {
    const [group, id, version] = artifact.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version>${exclusions}</dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>pulumi-azure-iomt</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join('\n')}</dependencies></project>
`;
}

// As a command: sets up what is named (`kafka`, `spark`, `wheels`) and prints where it is, as one line of JSON.
if (process.argv[1] === import.meta.filename) {
  try {
    const found = { java: java() };
    for (const part of process.argv.slice(2)) {
      if (part === 'kafka') found.kafkaJars = await kafkaFolder();
      if (part === 'wheels') found.wheels = await clusterWheels();
      if (part === 'spark') Object.assign(found, { sparkJars: await sparkFolder(), python: await sparkPython() });
    }
    console.log(JSON.stringify(found));
  } catch (error) {
    say(error instanceof SetupError ? error.message : String(error.stack));
    process.exitCode = 1;
  }
}
