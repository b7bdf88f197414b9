import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { output } from '../kafka/command';
import { GuardedProcess } from '../kafka/guardedProcess';
import type { SparkTools } from '../kafka/tools';
import { onThisMachine } from './folders';
import type { JobSettings } from './jobSettings';
import { writeSparkConfiguration } from './sparkConfiguration';

export interface JobRunSettings {
  readonly job: JobSettings;
  readonly tools: SparkTools;
  /** Folder of this job alone. */
  readonly folder: string;
  readonly volumes: string;
  /** By authority of the URL: folders of the containers. */
  readonly containers: Readonly<Record<string, string>>;
  /** `host:port` of the Kafka broker; undefined for a job that names none. */
  readonly kafka: string | undefined;
}

const launcher = join(__dirname, 'runWheel.py');

/**
 * Starts the job's entry point as a Python wheel task, with Spark in its process.
 * @throws Error when one of its wheels cannot be installed
 */
export async function startRun(settings: JobRunSettings): Promise<{ process: GuardedProcess; logFile: string }> {
  const { job, tools, folder } = settings;
  mkdirSync(folder, { recursive: true });
  const site = await installed(settings);
  const scratch = join(folder, 'scratch');
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const configuration = join(folder, 'conf');
  writeSparkConfiguration(configuration, {
    jars: tools.sparkJars,
    scratch,
    containers: settings.containers,
    sparkConf: job.sparkConf,
  });
  const logFile = join(folder, 'driver.log');
  if (existsSync(logFile)) renameSync(logFile, join(folder, 'driver.before.log'));
  const process_ = new GuardedProcess({
    command: tools.python,
    args: ['-u', launcher, job.packageName, job.entryPoint, ...argumentsOf(settings)],
    environment: environmentOf(tools, { site, configuration, scratch }),
    folder: scratch,
    logFile,
  });
  return { process: process_, logFile };
}

/** Databricks docs, Python wheel task: named parameters come as `--name=value`. */
function argumentsOf({ job, kafka, volumes }: JobRunSettings): string[] {
  const here = (value: string) => onThisMachine(value, volumes);
  const named = Object.entries(job.namedParameters).map(([name, value]) => {
    const isBroker = kafka !== undefined && name === 'bootstrap-servers';
    return `--${name}=${isBroker ? kafka : here(value)}`;
  });
  return [...job.parameters.map(here), ...named];
}

/** Nothing of whoever runs the local cloud, but where Java is. */
function environmentOf(
  tools: SparkTools,
  { site, configuration, scratch }: { site: string; configuration: string; scratch: string },
): NodeJS.ProcessEnv {
  return {
    PATH: [dirname(tools.python), process.env.PATH].join(':'),
    ...(process.env.JAVA_HOME !== undefined && { JAVA_HOME: process.env.JAVA_HOME }),
    HOME: scratch,
    TMPDIR: scratch,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    PYTHONPATH: site,
    PYSPARK_PYTHON: tools.python,
    PYSPARK_DRIVER_PYTHON: tools.python,
    SPARK_CONF_DIR: configuration,
    SPARK_LOCAL_DIRS: scratch,
  };
}

/** A folder with the job's wheels and nothing else; what they need the cluster has. Made once for the same wheels. */
async function installed({ job, tools, folder, volumes }: JobRunSettings): Promise<string> {
  const foreign = job.wheels.filter((wheel) => !wheel.startsWith('/Volumes/'));
  if (foreign.length > 0)
    throw new Error(`The cluster has no internet, and these are no files in volumes: ${foreign.join(', ')}.`);
  const files = job.wheels.map((wheel) => onThisMachine(wheel, volumes));
  const missing = job.wheels.filter((_, i) => !existsSync(files[i] ?? ''));
  if (missing.length > 0) throw new Error(`Wheels are missing: ${missing.join(', ')}.`);
  const hash = createHash('sha256');
  for (const file of files) hash.update(basename(file)).update(readFileSync(file));
  const site = join(folder, `site-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(site)) return site;
  const making = `${site}.making`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  if (files.length > 0) {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-index'];
    const { code, stderr } = await output(tools.python, [...pip, '--target', making, ...files]);
    if (code !== 0) throw new Error(`The wheels cannot be installed: ${stderr.trim().split('\n').slice(-3).join(' ')}`);
  }
  renameSync(making, site);
  return site;
}
