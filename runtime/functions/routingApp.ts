import { app } from '@azure/functions';
import { routingSettings } from '../contracts/appSettings';
import { readContextCodes } from '../enrich/contextCodes';
import { FhirClient } from '../fhir/fhirClient';
import { identityTransport } from '../fhir/transport';
import { readSettings } from './settings';

/** The function app `routing`. Settings are read once, when it starts. */
const settings = readSettings(routingSettings, process.env);
const contextCodes = readContextCodes(settings.CONTEXT_CODES);

const transport = identityTransport({
  url: settings.FHIR_URL,
  audience: settings.FHIR_AUDIENCE,
  clientId: settings.FHIR_CLIENT_ID,
});
const client = new FhirClient(transport, 'routing');

app.timer('routeCareTeams', {
  schedule: '%ROUTING_SCHEDULE%',
  handler: async (_timer, context) => {
    await client.search(
      [`Encounter?class=${contextCodes.encounterClasses.map(encodeURIComponent).join(',')}`],
      context,
    );
  },
});
