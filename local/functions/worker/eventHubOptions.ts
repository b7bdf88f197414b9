import { type EventPosition, earliestEventPosition, latestEventPosition } from '@azure/event-hubs';

/** How an Event Hubs trigger reads, from host.json's `extensions.eventHubs`. */
export interface EventHubOptions {
  /** Events in one invocation at most. */
  readonly maxEventBatchSize: number;
  /** Below as many, the trigger waits, though no longer than `maxWaitMs`. */
  readonly minEventBatchSize: number;
  readonly maxWaitMs: number;
  readonly prefetchCount: number;
  /** Batches after which a checkpoint is written. */
  readonly batchCheckpointFrequency: number;
  /** Where to begin in a partition that has no checkpoint. */
  readonly initialPosition: EventPosition;
}

type Section = Readonly<Record<string, unknown>>;

/**
 * Reads host.json. Defaults and bounds: Learn, "Azure Event Hubs trigger and bindings for Azure Functions", host.json
 * settings, extension 6.x.
 * @throws Error naming the member that is wrong
 */
export function eventHubOptions(hostJson: string): EventHubOptions {
  const extensions = sectionOf(JSON.parse(hostJson) as Section, 'extensions');
  const section = sectionOf(extensions, 'eventHubs');
  const maxEventBatchSize = count(section, 'maxEventBatchSize', 100);
  return {
    maxEventBatchSize,
    minEventBatchSize: Math.min(count(section, 'minEventBatchSize', 1), maxEventBatchSize),
    maxWaitMs: milliseconds(section.maxWaitTime ?? '00:01:00'),
    prefetchCount: count(section, 'prefetchCount', 300),
    batchCheckpointFrequency: count(section, 'batchCheckpointFrequency', 1),
    initialPosition: initialPosition(sectionOf(section, 'initialOffsetOptions')),
  };
}

function sectionOf(of: Section, name: string): Section {
  const value = of[name] ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error(`host.json: ${name} is not an object.`);
  return value as Section;
}

function count(section: Section, name: string, standard: number): number {
  const value = section[name] ?? standard;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw new Error(`host.json: eventHubs.${name} is ${JSON.stringify(value)}; allowed are whole numbers from 1.`);
}

/** `hh:mm:ss`, as .NET writes a time span. */
function milliseconds(value: unknown): number {
  const parts = /^(\d{1,2}):(\d{2}):(\d{2})$/.exec(String(value));
  if (!parts) throw new Error(`host.json: eventHubs.maxWaitTime is ${JSON.stringify(value)}; allowed is hh:mm:ss.`);
  const [hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

function initialPosition(section: Section): EventPosition {
  const type = String(section.type ?? 'fromStart').toLowerCase();
  if (type === 'fromstart') return earliestEventPosition;
  if (type === 'fromend') return latestEventPosition;
  if (type !== 'fromenqueuedtime') {
    throw new Error(
      `host.json: initialOffsetOptions.type is '${type}'; allowed are fromStart, fromEnd, fromEnqueuedTime.`,
    );
  }
  const enqueuedOn = Date.parse(String(section.enqueuedTimeUtc));
  if (Number.isNaN(enqueuedOn)) throw new Error('host.json: initialOffsetOptions.enqueuedTimeUtc is not a time.');
  return { enqueuedOn };
}
