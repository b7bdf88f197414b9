import { app } from '@azure/functions';
import { longViewSettings } from '../contracts/appSettings';
import { BaselineStore } from '../lake/baselineStore';
import { BronzeReader } from '../lake/bronzeReader';
import { CapturedHub } from '../lake/capturedHub';
import { lakeContainer } from '../lake/lakeContainer';
import { jsonContainer } from '../score/jsonContainer';
import { ScoredHub } from '../score/scoredHub';
import { readKernelSettings } from '../scoring/kernelSettings';
import { hubProducer } from '../stream/hubClients';
import { PartitionIds } from '../stream/partitionIds';
import { writeBaselines } from './baselines';
import { readLongWindows, readPartitions } from './longViewInputs';
import { LongWindows } from './longWindows';
import { readSettings } from './settings';

/** The function app `long-view`. Settings are read once, when it starts. */
const settings = readSettings(longViewSettings, process.env);
const kernel = readKernelSettings(settings.KERNEL_SETTINGS);
const clientId = settings.LAKE_CLIENT_ID;

const scored = new CapturedHub(lakeContainer(settings.SCORED_CONTAINER_URL, clientId), settings.SCORED_HUB);
const enriched = new CapturedHub(lakeContainer(settings.BRONZE_CONTAINER_URL, clientId), settings.ENRICHED_HUB);
const baselines = jsonContainer(settings.BASELINES_CONTAINER_URL, clientId);
const producer = hubProducer(settings.Scored__fullyQualifiedNamespace, settings.SCORED_HUB, settings.Scored__clientId);
const scoredPartitions = readPartitions('SCORED_PARTITIONS', settings.SCORED_PARTITIONS);
const longWindows = new LongWindows({
  settings: kernel,
  lengths: readLongWindows(settings.LONG_WINDOWS, kernel),
  scored,
  scoredPartitions,
  enriched,
  enrichedPartitions: readPartitions('ENRICHED_PARTITIONS', settings.ENRICHED_PARTITIONS),
  bronze: new BronzeReader(enriched),
  baselines: new BaselineStore(baselines),
  kept: baselines,
  hub: new ScoredHub(producer, new PartitionIds(producer), 'long-windows'),
});

app.timer('baselines', {
  schedule: '%BASELINES_SCHEDULE%',
  handler: (_timer, context) =>
    writeBaselines({ scored, scoredPartitions, baselines, windowSeconds: kernel.windowSeconds }, context),
});

app.timer('longWindows', {
  schedule: '%LONG_WINDOWS_SCHEDULE%',
  handler: (_timer, context) => longWindows.tick(context),
});
