import type { RpcTypedData } from '@azure/functions-core';
import type { EventBatch, ReceivedEvent } from '../stream/eventBatch';
import { restored } from '../stream/replayed';
import { type RawTriggerMetadata, rawTriggerMetadata } from './rawTriggerMetadata';

export type { EventBatch, ReceivedEvent } from '../stream/eventBatch';

/** What the host adds to the system properties of each event (`GetSystemPropertiesForBinding`, see below). */
const hostsOwn = ['SequenceNumber', 'Offset', 'PartitionKey', 'EnqueuedTimeUtc'] as const;

/**
 * The events that an Event Hubs trigger of cardinality `many` and data type `binary` hands over.
 *
 * The metadata is what `EventHubTriggerBindingStrategy.cs` of Microsoft.Azure.WebJobs.Extensions.EventHubs gathers and
 * `GrpcMessageConversionExtensions.cs` of the Functions host writes as JSON: `PartitionContext`, `PropertiesArray`,
 * `SystemPropertiesArray` and arrays of single values. Those are not read: without a capability that the Node.js worker
 * does not announce, the array of partition keys lacks the events that have none. The same values stand among the system
 * properties. Times there have no offset (a .NET DateTime of unspecified kind) and are in UTC.
 *
 * Replayed dead letters come as the original came.
 *
 * @param bodies first argument of the handler
 * @param context its second one
 * @throws Error when the host sent something else: the batch is then held by the function's retry policy
 */
export function readBatch(bodies: unknown, context: object): EventBatch {
  const metadata = rawTriggerMetadata(context);
  const { EventHubName, PartitionId } = jsonOf(metadata, 'PartitionContext') as Record<string, unknown>;
  const properties = jsonOf(metadata, 'PropertiesArray');
  const systemProperties = jsonOf(metadata, 'SystemPropertiesArray');
  if (!Array.isArray(bodies) || !isArrayOf(properties, bodies.length) || !isArrayOf(systemProperties, bodies.length)) {
    throw new Error('The host did not send one body, one set of properties and one of system properties an event.');
  }
  const events = bodies.map((body, index) =>
    restored(eventOf(body, properties[index] ?? {}, systemProperties[index] ?? {})),
  );
  return { eventHub: String(EventHubName), partitionId: String(PartitionId), events };
}

function eventOf(body: unknown, properties: Record<string, unknown>, system: Record<string, unknown>): ReceivedEvent {
  if (!Buffer.isBuffer(body)) throw new Error('The host did not send the body of an event as bytes.');
  const systemProperties = Object.fromEntries(
    Object.entries(system).filter(([name]) => !(hostsOwn as readonly string[]).includes(name)),
  );
  const contentType = system['content-type'];
  return {
    body,
    contentType: typeof contentType === 'string' ? contentType : null,
    properties,
    systemProperties,
    enqueuedTime: utcText(system.EnqueuedTimeUtc),
    sequenceNumber: Number(system.SequenceNumber),
    partitionKey: typeof system.PartitionKey === 'string' ? system.PartitionKey : null,
  };
}

function jsonOf(metadata: RawTriggerMetadata, name: string): unknown {
  const data: RpcTypedData | undefined = metadata[name];
  if (typeof data?.json !== 'string') throw new Error(`The host did not send ${name} as JSON.`);
  return JSON.parse(data.json);
}

function isArrayOf(value: unknown, length: number): value is (Record<string, unknown> | null)[] {
  return Array.isArray(value) && value.length === length;
}

function utcText(time: unknown): string {
  const text = String(time);
  const instant = new Date(/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
  if (Number.isNaN(instant.getTime())) throw new Error('The host did not send the time at which an event arrived.');
  return instant.toISOString();
}
