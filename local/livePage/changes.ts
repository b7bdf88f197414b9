import type { DeviceSnapshot, Snapshot } from './snapshot';

/** What differs between two snapshots: whole sections, and devices one by one because they are many. */
export interface SnapshotChanges {
  readonly sections: Partial<Omit<Snapshot, 'devices'>>;
  readonly devices: readonly DeviceSnapshot[];
  readonly removedDevices: readonly string[];
}

const sectionNames = [
  ...([
    'cloud',
    'clock',
    'replay',
    'verdict',
    'steps',
    'consumer',
    'endpoints',
    'functions',
    'patients',
    'dashboard',
    'latency',
    'places',
  ] as const),
];

/** Undefined when nothing differs. */
export function changesBetween(before: Snapshot, after: Snapshot): SnapshotChanges | undefined {
  const changed = sectionNames.filter((name) => differ(before[name], after[name]));
  const known = new Map(before.devices.map((device) => [device.deviceId, device]));
  const devices = after.devices.filter((device) => differ(known.get(device.deviceId), device));
  const remaining = new Set(after.devices.map((device) => device.deviceId));
  const removedDevices = [...known.keys()].filter((deviceId) => !remaining.has(deviceId));
  if (changed.length + devices.length + removedDevices.length === 0) return undefined;
  const sections: Partial<Omit<Snapshot, 'devices'>> = Object.fromEntries(changed.map((name) => [name, after[name]]));
  return { sections, devices, removedDevices };
}

export function applyChanges(snapshot: Snapshot, changes: SnapshotChanges): Snapshot {
  const devices = new Map(snapshot.devices.map((device) => [device.deviceId, device]));
  for (const deviceId of changes.removedDevices) devices.delete(deviceId);
  for (const device of changes.devices) devices.set(device.deviceId, device);
  return { ...snapshot, ...changes.sections, devices: [...devices.values()] };
}

function differ(before: unknown, after: unknown): boolean {
  return before !== after && JSON.stringify(before) !== JSON.stringify(after);
}
