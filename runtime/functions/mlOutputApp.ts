import { app } from '@azure/functions';
import { connections, mlOutputSettings } from '../contracts/appSettings';
import { readSettings } from './settings';
import { endlessRetry } from './triggerOptions';

/** The function app `ml-output`: its place in the bundles, before its functions. It reads nothing away: it holds what comes. */
readSettings(mlOutputSettings, process.env);

for (const [name, consumerGroup] of [
  ['mlOutputFhir', '%FHIR_CONSUMER_GROUP%'],
  ['mlOutputRepository', '%REPOSITORY_CONSUMER_GROUP%'],
] as const) {
  app.eventHub(name, {
    connection: connections.scored,
    eventHubName: '%SCORED_HUB%',
    consumerGroup,
    cardinality: 'many',
    retry: endlessRetry,
    handler: () => {
      throw new Error(`The function ${name} is not written yet.`);
    },
  });
}
