import { createHmac } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import * as mqtt from 'mqtt';
import { type ConnectedDevice, connectDevice } from '../local/devices/connectedDevice';
import { DeviceAuthority } from '../local/devices/deviceAuthority';
import { provisionDevice } from '../local/devices/provisionDevice';
import { type DeploymentContent, readEdgeHubSettings } from '../local/edgeGateway/deployment';
import { EdgeGateway } from '../local/edgeGateway/edgeGateway';
import { followDeployments } from '../local/edgeGateway/followDeployments';
import { EdgeGatewayProcess } from '../local/edgeGateway/gatewayProcess';
import { EndpointBroker } from '../local/mqtt/endpointBroker';
import { SharedTlsListener } from '../local/mqtt/sharedTlsListener';
import { testContext } from './support/context';
import { DeviceFleet, hubIds, serviceId, until } from './support/deviceFleet';

let fleet: DeviceFleet;

beforeEach(async () => {
  fleet = await DeviceFleet.start(await testContext());
});

afterEach(() => fleet.close());

describe('Device Provisioning Service', () => {
  const register = async (deviceId: string, authority = fleet.ward) => {
    const { host, idScope, context } = fleet;
    return provisionDevice(
      { host, idScope },
      deviceId,
      await authority.credentials(deviceId),
      context.certificates.authority,
    );
  };

  test('a device of a known authority is registered in a linked hub, and again in the same one', async () => {
    const initialTwin = { tags: { ward: 'icu' }, properties: { desired: { sampleSeconds: 1 } } };
    expect((await fleet.putGroup('ward-devices', { initialTwin })).status).toBe(200);
    const first = await register('monitor-01');
    expect(first.deviceId).toBe('monitor-01');
    expect(fleet.hubHosts).toContain(first.hubHost);
    const made = await fleet.hub(first.hubHost, 'GET', '/twins/monitor-01');
    expect(made.body).toMatchObject({
      authenticationType: 'certificateAuthority',
      capabilities: { iotEdge: false },
      tags: { ward: 'icu' },
      properties: { desired: { sampleSeconds: 1 } },
    });
    expect(await register('monitor-01')).toEqual(first);
    expect((await fleet.hub(first.hubHost, 'GET', '/twins/monitor-01')).body).toEqual(made.body);
  });

  test('assignments, groups and the id scope survive a restart, and a hub that joins moves no device', async () => {
    await fleet.declareService(fleet.serviceInputs(fleet.hubHosts.slice(0, 1)));
    await fleet.putGroup('ward-devices');
    const names = ['monitor-01', 'monitor-02', 'monitor-03', 'monitor-04'];
    const before = await Promise.all(names.map((name) => register(name)));
    await fleet.restartService();
    const outputs = await fleet.declareService(fleet.serviceInputs(fleet.hubHosts));
    expect([outputs.deviceProvisioningHostName, outputs.idScope]).toEqual([fleet.host, fleet.idScope]);
    expect(outputs.idScope).toMatch(/^0ne[0-9A-F]{8}$/);
    expect(await Promise.all(names.map((name) => register(name)))).toEqual(before);
  });

  test('devices spread over the linked hubs, unless the policy is static', async () => {
    await fleet.putGroup('ward-devices');
    const names = Array.from({ length: 12 }, (_, index) => `monitor-${index}`);
    const spread = await Promise.all(names.map((name) => register(name)));
    expect(new Set(spread.map(({ hubHost }) => hubHost))).toEqual(new Set(fleet.hubHosts));
    await fleet.putGroup('ward-devices', { allocationPolicy: 'static', iotHubs: [fleet.hubHosts[1]] });
    const fixed = await Promise.all(['m-1', 'm-2', 'm-3', 'm-4', 'm-5'].map((name) => register(name)));
    expect(new Set(fixed.map(({ hubHost }) => hubHost))).toEqual(new Set([fleet.hubHosts[1]]));
  });

  test('a device of an unknown authority, or with the certificate of another device, is refused', async () => {
    await fleet.putGroup('ward-devices');
    const stranger = await DeviceAuthority.open(join(fleet.context.folder, 'stranger'));
    await expect(register('monitor-01', stranger)).rejects.toMatchObject({ status: '401', errorCode: 401002 });
    const { host, idScope, ward, context } = fleet;
    const other = await ward.credentials('monitor-02');
    const impostor = provisionDevice({ host, idScope }, 'monitor-01', other, context.certificates.authority);
    await expect(impostor).rejects.toThrow(/certificate is that of "monitor-02"/);
    for (const hubHost of fleet.hubHosts) {
      expect((await fleet.hub(hubHost, 'GET', '/devices/monitor-01')).status).toBe(404);
    }
  });

  test('devices of a disabled or deleted group are refused', async () => {
    await fleet.putGroup('ward-devices', { provisioningStatus: 'disabled' });
    await expect(register('monitor-01')).rejects.toMatchObject({ status: 'disabled' });
    await fleet.dps('DELETE', '/enrollmentGroups/ward-devices');
    await expect(register('monitor-01')).rejects.toMatchObject({ errorCode: 401002 });
  });

  test('without its role on the hub the registration fails with an authorization error', async () => {
    await fleet.putGroup('ward-devices');
    fleet.revokeHubRoles();
    await expect(register('monitor-01')).rejects.toMatchObject({
      status: 'failed',
      errorCode: 403_000,
      message: expect.stringMatching(/id-dps may not Microsoft.Devices\/IotHubs\/devices/),
    });
  });

  test('a symmetric-key group makes its own keys, shows them only to who asks for them, and takes derived keys', async () => {
    await fleet.putGroup('pumps', { attestation: { type: 'symmetricKey' } });
    expect(JSON.stringify((await fleet.dps('GET', '/enrollmentGroups/pumps')).body)).not.toContain('primaryKey');
    const mechanism = await fleet.dps('POST', '/enrollmentGroups/pumps/attestationmechanism');
    const { primaryKey } = mechanism.body.symmetricKey as { primaryKey: string };
    const deviceKey = sign(primaryKey, 'pump-1');
    const assigned = (await registerByKey('pump-1', deviceKey)) as { registrationState: { assignedHub: string } };
    const made = await fleet.hub(assigned.registrationState.assignedHub, 'GET', '/devices/pump-1');
    expect(made.body).toMatchObject({ authentication: { type: 'sas', symmetricKey: { primaryKey: deviceKey } } });
    expect(await registerByKey('pump-1', sign(primaryKey, 'pump-2'))).toMatchObject({ errorCode: 401002 });
  });

  test('an administrator needs the role, the current ETag, and a certificate that the service has verified', async () => {
    const { authority } = fleet.context;
    const { body } = await fleet.putGroup('ward-devices');
    expect((await fleet.putGroup('Ward-Devices')).body).toMatchObject({ enrollmentGroupId: 'ward-devices' });
    const group = { attestation: { type: 'x509', x509: { caReferences: { primary: 'ward' } } } };
    const etag = { 'if-match': String(body.etag) };
    expect((await fleet.dps('PUT', '/enrollmentGroups/ward-devices', group, etag)).status).toBe(412);
    const foreign = { attestation: { type: 'x509', x509: { caReferences: { primary: 'nowhere' } } } };
    expect((await fleet.dps('PUT', '/enrollmentGroups/other', foreign)).status).toBe(400);
    const wrong = await fleet.dps('PUT', '/enrollmentGroups/other', { ...group, provisioningStatus: 'off', speed: 1 });
    expect(wrong.body.message).toMatch(/"speed" is not.*provisioningStatus is "off", allowed here: enabled, disabled/);
    const reader = authority.principal('reader');
    authority.grant(reader, 'Microsoft.Devices/provisioningServices/enrollmentGroups/read', serviceId);
    const bearer = (audience: string) => ({ authorization: `Bearer ${authority.token(reader, audience)}` });
    const asReader = bearer('https://azure-devices-provisioning.net');
    expect((await fleet.dps('GET', '/enrollmentGroups/ward-devices', undefined, asReader)).status).toBe(200);
    expect((await fleet.dps('DELETE', '/enrollmentGroups/ward-devices', undefined, asReader)).status).toBe(403);
    const elsewhere = bearer('https://iothubs.azure.net');
    expect((await fleet.dps('GET', '/enrollmentGroups/ward-devices', undefined, elsewhere)).status).toBe(401);
  });

  test('links by key and certificates that are no authority are refused when they are declared', async () => {
    const link = { connectionString: 'HostName=x;SharedAccessKeyName=y;SharedAccessKey=z', location: 'westeurope' };
    const byKey = fleet.declareService({ ...fleet.serviceInputs([]), properties: { iotHubs: [link] } });
    await expect(byKey).rejects.toThrow(/authenticationType "UserAssigned"/);
    const device = await fleet.ward.credentials('monitor-01');
    await expect(fleet.declareCertificate('device', device.cert)).rejects.toThrow(/not that of an authority/);
  });

  const sign = (key: string, text: string) =>
    createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');

  /** A plain mqtt.js client that does by hand what a device SDK does. */
  async function registerByKey(registrationId: string, deviceKey: string): Promise<Record<string, unknown>> {
    const resource = encodeURIComponent(`${fleet.idScope}/registrations/${registrationId}`);
    const expiry = Math.floor(Date.now() / 1000) + 600;
    const signature = encodeURIComponent(sign(deviceKey, `${resource}\n${expiry}`));
    const client = await mqtt.connectAsync(`mqtts://${fleet.host}`, {
      ca: fleet.context.certificates.authority,
      clientId: registrationId,
      username: `${fleet.idScope}/registrations/${registrationId}/api-version=2019-03-31`,
      password: `SharedAccessSignature sr=${resource}&sig=${signature}&se=${expiry}&skn=registration`,
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
});

/** Message ids of each device in the order of the hubs, without what follows a message's first arrival. */
function firstArrivals(deviceId: string): (string | undefined)[] {
  const ids = fleet.accepted().flatMap((message) => (message.deviceId === deviceId ? [message.messageId] : []));
  return [...new Set(ids)];
}

const numbered = (deviceId: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${deviceId}-${index}`);

function sendNumbered(device: ConnectedDevice, from: number, to: number): Promise<void>[] {
  return numbered(device.deviceId, to)
    .slice(from)
    .map((messageId, index) => {
      const body = Buffer.from(JSON.stringify({ n: from + index }));
      return device.send({ body, messageId, creationTime: Date.UTC(2026, 0, 5, 0, 0, from + index) });
    });
}

describe('devices', () => {
  test('a device finds its hub, sends, and goes on in order when its connection is taken away', async () => {
    await fleet.putGroup('ward-devices');
    const { host, idScope, context } = fleet;
    const device = await connectDevice({
      deviceId: 'monitor-01',
      credentials: await fleet.ward.credentials('monitor-01'),
      serverAuthority: context.certificates.authority,
      provisioning: { host, idScope },
    });
    await device.send({
      body: Buffer.from('{"hr":80}'),
      messageId: 'm-1',
      creationTime: Date.UTC(2026, 0, 5),
      properties: { ward: 'ICU 1' },
    });
    expect(fleet.accepted()).toEqual([
      {
        deviceId: 'monitor-01',
        messageId: 'm-1',
        body: '{"hr":80}',
        properties: { ward: 'ICU 1', 'iothub-creation-time-utc': '2026-01-05T00:00:00.000Z' },
      },
    ]);
    const kicked = await takeOver('monitor-01', device.hubHost);
    await Promise.all(sendNumbered(device, 0, 100));
    expect(firstArrivals('monitor-01')).toEqual(['m-1', ...numbered('monitor-01', 100)]);
    await kicked.endAsync(true);
    await device.close();
    await expect(device.send({ body: Buffer.from('{}'), messageId: 'late', creationTime: 0 })).rejects.toThrow(
      /is closed/,
    );
  });

  /** Another client of the same device: the hub ends the older connection, as IoT Hub does. */
  async function takeOver(deviceId: string, hubHost: string): Promise<mqtt.MqttClient> {
    return mqtt.connectAsync(`mqtts://${hubHost}`, {
      ...(await fleet.ward.credentials(deviceId)),
      ca: fleet.context.certificates.authority,
      clientId: deviceId,
      username: `${hubHost}/${deviceId}/?api-version=2021-04-12`,
      reconnectPeriod: 0,
    });
  }

  test('a device that the hub does not know is refused, not tried for ever', async () => {
    const stranger = connectDevice({
      deviceId: 'nobody',
      credentials: await fleet.ward.credentials('nobody'),
      serverAuthority: fleet.context.certificates.authority,
      hubHost: fleet.hubHosts[0],
    });
    await expect(stranger).rejects.toThrow(/Not authorized/);
  });

  test('private keys are readable by their owner only, and stay the same', async () => {
    const first = await fleet.ward.credentials('monitor-01');
    const folder = join(fleet.context.folder, 'ward');
    expect(statSync(join(folder, 'authority-key.pem')).mode & 0o777).toBe(0o600);
    const again = await DeviceAuthority.open(folder);
    expect(await again.credentials('monitor-01')).toEqual(first);
  });
});

const upstream: DeploymentContent = {
  modulesContent: {
    $edgeHub: {
      'properties.desired': {
        schemaVersion: '1.1',
        routes: { upstream: 'FROM /messages/* INTO $upstream' },
        storeAndForwardConfiguration: { timeToLiveSecs: 7200 },
      },
    },
  },
};

describe('Edge gateway', () => {
  let gateway: EdgeGatewayProcess;
  let gatewayAuthority: DeviceAuthority;
  let port: number;
  const open: ConnectedDevice[] = [];

  beforeEach(async () => {
    gatewayAuthority = await DeviceAuthority.open(join(fleet.context.folder, 'gateways'));
    await fleet.declareCertificate('gateways', gatewayAuthority.certificate);
    for (const id of hubIds) {
      const inputs = { properties: { certificate: gatewayAuthority.certificate, isVerified: true } };
      await fleet.hubs.provision(
        fleet.context.resources.put('iothub:Certificate', `${id}/certificates/gateways`, inputs),
      );
    }
    const attestation = { type: 'x509', x509: { caReferences: { primary: 'gateways' } } };
    await fleet.putGroup('gateways', { attestation, capabilities: { iotEdge: true } });
    port = await fleet.context.ports.get('gateway');
    gateway = await startGateway();
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((device) => device.close()));
    await gateway.close();
  });

  const startGateway = async () =>
    EdgeGatewayProcess.start(
      {
        deviceId: 'gateway-01',
        credentials: await gatewayAuthority.credentials('gateway-01'),
        folder: join(fleet.context.folder, 'gateway'),
        port,
        server: fleet.context.certificates.server,
        deviceAuthorities: [fleet.ward.certificate],
        serverAuthority: fleet.context.certificates.authority,
        provisioning: { host: fleet.host, idScope: fleet.idScope },
      },
      fleet.context.log,
    );

  /** Waits until the gateway has its hub, and makes devices its children there. */
  const adopt = async (...deviceIds: string[]) => {
    await until('the gateway is connected', async () => (await gateway.status()).uplink === 'connected');
    await gateway.applyDeployment(upstream);
    const twins = await Promise.all(fleet.hubHosts.map((host) => fleet.hub(host, 'GET', '/devices/gateway-01')));
    const hubHost = fleet.hubHosts[twins.findIndex(({ status }) => status === 200)] ?? '';
    const { deviceScope } = twins.find(({ status }) => status === 200)?.body ?? {};
    for (const deviceId of deviceIds) {
      const device = { deviceId, authentication: { type: 'certificateAuthority' }, deviceScope };
      expect((await fleet.hub(hubHost, 'PUT', `/devices/${deviceId}`, device)).status).toBe(200);
    }
    return hubHost;
  };

  const connectLeaf = async (deviceId: string, hubHost: string, authority = fleet.ward) => {
    const device = await connectDevice({
      deviceId,
      credentials: await authority.credentials(deviceId),
      serverAuthority: fleet.context.certificates.authority,
      hubHost,
      gatewayHost: `localhost:${port}`,
    });
    open.push(device);
    return device;
  };

  const emptied = () => until('the gateway has sent all', async () => (await gateway.status()).waiting === 0);

  test('messages of leaf devices reach the hub unchanged, in the name of the leaf device', async () => {
    const hubHost = await adopt('monitor-01');
    const leaf = await connectLeaf('monitor-01', hubHost);
    await leaf.send({
      body: Buffer.from('{"hr":80}'),
      messageId: 'm-1',
      creationTime: Date.UTC(2026, 0, 5),
      properties: { bed: '4&5' },
    });
    await emptied();
    expect(fleet.accepted()).toEqual([
      {
        deviceId: 'monitor-01',
        messageId: 'm-1',
        body: '{"hr":80}',
        properties: { bed: '4&5', 'iothub-creation-time-utc': '2026-01-05T00:00:00.000Z' },
      },
    ]);
    expect(
      fleet.hubs
        .stats()
        .map(({ viaGateway }) => viaGateway)
        .sort(),
    ).toEqual([0, 1]);
  });

  test('with its uplink cut and its process killed, nothing that it acknowledged is lost and the order stays', async () => {
    const hubHost = await adopt('monitor-01', 'monitor-02');
    const leaves = await Promise.all(['monitor-01', 'monitor-02'].map((id) => connectLeaf(id, hubHost)));
    const send = (from: number, to: number) => Promise.all(leaves.flatMap((leaf) => sendNumbered(leaf, from, to)));
    await send(0, 50);
    gateway.cutUplink(true);
    await until('the uplink is cut', async () => (await gateway.status()).uplink === 'cut');
    await send(50, 400);
    expect((await gateway.status()).waiting).toBeGreaterThanOrEqual(700);
    await gateway.kill();
    // The devices do not know: what they send now waits in them until the gateway is back.
    const waiting = send(400, 600);
    gateway = await startGateway();
    await waiting;
    await until('some of it is on its way', async () => fleet.accepted().length > 300);
    await gateway.kill();
    gateway = await startGateway();
    await emptied();
    for (const { deviceId } of leaves) expect(firstArrivals(deviceId)).toEqual(numbered(deviceId, 600));
  });

  test('it follows the automatic deployments of its hub, and without one that routes upstream keeps everything', async () => {
    const hubHost = await adopt('monitor-01');
    const { hubs, context } = fleet;
    const stop = followDeployments(gateway, hubs, () => hubIds, 'gateway-01', context.log);
    await gateway.applyDeployment(undefined);
    const leaf = await connectLeaf('monitor-01', hubHost);
    await Promise.all(sendNumbered(leaf, 0, 20));
    const kept = { uplink: 'connected', routesUpstream: false, waiting: 20, forwarded: 0 };
    expect(await gateway.status()).toMatchObject(kept);
    expect(context.logged.join('\n')).toMatch(/gateway-01: no deployment routes messages upstream/);
    expect(fleet.accepted()).toEqual([]);
    const deployment = {
      content: upstream,
      targetCondition: "deviceId='gateway-01'",
      priority: 10,
      schemaVersion: '2.0',
    };
    const put = await fleet.hub(hubHost, 'PUT', '/configurations/upstream', { id: 'upstream', ...deployment });
    expect(put.status).toBe(200);
    await emptied();
    expect(firstArrivals('monitor-01')).toEqual(numbered('monitor-01', 20));
    await fleet.hub(hubHost, 'DELETE', '/configurations/upstream', undefined, { 'if-match': '*' });
    await until('it routes no more', async () => !(await gateway.status()).routesUpstream);
    stop();
  });

  /** The gateway in this process, at a hub of the test's choice. */
  const startInProcess = async (hubHost: string, now?: () => number) => {
    await gateway.close();
    const { certificates, log, folder } = fleet.context;
    const config = {
      deviceId: 'gateway-01',
      credentials: await gatewayAuthority.credentials('gateway-01'),
      folder: join(folder, 'gateway'),
      port,
      server: certificates.server,
      deviceAuthorities: [fleet.ward.certificate],
      serverAuthority: certificates.authority,
      hubHost,
    };
    return EdgeGateway.start(config, log, now);
  };

  test('what the hub has not acknowledged is sent again, by the next process too', async () => {
    const hubHost = await adopt('monitor-01');
    let arrived = 0;
    const mute = await EndpointBroker.start({ authorizePublish: () => void arrived++ });
    const { server } = fleet.context.certificates;
    const onMqtt = (socket: TLSSocket) => void mute.handle(socket);
    const listener = await SharedTlsListener.listen({ port: 0, server, onMqtt, onRequest: () => undefined });
    const first = await startInProcess(`localhost:${listener.port}`);
    const leaf = await connectLeaf('monitor-01', hubHost);
    await Promise.all(sendNumbered(leaf, 0, 50));
    await until('messages reach the hub, which says nothing', () => arrived > 0);
    await first.close();
    await mute.stop();
    await listener.close();
    const next = await startInProcess(hubHost);
    await until('the real hub has acknowledged', () => next.status().waiting === 0);
    expect(firstArrivals('monitor-01')).toEqual(numbered('monitor-01', 50));
    await next.close();
  });

  test('what has waited for longer than the time to live is dropped and counted', async () => {
    const hubHost = await adopt('monitor-01');
    let now = Date.now();
    const inProcess = await startInProcess(hubHost, () => now);
    inProcess.cutUplink(true);
    const leaf = await connectLeaf('monitor-01', hubHost);
    await Promise.all(sendNumbered(leaf, 0, 10));
    now += 7_200_001;
    await Promise.all(sendNumbered(leaf, 10, 15));
    inProcess.cutUplink(false);
    await until('it has sent what is young enough', () => inProcess.status().waiting === 0);
    expect(inProcess.status()).toMatchObject({ expired: 10, forwarded: 5 });
    expect(firstArrivals('monitor-01')).toEqual(numbered('monitor-01', 15).slice(10));
    await inProcess.close();
  });

  test('leaf devices of an unknown authority or in the name of another are refused', async () => {
    const stranger = await DeviceAuthority.open(join(fleet.context.folder, 'stranger'));
    const hubHost = fleet.hubHosts[0] ?? '';
    await expect(connectLeaf('monitor-01', hubHost, stranger)).rejects.toThrow(/Not authorized/);
    const impostor = connectDevice({
      deviceId: 'monitor-01',
      credentials: await fleet.ward.credentials('monitor-02'),
      serverAuthority: fleet.context.certificates.authority,
      hubHost,
      gatewayHost: `localhost:${port}`,
    });
    await expect(impostor).rejects.toThrow(/Not authorized/);
  });

  test('a route that it cannot do is refused, the one before stays', async () => {
    const toModule = {
      ...upstream.modulesContent?.$edgeHub,
      'properties.desired': { routes: { m: 'FROM /* INTO BrokeredEndpoint("/modules/m/inputs/i")' } },
    };
    await adopt();
    await expect(gateway.applyDeployment({ modulesContent: { $edgeHub: toModule } })).rejects.toThrow(
      /cannot do the route m/,
    );
    expect((await gateway.status()).uplink).toBe('connected');
    expect(readEdgeHubSettings(upstream)).toEqual({ timeToLiveSeconds: 7200 });
  });
});
