import { applyChanges, type SnapshotChanges } from '../changes';
import type { Snapshot } from '../snapshot';

export type ConnectionState = 'connected' | 'disconnected';

const retryMs = 1000;

/** Follows the server's events. The browser reconnects by itself, save where it gives up: then a new source is opened. */
export function followSnapshots(
  onSnapshot: (snapshot: Snapshot) => void,
  onState: (state: ConnectionState) => void,
): void {
  let snapshot: Snapshot | undefined;
  const source = new EventSource('/events');
  const take = (next: Snapshot) => {
    snapshot = next;
    onState('connected');
    onSnapshot(next);
  };
  source.addEventListener('snapshot', (event: MessageEvent<string>) => take(JSON.parse(event.data) as Snapshot));
  source.addEventListener('changes', (event: MessageEvent<string>) => {
    if (snapshot) take(applyChanges(snapshot, JSON.parse(event.data) as SnapshotChanges));
  });
  source.onerror = () => {
    onState('disconnected');
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => followSnapshots(onSnapshot, onState), retryMs);
  };
}
