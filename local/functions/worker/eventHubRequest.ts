import type { ReceivedEventData } from '@azure/event-hubs';
import type { RpcBinding, RpcTypedData } from './rpc';

/** Where a batch comes from, as the host tells functions. */
export interface PartitionOrigin {
  readonly fullyQualifiedNamespace: string;
  readonly eventHubName: string;
  readonly consumerGroup: string;
  readonly partitionId: string;
}

/*
 * The shapes below are those of `EventHubTriggerBindingStrategy.cs` of Microsoft.Azure.WebJobs.Extensions.EventHubs,
 * written as `GrpcMessageConversionExtensions.cs` of the Functions host does for a worker that takes typed collections and
 * does not ask for empty entries, as the Node.js worker is.
 */

/** The trigger's input: bytes, or text for every other data type. Empty texts of a collection are left out, as there. */
export function inputData(events: readonly ReceivedEventData[], binding: RpcBinding): RpcTypedData {
  const bodies = events.map((event) => event.body as Buffer);
  const isBinary = binding.dataType === 'binary';
  if (isSingle(binding)) {
    const body = bodies[0] ?? Buffer.alloc(0);
    return isBinary ? { bytes: body } : { string: body.toString('utf8') };
  }
  return isBinary ? { collectionBytes: { bytes: bodies } } : texts(bodies.map((body) => body.toString('utf8')));
}

export function triggerMetadata(
  events: readonly ReceivedEventData[],
  binding: RpcBinding,
  origin: PartitionOrigin,
): Record<string, RpcTypedData> {
  const partition = json({
    FullyQualifiedNamespace: origin.fullyQualifiedNamespace,
    EventHubName: origin.eventHubName,
    ConsumerGroup: origin.consumerGroup,
    PartitionId: origin.partitionId,
  });
  const [first] = events;
  if (isSingle(binding) && first !== undefined) return { PartitionContext: partition, ...single(first) };
  return {
    PartitionContext: partition,
    PartitionKeyArray: texts(events.map((event) => event.partitionKey ?? '')),
    OffsetArray: texts(events.map(({ offset }) => String(offset))),
    SequenceNumberArray: { collectionSint64: { sint64: events.map((event) => event.sequenceNumber) } },
    EnqueuedTimeUtcArray: json(events.map(enqueuedTime)),
    PropertiesArray: json(events.map(({ properties }) => properties ?? {})),
    SystemPropertiesArray: json(events.map(systemProperties)),
  };
}

function single(event: ReceivedEventData): Record<string, RpcTypedData> {
  return {
    ...(event.partitionKey == null ? {} : { PartitionKey: { string: event.partitionKey } }),
    Offset: { string: String(event.offset) },
    SequenceNumber: json(event.sequenceNumber),
    EnqueuedTimeUtc: json(enqueuedTime(event)),
    Properties: json(event.properties ?? {}),
    SystemProperties: json(systemProperties(event)),
  };
}

function systemProperties(event: ReceivedEventData): Record<string, unknown> {
  const { contentType, correlationId, messageId } = event;
  const named = { 'message-id': messageId, 'correlation-id': correlationId, 'content-type': contentType };
  return {
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined && value !== null)),
    ...Object.fromEntries(Object.entries(event.systemProperties ?? {}).map(([name, value]) => [amqpName(name), value])),
    'x-opt-sequence-number': event.sequenceNumber,
    'x-opt-offset': String(event.offset),
    'x-opt-enqueued-time': event.enqueuedTimeUtc.toISOString().replace('Z', '+00:00'),
    ...(event.partitionKey == null ? {} : { 'x-opt-partition-key': event.partitionKey }),
    SequenceNumber: event.sequenceNumber,
    Offset: String(event.offset),
    PartitionKey: event.partitionKey ?? null,
    EnqueuedTimeUtc: enqueuedTime(event),
  };
}

/** What the JavaScript client writes in camel case is an AMQP property, as in `content-encoding`; others are annotations. */
const amqpProperties =
  /^(userId|to|subject|replyTo|contentEncoding|absoluteExpiryTime|creationTime|groupId|groupSequence|replyToGroupId)$/;

function amqpName(name: string): string {
  return amqpProperties.test(name) ? name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) : name;
}

/** A .NET DateTime of unspecified kind: UTC, and its text does not say so. */
function enqueuedTime({ enqueuedTimeUtc }: ReceivedEventData): string {
  return enqueuedTimeUtc.toISOString().replace(/(\.000)?Z$/, '');
}

function texts(all: readonly string[]): RpcTypedData {
  return { collectionString: { string: all.filter((text) => text !== '') } };
}

function json(value: unknown): RpcTypedData {
  return { json: JSON.stringify(value) };
}

function isSingle(binding: RpcBinding): boolean {
  return String(binding.cardinality ?? 'many').toLowerCase() === 'one';
}
