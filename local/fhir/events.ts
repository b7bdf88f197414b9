import { randomUUID } from 'node:crypto';
import type { Resources } from '../contracts';
import type { GridEvent, Outbox } from '../eventGrid/delivery';
import { subscriptionsTo } from '../eventGrid/subscriptions';
import type { Change } from './repository';
import type { FhirStore } from './store';

/** The FHIR service that events are about. */
export interface EventSource {
  /** ARM id of the workspace: the source of system topics. */
  readonly workspaceId: string;
  /** Host of the service, as events name it. */
  readonly host: string;
}

/** The outbox in the store: events are written in the transaction that changes the resource. */
export class FhirOutbox implements Outbox {
  constructor(
    private readonly store: FhirStore,
    private readonly resources: Resources,
    private readonly source: EventSource,
  ) {}

  /** Leaves an event for each subscription that takes it. */
  record(change: Change, now: number): void {
    const event = eventOf(change, this.source, now);
    for (const { id, takes } of subscriptionsTo(this.resources, this.source.workspaceId)) {
      if (takes(event)) {
        this.store.run('INSERT INTO outbox (subscription, event) VALUES (?, ?)', id, JSON.stringify(event));
      }
    }
  }

  waiting(): readonly string[] {
    return this.store.rows('SELECT DISTINCT subscription FROM outbox').map(({ subscription }) => String(subscription));
  }

  peek(subscription: string, count: number): { seq: number; event: GridEvent }[] {
    const oldest = 'SELECT seq, event FROM outbox WHERE subscription = ? ORDER BY seq LIMIT ?';
    return this.store
      .rows(oldest, subscription, count)
      .map(({ seq, event }) => ({ seq: Number(seq), event: JSON.parse(String(event)) as GridEvent }));
  }

  remove(subscription: string, upTo = Number.MAX_SAFE_INTEGER): void {
    this.store.run('DELETE FROM outbox WHERE subscription = ? AND seq <= ?', subscription, upTo);
  }
}

/** Learn: "Events in the FHIR service", schema of Event Grid: ids and version, nothing of the resource itself. */
function eventOf({ kind, type, id, version }: Change, { workspaceId, host }: EventSource, now: number): GridEvent {
  return {
    id: randomUUID(),
    topic: workspaceId,
    subject: `${host}/${type}/${id}`,
    data: { resourceType: type, resourceFhirAccount: host, resourceFhirId: id, resourceVersionId: version },
    eventType: `Microsoft.HealthcareApis.FhirResource${kind}`,
    dataVersion: '1',
    metadataVersion: '1',
    eventTime: new Date(now).toISOString(),
  };
}
