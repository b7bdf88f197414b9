import type { StoredPatient, StoredResource } from '../enrich/fhirShapes';
import { stayIn, wearerByDevice } from '../enrich/presence';
import type { DeviceUseStatement } from '../fhir/deviceUse';
import { usedDevice } from '../fhir/deviceUse';
import type { Device } from '../medtech/fhir/resources';

/** What puts patients under observation, and since when not any more: the same resources that scoring goes by. */
export interface ObservingResources {
  readonly encounters: readonly StoredResource[];
  readonly statements: readonly DeviceUseStatement[];
  readonly devices: readonly Device[];
}

/**
 * Ids of the patients that an encounter or a device puts under observation at a time (milliseconds since 1970), by the rules by
 * which windows are due for them (runtime/enrich/presence.ts). Deaths are apart: `isDead`.
 *
 * @param encounterClasses `system|code` of Encounter.class
 */
export function observedAt(
  { encounters, statements, devices }: ObservingResources,
  time: number,
  encounterClasses: readonly string[],
): ReadonlySet<string> {
  const stays = [...encounters, ...statements].flatMap((one) => stayIn(one, { encounterClasses }) ?? []);
  const going = stays.filter(({ start, end, hasEnded }) => {
    const begun = start === undefined || start <= time;
    return begun && (!hasEnded || (end !== undefined && time < end));
  });
  const byDevice = new Map<string | undefined, DeviceUseStatement[]>();
  for (const one of statements) {
    const device = usedDevice(one);
    byDevice.set(device, [...(byDevice.get(device) ?? []), one]);
  }
  const wearers = devices.flatMap((device) => {
    const own = byDevice.get(device.id) ?? [];
    return wearerByDevice({ device, statements: own }, time) ?? [];
  });
  return new Set([...going.map(({ patient }) => patient), ...wearers]);
}

/** Whether the patient had died by then. A death without a time has been. */
export function isDead(patient: StoredPatient | undefined, time: number): boolean {
  const death = stayIn(patient, { encounterClasses: [] });
  return death?.basis === 'death' && (death.end === undefined || death.end <= time);
}
