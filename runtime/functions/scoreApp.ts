import { app } from '@azure/functions';
import { getProgrammingModel, setProgrammingModel } from '@azure/functions-core';
import { connections, scoreSettings } from '../contracts/appSettings';
import { BaselineStore } from '../lake/baselineStore';
import { BronzeReader } from '../lake/bronzeReader';
import { CapturedHub } from '../lake/capturedHub';
import { lakeContainer } from '../lake/lakeContainer';
import { readModels } from '../model/model';
import { jsonContainer } from '../score/jsonContainer';
import { Partitions } from '../score/partitions';
import { answerPending } from '../score/pending';
import { readAgain } from '../score/readAgain';
import { repairWindows } from '../score/repair';
import { ScoredHub } from '../score/scoredHub';
import { readKernelSettings } from '../scoring/kernelSettings';
import { stepWindow } from '../scoring/stepWindow';
import { hubProducer, hubReader } from '../stream/hubClients';
import { PartitionIds } from '../stream/partitionIds';
import { readBatch } from './eventBatch';
import { keepingRawMetadata } from './rawTriggerMetadata';
import { score } from './score';
import { readSettings } from './settings';
import { binaryBodies, endlessRetry } from './triggerOptions';

/** The function app `score`. Settings are read once, when it starts; each function runs on instances of its own. */
const settings = readSettings(scoreSettings, process.env);
const { atClose, later } = readModels(settings.MODEL, process.env, __dirname);

const enriched = hubReader(
  settings.Enriched__fullyQualifiedNamespace,
  settings.ENRICHED_HUB,
  settings.REBUILD_CONSUMER_GROUP,
  settings.Enriched__clientId,
);
const scored = hubProducer(settings.Scored__fullyQualifiedNamespace, settings.SCORED_HUB, settings.Scored__clientId);
const enrichedPartitions = new PartitionIds(enriched);
const scoredPartitions = new PartitionIds(scored);
const bronze = lakeContainer(settings.BRONZE_CONTAINER_URL, settings.LAKE_CLIENT_ID);
const baselines = new BaselineStore(jsonContainer(settings.BASELINES_CONTAINER_URL, settings.LAKE_CLIENT_ID));
const kernelSettings = readKernelSettings(settings.KERNEL_SETTINGS);

const shared = {
  settings: kernelSettings,
  step: stepWindow,
  blobs: jsonContainer(settings.STATE_CONTAINER_URL, settings.LAKE_CLIENT_ID),
  baselineFor: async (windowStart: number) =>
    kernelSettings.baselines ? baselines.baselineFor(windowStart) : { version: null, reason: 'off', patients: {} },
};

const partitions = new Partitions({
  ...{ ...shared, model: atClose, readAgain: readAgain(enriched) },
  scored: new ScoredHub(scored, scoredPartitions, 'score'),
  sources: async () => (await enrichedPartitions.ids()).length,
});

const repairTools = {
  ...{ ...shared, model: later },
  scored: new ScoredHub(scored, scoredPartitions, 'repair'),
  bronze: new BronzeReader(new CapturedHub(bronze, settings.ENRICHED_HUB)),
  partitions: () => enrichedPartitions.ids(),
};

const pendingTools = {
  ...{ blobs: shared.blobs, model: later },
  scored: new ScoredHub(scored, scoredPartitions, 'pending'),
};

app.eventHub('score', {
  connection: connections.enriched,
  eventHubName: '%ENRICHED_HUB%',
  consumerGroup: '%SCORE_CONSUMER_GROUP%',
  cardinality: 'many',
  ...binaryBodies,
  retry: endlessRetry,
  handler: (bodies, context) => score(readBatch(bodies, context), partitions, context),
});

app.timer('repair', {
  schedule: '%REPAIR_SCHEDULE%',
  handler: (_timer, context) => repairWindows(repairTools, context),
});

if (later !== undefined) {
  app.timer('pending', {
    schedule: '%PENDING_SCHEDULE%',
    handler: (_timer, context) => answerPending(pendingTools, context),
  });
}

// After the first function is registered, which is when the library sets its own.
setProgrammingModel(keepingRawMetadata(getProgrammingModel()));
