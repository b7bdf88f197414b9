import { eventHubIdPattern } from '../azure/existingEventHub';
import { known, type Problems } from '../azure/validation';
import type { MLScoringPathArgs } from '../mlScoringPath';

const fhirServiceId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.HealthcareApis\/workspaces\/[^/]+\/fhirservices\/[^/]+$/i;
const containerId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Storage\/storageAccounts\/[^/]+\/blobServices\/default\/containers\/[^/]+$/i;
const componentId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Insights\/components\/[^/]+$/i;

/** What comes before scoring. Programs without types may leave out what must be given. */
export function sourceProblems(problems: Problems, args: MLScoringPathArgs): void {
  const hub = (name: string) => `must be the ARM id of the event hub ${name}`;
  const { existingNormalizedDataHubId: source = '', existingFhirEventsHubId: events } = args;
  problems.text('existingNormalizedDataHubId', source, eventHubIdPattern, hub('normalizeddata'));
  problems.text('existingFhirEventsHubId', events, eventHubIdPattern, hub('fhirevents'));
  const [one, other] = [source, events].map((id) => known(id)?.toLowerCase().split('/eventhubs/')[0]);
  if (one?.includes('/namespaces/') && other?.includes('/namespaces/') && one !== other) {
    problems.add('existingFhirEventsHubId', 'must lie in the namespace of existingNormalizedDataHubId.');
  }
  const fhir = 'must be the ARM id of a FHIR service of Azure Health Data Services';
  problems.text('existingFhirServiceId', args.existingFhirServiceId ?? '', fhirServiceId, fhir);
  const url = 'must be a base URL without a slash at its end';
  problems.text('fhirUrl', args.fhirUrl, /^https:\/\/[^\s?#]*[^\s?#/]$/, url);
  problems.wholeNumber(
    'normalizedDataPartitions',
    args.normalizedDataPartitions,
    1,
    2000,
    'partitions of normalizeddata',
  );
  const container = 'must be the ARM id of a blob container';
  problems.text('existingDeadLetterContainerId', args.existingDeadLetterContainerId, containerId, container);
  const component = 'must be the ARM id of an Application Insights component';
  problems.text('existingApplicationInsightsId', args.existingApplicationInsightsId, componentId, component);
  const needed = {
    deadLetterContainerUrl: 'existingDeadLetterContainerId',
    applicationInsightsConnectionString: 'existingApplicationInsightsId',
  } as const;
  for (const [key, id] of Object.entries(needed) as [keyof typeof needed, keyof MLScoringPathArgs][]) {
    if (args[key] !== undefined && args[id] === undefined) problems.add(key, `is for what exists; give ${id} with it.`);
  }
}
