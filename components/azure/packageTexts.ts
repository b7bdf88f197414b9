import type { FunctionAppName } from './bundle';

/** How events are gathered for a function. */
export interface Batching {
  readonly maximumBatchEvents: number;
  /** Seconds for which events are gathered; 0 hands them over at once. */
  readonly flushSeconds: number;
}

/** Up to so many events as lie there; none is waited for. */
export function atOnce({ maximumBatchEvents }: Pick<Batching, 'maximumBatchEvents'>): Batching {
  return { maximumBatchEvents, flushSeconds: 0 };
}

/** What every package has beside its bundle. */
export function programTexts(app: FunctionAppName, batching: Batching): Record<string, string> {
  return {
    'host.json': json(hostJson(batching)),
    'package.json': json({ name: app, version: '1.0.0', private: true, type: 'commonjs', main: 'main.js' }),
  };
}

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

/** Events that the Event Hubs client reads ahead by default. */
const defaultPrefetch = 300;

/**
 * "host.json settings in Azure Functions", "Event Hubs trigger". A handler holds its partition for as long as what it calls
 * is away, so its time is not limited. Traces are never sampled: alerts are told from them.
 */
function hostJson({ maximumBatchEvents, flushSeconds }: Batching) {
  return {
    version: '2.0',
    functionTimeout: '-1',
    extensionBundle: { id: 'Microsoft.Azure.Functions.ExtensionBundle', version: '[4.*, 5.0.0)' },
    extensions: {
      eventHubs: {
        maxEventBatchSize: maximumBatchEvents,
        minEventBatchSize: flushSeconds === 0 ? 1 : maximumBatchEvents,
        maxWaitTime: timeSpan(flushSeconds),
        prefetchCount: Math.max(defaultPrefetch, maximumBatchEvents),
        batchCheckpointFrequency: 1,
      },
    },
    logging: {
      applicationInsights: { samplingSettings: { isEnabled: true, excludedTypes: 'Trace;Exception' } },
    },
  };
}

/** `hh:mm:ss`, which the host wants though it is not used while batches have one event at least. */
function timeSpan(seconds: number): string {
  const two = (part: number) => String(part).padStart(2, '0');
  const shown = seconds === 0 ? 60 : seconds;
  return `${two(Math.floor(shown / 3600))}:${two(Math.floor(shown / 60) % 60)}:${two(shown % 60)}`;
}
