import { app } from '@azure/functions';
import { routingSettings } from '../contracts/appSettings';
import { FhirClient } from '../fhir/fhirClient';
import { identityTransport } from '../fhir/transport';
import { openRepository } from '../repository/repository';
import { routeCareTeams } from './routeCareTeams';
import { RoutingAge } from './routingAge';
import { readRoutingInputs } from './routingInputs';
import { readSettings } from './settings';
import { StandingWarnings } from './standingWarnings';
import { UseStatements } from './useStatements';

/** The function app `routing`. Settings are read once, when it starts. */
const settings = readSettings(routingSettings, process.env);
const { rules, staleSeconds } = readRoutingInputs(settings);

const transport = identityTransport({
  url: settings.FHIR_URL,
  audience: settings.FHIR_AUDIENCE,
  clientId: settings.FHIR_CLIENT_ID,
});
const tools = {
  client: new FhirClient(transport, 'routing'),
  statements: new UseStatements(),
  repository: openRepository({
    server: settings.REPOSITORY_SERVER,
    database: settings.REPOSITORY_DATABASE,
    audience: settings.REPOSITORY_AUDIENCE,
    clientId: settings.REPOSITORY_CLIENT_ID,
  }),
  rules,
  age: new RoutingAge(staleSeconds),
  warnings: new StandingWarnings(),
};

app.timer('routeCareTeams', {
  schedule: '%ROUTING_SCHEDULE%',
  handler: (_timer, context) => routeCareTeams(tools, context),
});
