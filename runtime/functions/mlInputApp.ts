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
import { chartedValues } from './chartedValues';
import { sendClockMarks } from './clockMarks';
import { EnrichedData } from './enrichedData';
import { readBatch } from './eventBatch';
import { mlInput } from './mlInput';
import { readPlausibilityLimits, readWindows } from './mlInputInputs';
import { pollCharted } from './pollCharted';
import { keepingRawMetadata } from './rawTriggerMetadata';
import { positionIn } from './searchPosition';
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

const enrichedBy = (step: 'ml-input' | 'charted-values') =>
  new EnrichedData(new HubSender(enriched, partitionsOfEnriched, step), sources, step);

const client = new FhirClient(transport, 'ml-input');
const resolutionType = readResolutionType(settings.RESOLUTION_TYPE);
const tools = {
  identities: new IdentityResolver(client, {
    resolutionType: resolutionType === 'Create' ? 'Lookup' : resolutionType,
    deviceIdentifierSystem: settings.DEVICE_IDENTIFIER_SYSTEM,
    compatibility,
    cacheSeconds,
  }),
  awaitsCreation: resolutionType === 'Create',
  contexts: new ContextResolver(client, contextCodes, cacheSeconds),
  rules,
  enriched: enrichedBy('ml-input'),
  deadLetters,
  marks: new Map<string, SourceMarks>(),
};

const chartedClient = new FhirClient(transport, 'charted-values');
const chartedTools = {
  client: chartedClient,
  contexts: new ContextResolver(chartedClient, contextCodes, cacheSeconds),
  rules: { ...rules, encounterClasses: contextCodes.encounterClasses },
  enriched: enrichedBy('charted-values'),
  deadLetters,
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
  app.eventHub('chartedValues', {
    connection: connections.fhirEvents,
    eventHubName: '%FHIR_EVENTS_HUB%',
    consumerGroup: '%FHIR_EVENTS_CONSUMER_GROUP%',
    cardinality: 'many',
    ...binaryBodies,
    retry: endlessRetry,
    handler: (bodies, context) => chartedValues(readBatch(bodies, context), chartedTools, context),
  });
} else {
  const position = positionIn(settings.STATE_CONTAINER_URL, settings.STATE_CLIENT_ID);
  app.timer('pollCharted', {
    schedule: '%CHARTED_SCHEDULE%',
    handler: (_timer, context) => pollCharted({ ...chartedTools, position }, context),
  });
}

// After the first function is registered, which is when the library sets its own.
setProgrammingModel(keepingRawMetadata(getProgrammingModel()));
