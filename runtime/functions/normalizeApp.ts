import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { app } from '@azure/functions';
import { getProgrammingModel, setProgrammingModel } from '@azure/functions-core';
import { connections, normalizeSettings, packageFiles } from '../contracts/appSettings';
import { deadLetterContainer } from '../stream/deadLetterContainer';
import { hubProducer, hubReader } from '../stream/hubClients';
import { PartitionIds } from '../stream/partitionIds';
import { sendClockMarks } from './clockMarks';
import { readBatch } from './eventBatch';
import { normalizeEvents } from './normalize';
import { NormalizedData } from './normalizedData';
import { readDeviceMapping, readScoringSources } from './normalizeInputs';
import { keepingRawMetadata } from './rawTriggerMetadata';
import { readSettings } from './settings';
import { binaryBodies, endlessRetry } from './triggerOptions';

/** The function app `normalize`. Settings and mapping are read once, when it starts. */
const settings = readSettings(normalizeSettings, process.env);
const mappingFile = packageFiles.deviceMapping;

const marks = hubProducer(
  settings.ClockMarks__fullyQualifiedNamespace,
  settings.DEVICE_DATA_HUB,
  settings.ClockMarks__clientId,
);
const deviceData = hubReader(
  settings.DeviceData__fullyQualifiedNamespace,
  settings.DEVICE_DATA_HUB,
  settings.NORMALIZE_CONSUMER_GROUP,
  settings.DeviceData__clientId,
);
const normalizedData = hubProducer(
  settings.NormalizedData__fullyQualifiedNamespace,
  settings.NORMALIZED_DATA_HUB,
  settings.NormalizedData__clientId,
);
const partitionsToMark = new PartitionIds(marks);
const tools = {
  mapping: readDeviceMapping(readFileSync(join(__dirname, mappingFile), 'utf8'), mappingFile, settings.COMPATIBILITY),
  scoring: readScoringSources(settings.SCORING_SOURCES),
  normalizedData: new NormalizedData(normalizedData, new PartitionIds(normalizedData), new PartitionIds(deviceData)),
  deadLetters: deadLetterContainer(settings.DEAD_LETTER_CONTAINER_URL, settings.DEAD_LETTER_CLIENT_ID),
};

app.timer('clockMarks', {
  schedule: '%CLOCK_MARK_SCHEDULE%',
  handler: (_timer, context) => sendClockMarks(marks, partitionsToMark, context),
});

app.eventHub('normalize', {
  connection: connections.deviceData,
  eventHubName: '%DEVICE_DATA_HUB%',
  consumerGroup: '%NORMALIZE_CONSUMER_GROUP%',
  cardinality: 'many',
  ...binaryBodies,
  retry: endlessRetry,
  handler: (bodies, context) => normalizeEvents(readBatch(bodies, context), tools, context),
});

// After the first function is registered, which is when the library sets its own.
setProgrammingModel(keepingRawMetadata(getProgrammingModel()));
