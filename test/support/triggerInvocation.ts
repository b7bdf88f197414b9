import type { CoreInvocationContext, InvocationModel, ProgrammingModel } from '@azure/functions-core';

/** An event as a .NET client of the hub sees it. */
export interface HostEvent {
  readonly body: Buffer;
  readonly sequenceNumber: number;
  /** ISO 8601 in UTC. */
  readonly enqueuedTime: string;
  readonly partitionKey?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  /** Message annotations besides the broker's own, and names of the AMQP properties section such as `content-type`. */
  readonly systemProperties?: Readonly<Record<string, unknown>>;
}

/**
 * What the Node.js worker hands to a programming model for a batch: names, types and formats as the Event Hubs extension
 * gathers them (EventHubTriggerBindingStrategy.cs) and the host writes them (GrpcMessageConversionExtensions.cs), the
 * array of partition keys without its empty ones included.
 */
export function hostInvocation(
  binding: { readonly name: string },
  eventHub: string,
  partitionId: string,
  events: readonly HostEvent[],
  lines: string[] = [],
): CoreInvocationContext {
  const context = {
    invocationId: '00000000-0000-4000-8000-000000000000',
    metadata: { name: 'normalize', bindings: { [binding.name]: { ...binding, type: 'eventHubTrigger' } } },
    request: {
      inputData: [{ name: binding.name, data: { collectionBytes: { bytes: events.map(({ body }) => body) } } }],
      triggerMetadata: triggerMetadata(eventHub, partitionId, events),
    },
    log: (level: string, _category: string, message: string) => lines.push(`${level}: ${message}`),
  };
  return context as CoreInvocationContext;
}

function triggerMetadata(eventHub: string, partitionId: string, events: readonly HostEvent[]) {
  const json = (value: unknown) => ({ json: JSON.stringify(value) });
  const keys = events.flatMap(({ partitionKey }) => partitionKey ?? []);
  const system = events.map((event) => ({
    ...event.systemProperties,
    'x-opt-sequence-number': event.sequenceNumber,
    'x-opt-offset': String(event.sequenceNumber * 100),
    'x-opt-enqueued-time': event.enqueuedTime,
    ...(event.partitionKey === undefined ? {} : { 'x-opt-partition-key': event.partitionKey }),
    SequenceNumber: event.sequenceNumber,
    Offset: event.sequenceNumber * 100,
    PartitionKey: event.partitionKey ?? null,
    EnqueuedTimeUtc: withoutZone(event.enqueuedTime),
  }));
  return {
    PartitionContext: json({
      FullyQualifiedNamespace: 'evhns-test.servicebus.windows.net',
      EventHubName: eventHub,
      ConsumerGroup: 'normalize',
      PartitionId: partitionId,
    }),
    PartitionKeyArray: { collectionString: { string: keys } },
    OffsetArray: { collectionString: { string: events.map(({ sequenceNumber }) => String(sequenceNumber * 100)) } },
    SequenceNumberArray: { collectionSint64: { sint64: events.map(({ sequenceNumber }) => sequenceNumber) } },
    EnqueuedTimeUtcArray: json(events.map(({ enqueuedTime }) => withoutZone(enqueuedTime))),
    PropertiesArray: json(events.map(({ properties }) => properties ?? {})),
    SystemPropertiesArray: json(system),
  };
}

/** How Newtonsoft.Json writes a DateTime of unspecified kind. */
function withoutZone(time: string): string {
  return time.replace(/Z$/, '');
}

/** Stands in for the module that the worker injects, and remembers what an app registers. */
export class FakeWorker {
  private model: ProgrammingModel | undefined;
  readonly functions = new Map<string, RegisteredFunction>();

  readonly core = {
    setProgrammingModel: (model: ProgrammingModel) => {
      this.model = model;
    },
    getProgrammingModel: () => this.model,
    registerFunction: (metadata: RegisteredFunction['metadata'], callback: RegisteredFunction['callback']) => {
      this.functions.set(metadata.name, { metadata, callback });
    },
  };

  /** Calls a registered function as the worker's InvocationHandler does. */
  async invoke(name: string, eventHub: string, partitionId: string, events: readonly HostEvent[]): Promise<unknown> {
    const { metadata, callback } = this.functions.get(name) as RegisteredFunction;
    const [bindingName] = Object.keys(metadata.bindings);
    const core = hostInvocation({ name: bindingName ?? '' }, eventHub, partitionId, events);
    const model = this.model?.getInvocationModel(core) as InvocationModel;
    const { context, inputs } = await model.getArguments();
    return model.invokeFunction(context, inputs, callback);
  }
}

interface RegisteredFunction {
  readonly metadata: {
    readonly name: string;
    readonly bindings: Record<string, unknown>;
    readonly retryOptions?: unknown;
  };
  readonly callback: (...inputs: unknown[]) => unknown;
}
