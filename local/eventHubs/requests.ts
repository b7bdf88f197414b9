import { message as amqp, type Message, type Receiver, type Sender, types } from 'rhea';
import type { Authority } from '../contracts';
import { requireAnyAction } from './access';
import { parseAddress } from './address';
import { AmqpRefusal } from './amqpRefusal';
import type { Claims } from './claims';
import type { EventHub } from './eventHub';

/** 0001-01-01T00:00:00Z, which Event Hubs says for a partition that never had an event. */
const never = new Date(-62_135_596_800_000);

export interface Answer {
  readonly body: unknown;
  /** HTTP status. */
  readonly status: number;
}

/** put-token of $cbs (AMQP Claims-based Security 1.0). */
export async function putToken(request: Message, claims: Claims): Promise<Answer> {
  const { operation, name, type } = request.application_properties ?? {};
  if (operation !== 'put-token') throw unknownOperation(operation, 'put-token');
  await claims.put(String(name), String(type), String(request.body));
  return { body: undefined, status: 202 };
}

/** READ of $management: properties of a hub or of a partition. */
export function readProperties(
  request: Message,
  claims: Claims,
  authority: Authority,
  eventHub: (name: string) => EventHub,
): Answer {
  const { operation, name, type, partition } = request.application_properties ?? {};
  if (operation !== 'READ') throw unknownOperation(operation, 'READ');
  const hub = eventHub(String(name));
  requireAnyAction(authority, claims.principalFor(`${name}/$management`), hub);
  if (type === 'com.microsoft:eventhub') return { body: hubProperties(hub), status: 200 };
  if (type === 'com.microsoft:partition') return { body: partitionProperties(hub, String(partition)), status: 200 };
  throw new AmqpRefusal(
    'amqp:not-implemented',
    `Type '${type}' cannot be read; there are com.microsoft:eventhub and com.microsoft:partition.`,
  );
}

/** Sends an answer on the link of the request's session that the client opened for it. */
export function answer(requests: Receiver, request: Message, { body, status }: Answer, refusal?: AmqpRefusal): void {
  const link = replyLink(requests, request.reply_to);
  if (!link) return;
  const reply = {
    correlation_id: request.message_id,
    application_properties: {
      'status-code': types.wrap_int(status),
      'status-description': refusal?.description ?? 'OK',
      ...(refusal && { 'error-condition': types.wrap_symbol(refusal.condition) }),
    },
    body,
  };
  link.send(amqp.encode(reply), undefined, 0);
}

function hubProperties({ settings, partitions }: EventHub): unknown {
  return {
    name: settings.name,
    type: 'com.microsoft:eventhub',
    created_at: new Date(settings.createdAt),
    partition_count: types.wrap_int(partitions.length),
    partition_ids: types.wrap_array(
      partitions.map(({ id }) => id),
      0xa1,
      undefined,
    ),
    georeplication_factor: types.wrap_int(1),
  };
}

function partitionProperties(hub: EventHub, id: string): unknown {
  const partition = hub.partition(id);
  const last = partition.last();
  return {
    name: hub.settings.name,
    type: 'com.microsoft:partition',
    partition: id,
    begin_sequence_number: types.wrap_long(partition.firstSequence),
    last_enqueued_sequence_number: types.wrap_long(partition.nextSequence - 1),
    last_enqueued_offset: String(last?.offset ?? -1),
    last_enqueued_time_utc: last ? new Date(last.enqueuedTime) : never,
    is_partition_empty: partition.firstSequence === partition.nextSequence,
  };
}

/**
 * The link for answers of the requests' node. Its own address is the request's reply-to (Node's), or it has none.
 * Python has the links of $cbs and of $management in one session.
 */
function replyLink({ session, target }: Receiver, replyTo: string | undefined): Sender | undefined {
  const node = parseAddress(target?.address).to;
  const isOfNode = ({ source }: Sender) => parseAddress(source?.address).to === node;
  return (
    session.find_sender((link: Sender) => isOfNode(link) && link.target?.address === replyTo) ??
    session.find_sender(isOfNode)
  );
}

function unknownOperation(given: unknown, allowed: string): AmqpRefusal {
  return new AmqpRefusal('amqp:not-implemented', `The operation '${given}' is not known here; there is ${allowed}.`);
}
