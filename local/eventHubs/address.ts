import { AmqpRefusal } from './amqpRefusal';

/** What a link's address names. */
export type LinkAddress =
  | { readonly to: 'claims' }
  | { readonly to: 'management' }
  | { readonly to: 'eventHub'; readonly eventHub: string; readonly partition?: string }
  | {
      readonly to: 'consumerGroup';
      readonly eventHub: string;
      readonly consumerGroup: string;
      readonly partition: string;
    };

/** Reads an address as clients write it: with or without scheme and host (Python's has them). */
export function parseAddress(address: string | undefined): LinkAddress {
  const path = entityPath(address ?? '');
  if (path === '$cbs') return { to: 'claims' };
  if (/(^|\/)\$management$/.test(path)) return { to: 'management' };
  const [eventHub, ...rest] = path.split('/');
  const words = rest.map((word, index) => (index % 2 === 0 ? word.toLowerCase() : word));
  if (eventHub && rest.length === 0) return { to: 'eventHub', eventHub };
  if (eventHub && rest.length === 2 && words[0] === 'partitions')
    return { to: 'eventHub', eventHub, partition: words[1] };
  const [groups, consumerGroup, partitions, partition] = words;
  if (eventHub && rest.length === 4 && groups === 'consumergroups' && partitions === 'partitions') {
    if (consumerGroup && partition) return { to: 'consumerGroup', eventHub, consumerGroup, partition };
  }
  throw new AmqpRefusal(
    'amqp:not-found',
    `'${path}' is no address of Event Hubs; there are <hub>, <hub>/Partitions/<id> and <hub>/ConsumerGroups/<group>/Partitions/<id>.`,
  );
}

/** The path within the namespace of an address or of a token's audience. */
export function entityPath(address: string): string {
  return address.replace(/^[a-z]+:\/\/[^/]*\//i, '').replace(/\/+$/, '');
}
