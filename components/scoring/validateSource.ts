import { eventHubIdPattern } from '../azure/existingEventHub';
import { existingPartsProblems } from '../azure/existingParts';
import { known, type Problems } from '../azure/validation';
import type { MLScoringPathArgs } from '../mlScoringPath';

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
  existingPartsProblems(problems, args);
  problems.wholeNumber(
    'normalizedDataPartitions',
    args.normalizedDataPartitions,
    1,
    2000,
    'partitions of normalizeddata',
  );
}
