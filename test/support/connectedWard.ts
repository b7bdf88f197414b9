import { type ConnectedDevice, connectDevice } from '../../local/devices/connectedDevice';
import type { DeviceAuthority } from '../../local/devices/deviceAuthority';
import type { ProvisioningEndpoint } from '../../local/devices/provisionDevice';
import type { TelemetryMessage } from '../../local/replay/message';

/** Real devices, each connected when it first has something to send. */
export class ConnectedWard {
  private readonly devices = new Map<string, Promise<ConnectedDevice>>();

  /** @param serverAuthority PEM of the authority behind the hub's and the service's certificates */
  constructor(
    private readonly authority: DeviceAuthority,
    private readonly provisioning: ProvisioningEndpoint,
    private readonly serverAuthority: string,
  ) {}

  /** Each device sends its messages in their order, all devices at once. Resolves when the hub has taken all. */
  async send(messages: readonly TelemetryMessage[]): Promise<void> {
    const ids = [...new Set(messages.map(({ deviceId }) => deviceId))];
    const devices = new Map(await Promise.all(ids.map(async (id) => [id, await this.device(id)] as const)));
    await Promise.all(messages.map((message) => devices.get(message.deviceId)?.send(message)));
  }

  async close(): Promise<void> {
    for (const device of this.devices.values()) await (await device).close();
  }

  private device(deviceId: string): Promise<ConnectedDevice> {
    const device = this.devices.get(deviceId) ?? this.connect(deviceId);
    this.devices.set(deviceId, device);
    return device;
  }

  private async connect(deviceId: string): Promise<ConnectedDevice> {
    const { provisioning, serverAuthority } = this;
    const credentials = await this.authority.credentials(deviceId);
    return connectDevice({ deviceId, credentials, serverAuthority, provisioning });
  }
}
