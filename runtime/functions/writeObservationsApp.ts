import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { app } from '@azure/functions';
import { getProgrammingModel, setProgrammingModel } from '@azure/functions-core';
import { connections, packageFiles, writeObservationsSettings } from '../contracts/appSettings';
import { FhirClient } from '../fhir/fhirClient';
import { IdentityResolver } from '../fhir/identityResolver';
import { ObservationWriter } from '../fhir/observationWriter';
import { identityTransport } from '../fhir/transport';
import { deadLetterContainer } from '../stream/deadLetterContainer';
import { readBatch } from './eventBatch';
import { keepingRawMetadata } from './rawTriggerMetadata';
import { readCompatibility, readSettings } from './settings';
import { binaryBodies, endlessRetry } from './triggerOptions';
import { writeObservations } from './writeObservations';
import { readCacheSeconds, readFhirMapping, readResolutionType } from './writeObservationsInputs';

/** The function app `write-observations`. Settings and mapping are read once, when it starts. */
const settings = readSettings(writeObservationsSettings, process.env);
const mappingFile = packageFiles.fhirMapping;

const client = new FhirClient(
  identityTransport({
    url: settings.FHIR_URL,
    audience: settings.FHIR_AUDIENCE,
    clientId: settings.FHIR_CLIENT_ID,
  }),
  'write-observations',
);
const tools = {
  resolver: new IdentityResolver(client, {
    resolutionType: readResolutionType(settings.RESOLUTION_TYPE),
    deviceIdentifierSystem: settings.DEVICE_IDENTIFIER_SYSTEM,
    compatibility: readCompatibility(settings.COMPATIBILITY),
    cacheSeconds: readCacheSeconds(settings.IDENTITY_CACHE_SECONDS),
  }),
  writer: new ObservationWriter(
    client,
    readFhirMapping(readFileSync(join(__dirname, mappingFile), 'utf8'), mappingFile, settings.COMPATIBILITY),
  ),
  deadLetters: deadLetterContainer(settings.DEAD_LETTER_CONTAINER_URL, settings.DEAD_LETTER_CLIENT_ID),
};

app.eventHub('writeObservations', {
  connection: connections.normalizedData,
  eventHubName: '%NORMALIZED_DATA_HUB%',
  consumerGroup: '%WRITE_OBSERVATIONS_CONSUMER_GROUP%',
  cardinality: 'many',
  ...binaryBodies,
  retry: endlessRetry,
  handler: (bodies, context) => writeObservations(readBatch(bodies, context), tools, context),
});

// After the first function is registered, which is when the library sets its own.
setProgrammingModel(keepingRawMetadata(getProgrammingModel()));
