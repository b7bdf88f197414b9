import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClusterPolicy } from '@pulumi/databricks/clusterPolicy';
import { Notebook } from '@pulumi/databricks/notebook';
import type { Principal } from '../local/contracts';
import type { JobHealth } from '../local/databricks/health';
import { sparkSetupProblem } from '../local/databricks/setup';
import { deployer } from '../local/identity/principals';
import { containerId, databricksProgram, group, hubId, type ProgramChoices } from './support/databricksProgram';
import type { EngineStack } from './support/engineStack';
import { until } from './support/eventHubs';
import { HospitalCloud } from './support/hospitalCloud';
import { makeWheel } from './support/wheel';

const why = sparkSetupProblem();
if (why !== undefined) console.warn(`The tests of Databricks jobs in real Spark do not run: ${why}`);
const sparkTest = why !== undefined ? test.skip : test;

/** Reads `enriched`, keeps it in Delta, and sends it on to `scored` with what it read from the container of baselines. */
const probe = `
import sys


def main():
    given = dict(argument[2:].split("=", 1) for argument in sys.argv[1:])
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    baseline = spark.read.text(given["baselines"] + "/2026-01-06.json").first()[0]
    kafka = {
        "kafka.bootstrap.servers": given["bootstrap-servers"],
        "databricks.serviceCredential": given["service-credential"],
    }

    def take(batch, batch_id):
        batch.persist()
        rows = batch.selectExpr("partition", "offset", "cast(value as string) as value")
        writer = rows.write.format("delta").mode("append")
        writer.option("txnAppId", "probe").option("txnVersion", batch_id).save(given["lake"] + "/rows")
        sent = batch.selectExpr("key", f"concat(cast(value as string), '|{baseline}') as value")
        sent.write.format("kafka").options(**kafka).option("topic", given["scored"]).save()
        batch.unpersist()

    source = spark.readStream.format("kafka").options(**kafka)
    stream = source.option("subscribe", given["enriched"]).option("startingOffsets", "earliest").load()
    query = stream.writeStream.option("checkpointLocation", given["lake"] + "/checkpoint").foreachBatch(take)
    query.trigger(processingTime="500 milliseconds").start().awaitTermination()
`;

let hospital: HospitalCloud;
let stack: EngineStack;
let wheel: string;

beforeAll(async () => {
  hospital = await HospitalCloud.start();
  stack = await hospital.stack('databricks');
  wheel = makeWheel(hospital.temporaryFolder('wheels'), 'probe', probe);
});

afterAll(() => hospital.close());

const program = (choices: Partial<ProgramChoices> = {}) =>
  databricksProgram({ wheel, pauseStatus: 'PAUSED', ...choices });
const job = (): JobHealth | undefined => hospital.cloud.databricks.health()[0];

test('a first preview works while the workspace is not there, and a first update brings everything up', async () => {
  const planned = await stack.preview(program());
  expect(planned.find(({ name }) => name === 'job')?.op).toBe('create');
  await stack.up(program());
  expect(job()).toMatchObject({ name: 'probe', state: 'paused' });
  expect(await stack.preview(program())).toEqual([]);
  expect(await stack.refresh()).not.toHaveProperty('delete');
  const volume = (await stack.resources()).find(({ type }) => type === 'databricks:index/volume:Volume');
  expect(volume).toMatchObject({ id: 'main.iomt.code', outputs: { volumePath: '/Volumes/main/iomt/code' } });
}, 300_000);

test('what Databricks would refuse is refused in the preview, all at once', async () => {
  const said = await stack.refusal(
    program({
      job: {
        continuous: { pauseStatus: 'RUNNING' },
        schedule: { quartzCronExpression: '0 0 * * * ?', timezoneId: 'UTC' },
        tasks: [
          { taskKey: 'a', jobClusterKey: 'two', pythonWheelTask: { packageName: 'probe' } },
          { taskKey: 'a', jobClusterKey: 'one', notebookTask: { notebookPath: '/n' }, colour: 'red' },
        ],
      },
    }),
  );
  expect(said).toContain("jobClusterKey is 'two', which jobClusters does not have");
  expect(said).toContain('entryPoint is missing');
  expect(said).toContain("taskKey 'a' is given twice");
  expect(said).toContain('schedule and continuous are given; only one may be');
  expect(said).toContain("pauseStatus is 'RUNNING'");
  expect(said).toContain("there is no property 'colour'");
}, 120_000);

test('a type that is not known is refused by name', async () => {
  const said = await stack.refusal(
    program({
      more: (provider) => void new Notebook('n', { path: '/n', language: 'PYTHON', contentBase64: '' }, { provider }),
    }),
  );
  expect(said).toContain(
    'The local cloud does not know databricks:index/notebook:Notebook; it knows index/catalog:Catalog',
  );
}, 120_000);

test('a schema under another name is a new one, with all that lies in it', async () => {
  const steps = await stack.preview(program({ schemaName: 'other' }));
  const replaced = steps.filter(({ op }) => op === 'replace').map(({ name }) => name);
  expect(replaced).toEqual(expect.arrayContaining(['schema', 'volume', 'wheel', 'grants']));
  expect(steps.find(({ name, op }) => name === 'job' && op === 'update')).toBeDefined();
}, 120_000);

test('an external location needs its identity to reach the container', async () => {
  const other = await HospitalCloud.start();
  try {
    const said = await (await other.stack('refused')).refusal(program({ without: ['lake'] }), 'up');
    expect(said).toMatch(/the identity of the credential 'lake' lacks Microsoft\.Storage\/.*blobs\/read/);
  } finally {
    await other.close();
  }
}, 300_000);

test('a cluster policy comes and goes', async () => {
  const withPolicy = (isThere: boolean) =>
    program({
      more: (provider) => void (isThere && new ClusterPolicy('p', { name: 'p', definition: '{}' }, { provider })),
    });
  await stack.up(withPolicy(true));
  expect((await stack.resources()).map(({ type }) => type)).toContain('databricks:index/clusterPolicy:ClusterPolicy');
  await stack.up(withPolicy(false));
}, 200_000);

sparkTest(
  'a continuous job is real Spark: it reads the hub, keeps Delta tables in the lake, sends, and outlives kills',
  async () => {
    const { cloud } = hospital;
    const identity = cloud.authority.identity(
      `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-score`,
    );
    await cloud.blobs.write(identity, containerId('baselines'), '2026-01-06.json', Buffer.from('baseline of the day'));
    await send(0, 40);
    await stack.up(program({ pauseStatus: 'UNPAUSED' }));
    await until('the first events', () => scoredValues().length >= 40, 300);
    expect(new Set(scoredValues())).toEqual(valuesOf(0, 40));

    await send(40, 60);
    await cloud.databricks.killJob(job()?.id ?? '');
    await send(60, 80);
    await until('the later events', () => [...valuesOf(0, 80)].every((value) => scoredValues().includes(value)), 300);
    await until('nothing left to do', () => cloud.databricks.isDrained(), 120);
    // Into the table once, to Kafka at least once, as Spark has it.
    expect(deltaRows()).toBe(80);
    expect(new Set(scoredValues())).toEqual(valuesOf(0, 80));
    expect(job()).toMatchObject({ state: 'running', restarts: 1, lag: [0, 0] });

    // A right that is taken away holds it, and a given one lets it go on.
    await stack.up(program({ pauseStatus: 'UNPAUSED', without: ['read'] }));
    await until('the job to be held', () => job()?.state === 'waiting', 60);
    expect(job()?.reason).toContain(
      "may not do 'Microsoft.EventHub/namespaces/messages/receive/action' on the event hub 'enriched'",
    );
    await send(80, 90);
    await stack.up(program({ pauseStatus: 'UNPAUSED' }));
    await until('the job to go on', () => [...valuesOf(0, 90)].every((value) => scoredValues().includes(value)), 300);
    expect(deltaRows()).toBe(90);

    await stack.destroy();
    expect(cloud.databricks.health()).toEqual([]);
  },
  1_200_000,
);

async function send(from: number, to: number, caller: Principal = deployer): Promise<void> {
  const events = Array.from({ length: to - from }, (_, i) => ({
    partitionKey: `patient-${(from + i) % 5}`,
    event: { body: Buffer.from(`event ${from + i}`) },
  }));
  await hospital.cloud.eventHubs.send(caller, hubId('enriched'), events);
}

const valuesOf = (from: number, to: number) =>
  new Set(Array.from({ length: to - from }, (_, i) => `event ${from + i}|baseline of the day`));

/** Bodies of all events of `scored`. */
function scoredValues(): string[] {
  const partitions = hospital.cloud.eventHubs.find(hubId('scored'))?.partitions ?? [];
  return partitions.flatMap((partition) =>
    partition
      .read(0, 100_000, 1e9)
      .map(({ payload }) => /event \d+\|[a-z ]+/.exec(payload.toString('latin1'))?.[0] ?? ''),
  );
}

/** Rows that have been added to the table, by its log. */
function deltaRows(): number {
  const log = join(
    hospital.cloud.databricks.lakeFolder(containerId('databricks')) ?? '',
    'probe',
    'rows',
    '_delta_log',
  );
  return readdirSync(log)
    .filter((name) => /^\d+\.json$/.test(name))
    .flatMap((name) => readFileSync(join(log, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as { add?: { stats: string } })
    .reduce((sum, { add }) => sum + (add ? (JSON.parse(add.stats) as { numRecords: number }).numRecords : 0), 0);
}
