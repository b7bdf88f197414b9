import { setTimeout as wait } from 'node:timers/promises';
import type { LocalCloud } from './cloud';
import type { Log } from './contracts';
import { DeviceAuthority } from './devices/deviceAuthority';
import { followDeployments } from './edgeGateway/followDeployments';
import { EdgeGatewayProcess } from './edgeGateway/gatewayProcess';
import { deployer } from './identity/principals';
import { iotHubAudience } from './iotHub/serviceApi';
import { authorityFolders, type LocalStack } from './localStack';

/** The gateway of the ward, running. */
export interface Gateway {
  /** `localhost:PORT`, for the devices behind it. */
  readonly host: string;
  cutUplink(isCut: boolean): void;
  close(): Promise<void>;
}

const gatewayId = 'gateway-01';
const apiVersion = '2021-04-12';
const registrationMs = 60_000;

/**
 * Starts the gateway that stands in for IoT Edge and does what a hospital's device team does once: makes the devices its
 * children in the hub's registry, so that it may send in their name.
 */
export async function startGateway(
  cloud: LocalCloud,
  stack: LocalStack,
  deviceIds: readonly string[],
  log: Log,
): Promise<Gateway> {
  const port = await cloud.ports.get('gateway');
  const gateways = await DeviceAuthority.open(cloud.state.folder(authorityFolders.gateways));
  const devices = await DeviceAuthority.open(cloud.state.folder(authorityFolders.devices));
  const gateway = await EdgeGatewayProcess.start(
    {
      deviceId: gatewayId,
      credentials: await gateways.credentials(gatewayId),
      folder: cloud.state.folder('gateway'),
      port,
      server: cloud.certificates.server,
      deviceAuthorities: [devices.certificate],
      serverAuthority: cloud.certificates.authority,
      provisioning: { host: stack.provisioningHost, idScope: stack.provisioningIdScope },
    },
    log,
  );
  const stopFollowing = followDeployments(gateway, cloud.iotHubs, () => [stack.iotHubId], gatewayId, log);
  await adopt(new RegistryClient(cloud, stack.iotHubHost), deviceIds);
  return {
    host: `localhost:${port}`,
    cutUplink: (isCut) => {
      gateway.cutUplink(isCut);
      cloud.steps.hold('2', isCut ? "the gateway's uplink is cut" : undefined);
    },
    close: async () => {
      stopFollowing();
      await gateway.close();
    },
  };
}

async function adopt(registry: RegistryClient, deviceIds: readonly string[]): Promise<void> {
  const deadline = Date.now() + registrationMs;
  let scope = (await registry.find(gatewayId))?.deviceScope;
  while (scope === undefined) {
    if (Date.now() > deadline) throw new Error(`The gateway ${gatewayId} did not register with the IoT hub.`);
    await wait(200);
    scope = (await registry.find(gatewayId))?.deviceScope;
  }
  for (const deviceId of deviceIds) await registry.put(deviceId, scope);
}

/** The hub's device registry as the device team reaches it: the REST API, with a token of whoever deploys. */
class RegistryClient {
  constructor(
    private readonly cloud: LocalCloud,
    private readonly host: string,
  ) {}

  async find(deviceId: string): Promise<{ deviceScope?: string } | undefined> {
    const answer = await this.request('GET', deviceId);
    return answer.status === 404 ? undefined : ((await answer.json()) as { deviceScope?: string });
  }

  async put(deviceId: string, deviceScope: string): Promise<void> {
    const exists = (await this.find(deviceId)) !== undefined;
    const device = { deviceId, deviceScope, authentication: { type: 'certificateAuthority' } };
    const answer = await this.request('PUT', deviceId, device, exists ? { 'if-match': '*' } : {});
    if (!answer.ok) throw new Error(`Device ${deviceId} could not be put behind ${gatewayId}: ${await answer.text()}`);
  }

  private async request(method: string, deviceId: string, body?: unknown, headers: Record<string, string> = {}) {
    const { token } = await this.cloud.authority.token(deployer, iotHubAudience);
    return fetch(`https://${this.host}/devices/${encodeURIComponent(deviceId)}?api-version=${apiVersion}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }
}
