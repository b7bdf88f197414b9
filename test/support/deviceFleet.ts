import { request } from 'node:https';
import { join } from 'node:path';
import { AzureError, type BlobWriter, type EventHubSender, type Properties } from '../../local/contracts';
import { DeviceAuthority } from '../../local/devices/deviceAuthority';
import { IotHubs } from '../../local/iotHub/iotHubs';
import { ProvisioningServices } from '../../local/provisioning/provisioningServices';
import { resourceGroupId, type TestContext } from './context';

export const serviceId = `${resourceGroupId}/providers/Microsoft.Devices/provisioningServices/dps-test`;
export const hubIds = ['iot-a', 'iot-b'].map(
  (name) => `${resourceGroupId}/providers/Microsoft.Devices/IotHubs/${name}`,
);

const nowhere = async () => {
  throw new AzureError(404, 'NotFound', 'These hubs route to their built-in endpoint only.');
};
const noTargets = {
  eventHubs: { send: nowhere } satisfies EventHubSender,
  blobs: { write: nowhere } satisfies BlobWriter,
};

export interface HttpAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Two hubs, a provisioning service linked to both by the identity `id-dps`, and the authority of a ward's devices. */
export class DeviceFleet {
  hubHosts: string[] = [];
  /** Of the provisioning service. */
  host = '';
  idScope = '';

  private constructor(
    readonly context: TestContext,
    readonly hubs: IotHubs,
    public service: ProvisioningServices,
    readonly ward: DeviceAuthority,
    /** Takes the roles of `id-dps` on the hubs away. */
    readonly revokeHubRoles: () => void,
  ) {}

  static async start(context: TestContext): Promise<DeviceFleet> {
    const { authority } = context;
    const hubs = new IotHubs(context, noTargets);
    const linkIdentity = authority.principal('id-dps');
    const revocations = hubIds.map((id) => authority.grant(linkIdentity, 'Microsoft.Devices/IotHubs/*', id));
    for (const id of [...hubIds, serviceId])
      authority.grant(authority.principal('operator'), 'Microsoft.Devices/*', id);
    const ward = await DeviceAuthority.open(join(context.folder, 'ward'));
    const service = new ProvisioningServices(context, hubs);
    const fleet = new DeviceFleet(context, hubs, service, ward, () => {
      for (const revoke of revocations) revoke();
    });
    for (const id of hubIds) fleet.hubHosts.push(await fleet.declareHub(id));
    const linked = await fleet.declareService(fleet.serviceInputs(fleet.hubHosts));
    fleet.host = linked.deviceProvisioningHostName ?? '';
    fleet.idScope = linked.idScope ?? '';
    await fleet.declareCertificate('ward', ward.certificate);
    return fleet;
  }

  async close(): Promise<void> {
    await this.service.close();
    await this.hubs.close();
    this.context.close();
  }

  async restartService(): Promise<void> {
    await this.service.close();
    this.service = new ProvisioningServices(this.context, this.hubs);
  }

  private async declareHub(id: string): Promise<string> {
    const inputs = { sku: { name: 'S1', capacity: 1 }, properties: { disableDeviceSAS: true } };
    const resource = this.context.resources.put('iothub:IotHubResource', id, inputs);
    const { properties } = await this.hubs.provision(resource);
    const certificate = { properties: { certificate: this.ward.certificate, isVerified: true } };
    await this.hubs.provision(this.context.resources.put('iothub:Certificate', `${id}/certificates/ward`, certificate));
    return (properties as { hostName: string }).hostName;
  }

  serviceInputs(hubHosts: readonly string[]): Properties {
    const identity = this.context.authority.identityId('id-dps');
    const link = {
      authenticationType: 'UserAssigned',
      location: 'westeurope',
      selectedUserAssignedIdentityResourceId: identity,
    };
    return {
      location: 'westeurope',
      identity: { type: 'UserAssigned', userAssignedIdentities: { [identity]: {} } },
      properties: { allocationPolicy: 'Hashed', iotHubs: hubHosts.map((hostName) => ({ ...link, hostName })) },
    };
  }

  async declareService(inputs: Properties): Promise<Record<string, string>> {
    const kind = 'deviceprovisioningservices:IotDpsResource';
    const outputs = await this.service.provision(this.context.resources.put(kind, serviceId, inputs));
    return outputs.properties as Record<string, string>;
  }

  async declareCertificate(name: string, certificate: string): Promise<void> {
    const kind = 'deviceprovisioningservices:DpsCertificate';
    const inputs = { properties: { certificate, isVerified: true } };
    await this.service.provision(this.context.resources.put(kind, `${serviceId}/certificates/${name}`, inputs));
  }

  /** Calls the provisioning service as `operator`. */
  dps(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return this.call(this.host, 'https://azure-devices-provisioning.net', method, path, body, headers);
  }

  /** Calls a hub as `operator`. */
  hub(hubHost: string, method: string, path: string, body?: unknown, headers = {}): Promise<HttpAnswer> {
    return this.call(hubHost, 'https://iothubs.azure.net', method, path, body, headers);
  }

  /** An enrollment group for the devices of the ward's authority. */
  putGroup(id: string, extra: object = {}): Promise<HttpAnswer> {
    const attestation = { type: 'x509', x509: { caReferences: { primary: 'ward' } } };
    return this.dps('PUT', `/enrollmentGroups/${id}`, { enrollmentGroupId: id, attestation, ...extra });
  }

  /** What the hubs have accepted from devices: device and message id, in order for each device. */
  accepted(): { deviceId: string; messageId: string | undefined; body: string; properties: Record<string, unknown> }[] {
    return hubIds.flatMap((id) =>
      [...this.hubs.accepted(id)]
        .filter(({ source }) => source === 'DeviceMessages')
        .map(({ deviceId, messageId, body, properties }) => ({
          deviceId,
          messageId,
          body: body.toString(),
          properties,
        })),
    );
  }

  private call(
    host: string,
    audience: string,
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<HttpAnswer> {
    const { authority, certificates } = this.context;
    const authorization = `Bearer ${authority.token(authority.principal('operator'), audience)}`;
    const options = {
      port: host.split(':')[1],
      method,
      path: `${path}?api-version=2021-04-12`,
      ca: certificates.authority,
    };
    return new Promise((resolve, reject) => {
      const sent = request({ ...options, headers: { authorization, ...headers } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, body: text === '' ? {} : JSON.parse(text) });
        });
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** Polls until the condition holds. @throws after so many seconds, with what was waited for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, seconds = 90): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited ${seconds} s in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
