import { app } from '@azure/functions';
import { getProgrammingModel, setProgrammingModel } from '@azure/functions-core';
import { connections, mlOutputSettings } from '../contracts/appSettings';
import { FhirClient } from '../fhir/fhirClient';
import { identityTransport } from '../fhir/transport';
import { FeedProgress } from '../hotPath/feedProgress';
import { HotPathWriter } from '../hotPath/hotPathWriter';
import { openRepository } from '../repository/repository';
import { ResultWriter } from '../repository/resultWriter';
import { deadLetterContainer } from '../stream/deadLetterContainer';
import { CallerCheck, readCallers } from './callerToken';
import { readBatch } from './eventBatch';
import { readWindows } from './mlInputInputs';
import { mlOutputFhir } from './mlOutputFhir';
import { mlOutputHttp } from './mlOutputHttp';
import { readMinutes, readScoreCodes } from './mlOutputInputs';
import { MlOutputRepository } from './mlOutputRepository';
import { keepingRawMetadata } from './rawTriggerMetadata';
import { readSettings } from './settings';
import { binaryBodies, endlessRetry } from './triggerOptions';

/** The function app `ml-output`. Settings are read once, when it starts; each function runs on instances of its own. */
const settings = readSettings(mlOutputSettings, process.env);
const { windowMs, latenessMs } = readWindows(settings.WINDOW_SECONDS, settings.LATENESS_SECONDS);
const callers = readCallers(settings.HTTP_CALLERS);

const client = new FhirClient(
  identityTransport({
    url: settings.FHIR_URL,
    audience: settings.FHIR_AUDIENCE,
    clientId: settings.FHIR_CLIENT_ID,
  }),
  'ml-output-fhir',
);
const repository = openRepository({
  server: settings.REPOSITORY_SERVER,
  database: settings.REPOSITORY_DATABASE,
  audience: settings.REPOSITORY_AUDIENCE,
  clientId: settings.REPOSITORY_CLIENT_ID,
});
const deadLetters = deadLetterContainer(settings.DEAD_LETTER_CONTAINER_URL, settings.DEAD_LETTER_CLIENT_ID);

const writer = new HotPathWriter(client, { windowMs, codes: readScoreCodes(settings.SCORE_CODES) });
const fhirTools = { writer, deadLetters, progress: new FeedProgress(repository) };
const rows = new MlOutputRepository(repository, deadLetters, {
  windowSeconds: windowMs / 1000,
  latenessSeconds: latenessMs / 1000,
  warningMinutes: readMinutes('LATENCY_WARNING_MINUTES', settings.LATENCY_WARNING_MINUTES),
  breachMinutes: readMinutes('LATENCY_BREACH_MINUTES', settings.LATENCY_BREACH_MINUTES),
});

const scored = {
  connection: connections.scored,
  eventHubName: '%SCORED_HUB%',
  cardinality: 'many',
  ...binaryBodies,
  retry: endlessRetry,
} as const;

app.eventHub('mlOutputFhir', {
  ...scored,
  consumerGroup: '%FHIR_CONSUMER_GROUP%',
  handler: (bodies, context) => mlOutputFhir(readBatch(bodies, context), fhirTools, context),
});

app.eventHub('mlOutputRepository', {
  ...scored,
  consumerGroup: '%REPOSITORY_CONSUMER_GROUP%',
  handler: (bodies, context) => rows.handle(readBatch(bodies, context), context),
});

if (callers !== undefined) {
  const httpTools = {
    ...{ callers: new CallerCheck(callers), writer, repository: new ResultWriter(repository), windowMs },
    now: (log: Parameters<FhirClient['time']>[0]) => client.time(log),
  };
  app.http('mlOutputHttp', {
    methods: ['POST'],
    // Callers are checked in code, by their tokens: a key of the platform's would be one more secret.
    authLevel: 'anonymous',
    route: 'scored',
    handler: (request, context) => mlOutputHttp(request, httpTools, context),
  });
}

// After the first function is registered, which is when the library sets its own.
setProgrammingModel(keepingRawMetadata(getProgrammingModel()));
