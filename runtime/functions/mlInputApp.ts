import { app } from '@azure/functions';
import { getProgrammingModel, setProgrammingModel } from '@azure/functions-core';
import { connections, mlInputSettings } from '../contracts/appSettings';
import { readContextCodes } from '../enrich/contextCodes';
import type { SourceMarks } from '../enrich/sourceMarks';
import { FhirClient } from '../fhir/fhirClient';
import { IdentityResolver } from '../fhir/identityResolver';
import { ContextResolver } from '../fhir/patientContext';
import { identityTransport } from '../fhir/transport';
import { deadLetterContainer } from '../stream/deadLetterContainer';
import { hubProducer, hubReader } from '../stream/hubClients';
import { HubSender } from '../stream/hubSender';
import { PartitionIds } from '../stream/partitionIds';
import { sendClockMarks } from './clockMarks';
import { EnrichedData } from './enrichedData';
import { readBatch } from './eventBatch';
import { mlInput } from './mlInput';
import { readPlausibilityLimits, readWindows } from './mlInputInputs';
import { keepingRawMetadata } from './rawTriggerMetadata';
import { readCompatibility, readSettings } from './settings';
import { binaryBodies, endlessRetry } from './triggerOptions';
import { readCacheSeconds, readResolutionType } from './writeObservationsInputs';

/** The function app `ml-input`. Settings are read once, when it starts. */
const settings = readSettings(mlInputSettings, process.env);
const eventsAreOn = settings.FHIR_EVENTS_HUB !== '';
const compatibility = readCompatibility(settings.COMPATIBILITY);
const cacheSeconds = readCacheSeconds(settings.IDENTITY_CACHE_SECONDS);
const contextCodes = readContextCodes(settings.CONTEXT_CODES);
const rules = {
  ...readWindows(settings.WINDOW_SECONDS, settings.LATENESS_SECONDS),
  limits: readPlausibilityLimits(settings.PLAUSIBILITY_LIMITS),
  compatibility,
};
const deadLetters = deadLetterContainer(settings.DEAD_LETTER_CONTAINER_URL, settings.DEAD_LETTER_CLIENT_ID);

const transport = identityTransport({
  url: settings.FHIR_URL,
  audience: settings.FHIR_AUDIENCE,
  clientId: settings.FHIR_CLIENT_ID,
});
const normalizedData = hubReader(
  settings.NormalizedData__fullyQualifiedNamespace,
  settings.NORMALIZED_DATA_HUB,
  settings.ML_INPUT_CONSUMER_GROUP,
  settings.NormalizedData__clientId,
);
const enriched = hubProducer(
  settings.Enriched__fullyQualifiedNamespace,
  settings.ENRICHED_HUB,
  settings.Enriched__clientId,
);
const fhirEvents = eventsAreOn
  ? hubProducer(settings.FhirEvents__fullyQualifiedNamespace, settings.FHIR_EVENTS_HUB, settings.FhirEvents__clientId)
  : undefined;

const partitionsOfNormalized = new PartitionIds(normalizedData);
const partitionsOfEvents = fhirEvents && new PartitionIds(fhirEvents);
const partitionsOfEnriched = new PartitionIds(enriched);

/** Partitions of `normalizeddata`, and those of `fhirevents` or the search for charted values. */
async function sources(): Promise<number> {
  const [devices, events] = await Promise.all([partitionsOfNormalized.ids(), partitionsOfEvents?.ids()]);
  return devices.length + (events?.length ?? 1);
}

const client = new FhirClient(transport, 'ml-input');
const tools = {
  identities: new IdentityResolver(client, {
    resolutionType: readResolutionType(settings.RESOLUTION_TYPE),
    deviceIdentifierSystem: settings.DEVICE_IDENTIFIER_SYSTEM,
    compatibility,
    cacheSeconds,
  }),
  contexts: new ContextResolver(client, contextCodes, cacheSeconds),
  rules,
  enriched: new EnrichedData(new HubSender(enriched, partitionsOfEnriched, 'ml-input'), sources, 'ml-input'),
  deadLetters,
  marks: new Map<string, SourceMarks>(),
};

app.eventHub('mlInput', {
  connection: connections.normalizedData,
  eventHubName: '%NORMALIZED_DATA_HUB%',
  consumerGroup: '%ML_INPUT_CONSUMER_GROUP%',
  cardinality: 'many',
  ...binaryBodies,
  retry: endlessRetry,
  handler: (bodies, context) => mlInput(readBatch(bodies, context), tools, context),
});

if (fhirEvents !== undefined && partitionsOfEvents !== undefined) {
  app.timer('fhirEventMarks', {
    schedule: '%CLOCK_MARK_SCHEDULE%',
    handler: (_timer, context) => sendClockMarks(fhirEvents, partitionsOfEvents, context),
  });
}

// After the first function is registered, which is when the library sets its own.
setProgrammingModel(keepingRawMetadata(getProgrammingModel()));
