import type { DeviceUseStatement } from '../fhir/deviceUse';
import type { Device } from '../medtech/fhir/resources';
import type { StoredResource } from './fhirShapes';

/** Types of resources whose changes matter to scoring. */
export const watchedTypes = ['Observation', 'DeviceUseStatement', 'Device', 'Encounter', 'Patient'] as const;
export type WatchedType = (typeof watchedTypes)[number];

/** That a resource was written or deleted. */
export interface ChangeNotice {
  readonly type: WatchedType;
  readonly id: string;
  /** The version that the change made. */
  readonly version: number;
  /** When, milliseconds since 1970. */
  readonly at: number;
}

/** What a change made of a resource. */
export interface ResourceChange extends ChangeNotice {
  /** As it is now, which may be later than the change; undefined: deleted. */
  readonly current: StoredResource | undefined;
  /** As it was before the change; undefined: it is new, or the service keeps no versions. */
  readonly previous: StoredResource | undefined;
  /** Of a Device, and of the Device that a DeviceUseStatement is about. */
  readonly worn?: { readonly device: Device; readonly statements: readonly DeviceUseStatement[] };
}

/** When what is there now was written: later versions win. */
export function changedAt({ current, at }: Pick<ResourceChange, 'current' | 'at'>): number {
  const updated = Date.parse(current?.meta?.lastUpdated ?? '');
  return Number.isNaN(updated) ? at : updated;
}
