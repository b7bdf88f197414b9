import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as mqtt from 'mqtt';
import { DeviceAuthority } from '../local/devices/deviceAuthority';
import { provisionDevice } from '../local/devices/provisionDevice';
import { ProvisioningServices } from '../local/provisioning/provisioningServices';
import type { LinkedRegistries, ProvisionedDevice } from '../local/provisioning/registrar';
import { resourceGroupId, type TestContext, testContext } from './support/context';

const serviceId = `${resourceGroupId}/providers/Microsoft.Devices/provisioningServices/dps-test`;
const hubIds = ['iot-a', 'iot-b'].map((name) => `${resourceGroupId}/providers/Microsoft.Devices/IotHubs/${name}`);
const hubHosts = ['iot-a.test:1', 'iot-b.test:2'];

/** Identity registries of two linked hubs, which ask for the role as the hub itself does. */
class Registries implements LinkedRegistries {
  readonly created: { hub: string; deviceId: string; device: ProvisionedDevice }[] = [];
  constructor(private readonly context: TestContext) {}

  async createOrGet(...[hub, caller, deviceId, device]: Parameters<LinkedRegistries['createOrGet']>): Promise<void> {
    const hubId = hubIds[hubHosts.indexOf(hub)] ?? '';
    this.context.authority.require(caller, 'Microsoft.Devices/IotHubs/devices/write', hubId);
    this.created.push({ hub, deviceId, device });
  }
}

describe('Device Provisioning Service', () => {
  let context: TestContext;
  let registries: Registries;
  let service: ProvisioningServices;
  let ward: DeviceAuthority;
  let folder: string;
  let host: string;
  let idScope: string;
  let revokeHubRole: () => void;

  const linked = (names: readonly string[], allocationPolicy = 'Hashed') => ({
    location: 'westeurope',
    identity: { type: 'UserAssigned', userAssignedIdentities: { [context.authority.identityId('id-dps')]: {} } },
    properties: {
      allocationPolicy,
      iotHubs: names.map((hostName) => ({
        authenticationType: 'UserAssigned',
        hostName,
        location: 'westeurope',
        selectedUserAssignedIdentityResourceId: context.authority.identityId('id-dps'),
      })),
    },
  });

  const declare = async (inputs: object) => {
    const kind = 'deviceprovisioningservices:IotDpsResource';
    const resource = context.resources.put(kind, serviceId, { ...inputs });
    return (await service.provision(resource)).properties as Record<string, string>;
  };

  const declareCertificate = (name: string, certificate: string, isVerified = true) =>
    service.provision(
      context.resources.put('deviceprovisioningservices:DpsCertificate', `${serviceId}/certificates/${name}`, {
        properties: { certificate, isVerified },
      }),
    );

  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const token = context.authority.token(
      context.authority.principal('operator'),
      'https://azure-devices-provisioning.net',
    );
    const [, port] = host.split(':');
    return new Promise<{ status: number; body: Record<string, never> }>((resolve, reject) => {
      const options = { port, method, path: `${path}?api-version=2021-10-01`, ca: context.certificates.authority };
      const sent = request({ ...options, headers: { authorization: `Bearer ${token}`, ...headers } }, (response) => {
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
  };

  const putGroup = (id: string, extra: object = {}) =>
    call('PUT', `/enrollmentGroups/${id}`, {
      enrollmentGroupId: id,
      attestation: { type: 'x509', x509: { caReferences: { primary: 'ward' } } },
      ...extra,
    });

  const register = async (deviceId: string, authority = ward) =>
    provisionDevice({ host, idScope }, deviceId, await authority.credentials(deviceId), context.certificates.authority);

  beforeEach(async () => {
    context = await testContext();
    folder = mkdtempSync(join(tmpdir(), 'iomt-devices-'));
    registries = new Registries(context);
    service = new ProvisioningServices(context, registries);
    const { authority } = context;
    const revocations = hubIds.map((id) =>
      authority.grant(authority.principal('id-dps'), 'Microsoft.Devices/IotHubs/*', id),
    );
    revokeHubRole = () => {
      for (const revoke of revocations) revoke();
    };
    authority.grant(authority.principal('operator'), 'Microsoft.Devices/provisioningServices/*', serviceId);
    ward = await DeviceAuthority.open(join(folder, 'ward'));
    ({ deviceProvisioningHostName: host = '', idScope = '' } = await declare(linked(hubHosts)));
    await declareCertificate('ward', ward.certificate);
  });

  afterEach(async () => {
    await service.close();
    context.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a device of a known authority is registered in a linked hub, and again in the same one', async () => {
    const twin = { tags: { ward: 'icu' }, properties: { desired: { sampleSeconds: 1 } } };
    expect((await putGroup('ward-devices', { initialTwin: twin, capabilities: { iotEdge: false } })).status).toBe(200);
    const first = await register('monitor-01');
    const again = await register('monitor-01');
    expect(first.deviceId).toBe('monitor-01');
    expect(hubHosts).toContain(first.hubHost);
    expect(again).toEqual(first);
    expect(registries.created[0]).toEqual({
      hub: first.hubHost,
      deviceId: 'monitor-01',
      device: { authentication: { type: 'certificateAuthority' }, iotEdge: false, initialTwin: twin },
    });
    expect(idScope).toMatch(/^0ne[0-9A-F]{8}$/);
  });

  test('assignments, groups and the id scope survive a restart, and a hub that joins moves no device', async () => {
    await declare(linked([hubHosts[0] ?? '']));
    await putGroup('ward-devices');
    const before = await register('monitor-01');
    await service.close();
    service = new ProvisioningServices(context, registries);
    const outputs = await declare(linked(hubHosts));
    expect({ host: outputs.deviceProvisioningHostName, idScope: outputs.idScope }).toEqual({ host, idScope });
    expect(await register('monitor-01')).toEqual(before);
  });

  test('devices spread over the linked hubs by weight of their hash, unless the policy is static', async () => {
    await putGroup('ward-devices');
    const names = Array.from({ length: 12 }, (_, index) => `monitor-${index}`);
    const hubs = await Promise.all(names.map(async (name) => (await register(name)).hubHost));
    expect(new Set(hubs)).toEqual(new Set(hubHosts));
    await putGroup('ward-devices', { allocationPolicy: 'static', iotHubs: [hubHosts[1]] });
    const fixed = await Promise.all(['m-1', 'm-2', 'm-3', 'm-4', 'm-5'].map((name) => register(name)));
    expect(new Set(fixed.map(({ hubHost }) => hubHost))).toEqual(new Set([hubHosts[1]]));
  });

  test('a device of an unknown authority, or with the certificate of another device, is refused', async () => {
    await putGroup('ward-devices');
    const stranger = await DeviceAuthority.open(join(folder, 'stranger'));
    await expect(register('monitor-01', stranger)).rejects.toMatchObject({ status: '401', errorCode: 401002 });
    const credentials = await ward.credentials('monitor-02');
    const impostor = provisionDevice({ host, idScope }, 'monitor-01', credentials, context.certificates.authority);
    await expect(impostor).rejects.toThrow(/certificate is that of "monitor-02"/);
    expect(registries.created).toEqual([]);
  });

  test('devices of a disabled or deleted group are refused', async () => {
    await putGroup('ward-devices', { provisioningStatus: 'disabled' });
    await expect(register('monitor-01')).rejects.toThrow(/disabled/);
    await call('DELETE', '/enrollmentGroups/ward-devices');
    await expect(register('monitor-01')).rejects.toMatchObject({ errorCode: 401002 });
    expect(registries.created).toEqual([]);
  });

  test('without its role on the hub the registration fails with an authorization error', async () => {
    await putGroup('ward-devices');
    revokeHubRole();
    await expect(register('monitor-01')).rejects.toMatchObject({
      status: 'failed',
      errorCode: 403_000,
      message: expect.stringContaining('id-dps may not Microsoft.Devices/IotHubs/devices/write'),
    });
  });

  test('a symmetric-key group makes its own keys, shows them to nobody without asking, and takes derived keys', async () => {
    await putGroup('pumps', { attestation: { type: 'symmetricKey' } });
    const shown = await call('GET', '/enrollmentGroups/pumps');
    expect(JSON.stringify(shown.body)).not.toContain('primaryKey');
    const mechanism = await call('POST', '/enrollmentGroups/pumps/attestationmechanism');
    const { primaryKey } = (mechanism.body as { symmetricKey: { primaryKey: string } }).symmetricKey;
    const hmac = (key: string, text: string) =>
      createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
    const registerWith = async (deviceKey: string) => {
      const resource = encodeURIComponent(`${idScope}/registrations/pump-1`);
      const expiry = Math.floor(Date.now() / 1000) + 600;
      const signature = encodeURIComponent(hmac(deviceKey, `${resource}\n${expiry}`));
      return registerOverMqtt(
        'pump-1',
        `SharedAccessSignature sr=${resource}&sig=${signature}&se=${expiry}&skn=registration`,
      );
    };
    const deviceKey = hmac(primaryKey, 'pump-1');
    expect(await registerWith(deviceKey)).toMatchObject({
      status: 'assigned',
      registrationState: { deviceId: 'pump-1' },
    });
    expect(registries.created[0]?.device.authentication).toMatchObject({ type: 'sas', primaryKey: deviceKey });
    expect(await registerWith(hmac(primaryKey, 'pump-2'))).toMatchObject({ errorCode: 401002 });
  });

  /** A plain mqtt.js client that does by hand what a device SDK does. */
  async function registerOverMqtt(registrationId: string, password: string): Promise<Record<string, unknown>> {
    const client = await mqtt.connectAsync(`mqtts://${host}`, {
      ca: context.certificates.authority,
      clientId: registrationId,
      username: `${idScope}/registrations/${registrationId}/api-version=2019-03-31`,
      password,
    });
    await client.subscribeAsync('$dps/registrations/res/#');
    const ask = (topic: string): Promise<{ status: number; body: Record<string, unknown> }> =>
      new Promise((resolve) => {
        client.once('message', (answered, payload) =>
          resolve({ status: Number(answered.split('/')[3]), body: JSON.parse(payload.toString()) }),
        );
        client.publish(`$dps/registrations/${topic}`, '{}', { qos: 1 });
      });
    let answer = await ask('PUT/iotdps-register/?$rid=1');
    for (let rid = 2; answer.status === 202; rid++) {
      answer = await ask(`GET/iotdps-get-operationstatus/?$rid=${rid}&operationId=${answer.body.operationId}`);
    }
    await client.endAsync();
    return answer.body;
  }

  test('an administrator needs the role, the current ETag, and a certificate that the service has verified', async () => {
    const { body } = await putGroup('ward-devices');
    expect((await putGroup('ward-devices', {})).status).toBe(200);
    const group = { attestation: { type: 'x509', x509: { caReferences: { primary: 'ward' } } } };
    const stale = await call('PUT', '/enrollmentGroups/ward-devices', group, { 'if-match': String(body.etag) });
    expect(stale.status).toBe(412);
    const foreign = { attestation: { type: 'x509', x509: { caReferences: { primary: 'nowhere' } } } };
    expect(await call('PUT', '/enrollmentGroups/other', foreign)).toMatchObject({ status: 400 });
    const wrong = await call('PUT', '/enrollmentGroups/other', { ...group, provisioningStatus: 'off', speed: 1 });
    expect(wrong.body).toMatchObject({
      message: expect.stringMatching(/provisioningStatus is "off".*enabled, disabled/),
    });
    expect(wrong.body).toMatchObject({ message: expect.stringContaining('"speed"') });
    context.authority.grant(
      context.authority.principal('reader'),
      'Microsoft.Devices/provisioningServices/enrollmentGroups/read',
      serviceId,
    );
    const reader = context.authority.token(
      context.authority.principal('reader'),
      'https://azure-devices-provisioning.net',
    );
    const asReader = { authorization: `Bearer ${reader}` };
    expect((await call('GET', '/enrollmentGroups/ward-devices', undefined, asReader)).status).toBe(200);
    expect((await call('DELETE', '/enrollmentGroups/ward-devices', undefined, asReader)).status).toBe(403);
    const elsewhere = context.authority.token(context.authority.principal('operator'), 'https://iothubs.azure.net');
    expect(
      (await call('GET', '/enrollmentGroups/ward-devices', undefined, { authorization: `Bearer ${elsewhere}` })).status,
    ).toBe(401);
  });

  test('links by key and certificates that are no authority are refused when they are declared', async () => {
    const byKey = linked(hubHosts);
    const link = { connectionString: 'HostName=x;SharedAccessKeyName=y;SharedAccessKey=z', location: 'westeurope' };
    await expect(declare({ ...byKey, properties: { iotHubs: [link] } })).rejects.toThrow(
      /authenticationType "UserAssigned"/,
    );
    const device = await ward.credentials('monitor-01');
    await expect(declareCertificate('device', device.cert)).rejects.toThrow(/not that of an authority/);
  });

  test('private keys of devices are readable by their owner only', async () => {
    await ward.credentials('monitor-01');
    expect(statSync(join(folder, 'ward', 'authority-key.pem')).mode & 0o777).toBe(0o600);
    const again = await DeviceAuthority.open(join(folder, 'ward'));
    expect(await again.credentials('monitor-01')).toEqual(await ward.credentials('monitor-01'));
  });
});
