import { AzureError } from '../contracts';
import { type Device, type DeviceRegistration, mergePatch, newDevice, newEtag } from './device';
import { DocumentStore } from './documents';

type JsonObject = Readonly<Record<string, unknown>>;

/** What happened to a device; the hub makes events for routing of it and tells the device. */
export type DeviceChange =
  | { readonly kind: 'created' | 'deleted' | 'updated'; readonly device: Device }
  | {
      readonly kind: 'twin';
      readonly device: Device;
      readonly replaced: boolean;
      readonly patch: { readonly tags?: JsonObject; readonly desired?: JsonObject; readonly reported?: JsonObject };
    };

/** Developer guide, "Understand device twins": 8 KB of tags, 32 KB each of desired and reported properties. */
const tagBytes = 8 * 1024;
const propertyBytes = 32 * 1024;

/** The identity registry and the twins of one hub. What a method has resolved survives the death of the process. */
export class DeviceRegistry {
  private readonly devices: DocumentStore<Device>;

  constructor(
    folder: string,
    /** Told of each change, before the method that made it resolves. */
    private readonly onChange: (change: DeviceChange) => Promise<void>,
  ) {
    this.devices = new DocumentStore<Device>(folder);
  }

  find(deviceId: string): Device | undefined {
    return this.devices.get(deviceId);
  }

  /** @throws AzureError 404 DeviceNotFound */
  get(deviceId: string): Device {
    const device = this.devices.get(deviceId);
    if (device === undefined) throw new AzureError(404, 'DeviceNotFound', `There is no device "${deviceId}".`);
    return device;
  }

  list(): Device[] {
    return this.devices.values();
  }

  /** @throws AzureError 409 DeviceAlreadyExists, 400 for an id that is not allowed */
  async create(deviceId: string, registration: DeviceRegistration): Promise<Device> {
    if (this.devices.get(deviceId) !== undefined) {
      throw new AzureError(409, 'DeviceAlreadyExists', `There is a device "${deviceId}" already.`);
    }
    const device = newDevice(deviceId, registration);
    requireSize('tags', device.twin.tags, tagBytes);
    requireSize('desired properties', device.twin.desired.values, propertyBytes);
    await this.devices.put(deviceId, device);
    await this.onChange({ kind: 'created', device });
    return device;
  }

  /** @param etag the version that the caller has seen; `*` for any. @throws AzureError 404, 412 */
  async update(deviceId: string, registration: DeviceRegistration, etag: string): Promise<Device> {
    const old = this.get(deviceId);
    requireEtag(old.etag, etag);
    const { generationId, twin, deviceScope } = old;
    const fresh = newDevice(deviceId, registration);
    const kept = { generationId, twin, ...(fresh.iotEdge && old.iotEdge ? { deviceScope } : {}) };
    const device: Device = { ...fresh, ...kept };
    await this.devices.put(deviceId, device);
    await this.onChange({ kind: 'updated', device });
    return device;
  }

  /** @throws AzureError 404, 412 */
  async delete(deviceId: string, etag: string): Promise<void> {
    const device = this.get(deviceId);
    requireEtag(device.etag, etag);
    await this.devices.delete(deviceId);
    await this.onChange({ kind: 'deleted', device });
  }

  /** Changes tags and desired properties. @throws AzureError 404, 412, 413 */
  async changeTwin(
    deviceId: string,
    change: { readonly tags?: JsonObject; readonly desired?: JsonObject },
    options: { readonly replace: boolean; readonly etag: string },
  ): Promise<Device> {
    const { twin } = this.get(deviceId);
    requireEtag(twin.etag, options.etag);
    const merge = (old: JsonObject, given: JsonObject) => mergePatch(options.replace ? {} : old, given);
    const tags = change.tags === undefined ? twin.tags : merge(twin.tags, change.tags);
    const desired =
      change.desired === undefined
        ? twin.desired
        : { version: twin.desired.version + 1, values: merge(twin.desired.values, change.desired) };
    requireSize('tags', tags, tagBytes);
    requireSize('desired properties', desired.values, propertyBytes);
    return this.saveTwin(deviceId, { ...twin, tags, desired }, change, options.replace);
  }

  /** What the device itself reports. @throws AzureError 404, 413 */
  async reportProperties(deviceId: string, patch: JsonObject): Promise<Device> {
    const { twin } = this.get(deviceId);
    const reported = { version: twin.reported.version + 1, values: mergePatch(twin.reported.values, patch) };
    requireSize('reported properties', reported.values, propertyBytes);
    return this.saveTwin(deviceId, { ...twin, reported }, { reported: patch }, false);
  }

  private async saveTwin(
    deviceId: string,
    twin: Device['twin'],
    patch: Extract<DeviceChange, { kind: 'twin' }>['patch'],
    replaced: boolean,
  ): Promise<Device> {
    const device: Device = { ...this.get(deviceId), twin: { ...twin, version: twin.version + 1, etag: newEtag() } };
    await this.devices.put(deviceId, device);
    await this.onChange({ kind: 'twin', device, replaced, patch });
    return device;
  }
}

/** @throws AzureError 412 PreconditionFailed */
export function requireEtag(current: string, given: string): void {
  const bare = given.replace(/^W\//, '').replaceAll('"', '');
  if (bare === '*' || bare === current) return;
  throw new AzureError(412, 'PreconditionFailed', `The etag is ${current} by now, not ${bare}: read again.`);
}

function requireSize(what: string, value: unknown, most: number): void {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > most) {
    throw new AzureError(413, 'RequestEntityTooLarge', `The ${what} of a twin may have ${most} bytes, not ${bytes}.`);
  }
}
