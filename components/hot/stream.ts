import type * as pulumi from '@pulumi/pulumi';
import { consumerGroupsOf, type EventHubReference, existingEventHub } from '../azure/existingEventHub';
import type { HotPathArgs } from '../hotPath';
import { mlOutputGroups } from '../scoring/defaults';
import type { HotPathSite } from './site';

/** The event hub `scored`, which is another component's, with the consumer groups that the hot path makes of it. */
export interface HotPathStream {
  readonly scored: EventHubReference;
  readonly readers: pulumi.Resource[];
}

export function buildStream({ children }: HotPathSite, args: HotPathArgs): HotPathStream {
  const scored = existingEventHub(children, 'scored', args.existingScoredHubId, {
    namespaceHost: args.eventHubsNamespaceHost,
    partitionCount: args.scoredPartitions,
  });
  return { scored, readers: consumerGroupsOf(children, 'scored', scored, Object.values(mlOutputGroups)) };
}
