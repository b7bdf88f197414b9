import type { ArmResource, AzureError } from '../local/contracts';
import { parseQuery, type QuerySubject } from '../local/iotHub/routing/query';
import { type TestContext, testContext } from './support/context';
import { hubId, hubInputs, until } from './support/iotHub';
import { HubUnderTest } from './support/iotHubClients';

let context: TestContext;
let hub: HubUnderTest;

beforeEach(async () => {
  context = await testContext();
});

afterEach(async () => {
  await hub?.close();
  context.close();
});

describe('routing', () => {
  const route = { source: 'DeviceMessages', isEnabled: true, name: 'r', endpointNames: ['devicedata'] };

  async function send(deviceId: string, ...topics: [bag: string, body: string][]): Promise<void> {
    const device = await hub.plainDevice(deviceId);
    for (const [bag, body] of topics) {
      await device.publishAsync(`devices/${deviceId}/messages/events/${bag}`, body, { qos: 1 });
    }
  }

  it('sends each message once to each endpoint that a route names, and the rest to the fallback', async () => {
    hub = await HubUnderTest.start(context, {
      routing: {
        routes: [
          { ...route, name: 'urgent', condition: "level = 'urgent'" },
          { ...route, name: 'fast', condition: '$body.hr > 100' },
          { ...route, name: 'tagged', condition: "$twin.tags.ward = 'er'" },
          { ...route, name: 'off', condition: 'true', isEnabled: false },
        ],
      },
    });
    await hub.register('bed-01');
    await hub.register('bed-02', { initialTwin: { tags: { ward: 'er' } } });
    const json = '$.ct=application%2Fjson&$.ce=utf-8';
    await send(
      'bed-01',
      ['level=urgent', '1'],
      [`${json}&level=urgent`, '{"hr":120}'],
      [json, '{"hr":80}'],
      ['', '{"hr":120}'],
    );
    await send('bed-02', ['', '5']);
    await until('what is routed', () => hub.eventHub.taken.length >= 3);
    expect(hub.eventHub.bodies().sort()).toEqual(['1', '5', '{"hr":120}']);
    expect(hub.hubs.stats()[0]).toMatchObject({ accepted: 5, fallback: 2, orphaned: 0 });
    expect([...hub.hubs.accepted(hubId)].filter(({ endpointNames }) => endpointNames.includes('events'))).toHaveLength(
      2,
    );

    await hub.declare({
      routing: { routes: [], fallbackRoute: { ...route, endpointNames: ['events'], isEnabled: false } },
    });
    await send('bed-01', ['', '6']);
    expect(hub.hubs.stats()[0]).toMatchObject({ accepted: 6, fallback: 2, orphaned: 1 });
  });

  it('stamps messages with static values, the hub name and the twin', async () => {
    const enrichments = [
      { key: 'hospitalId', value: 'st-anna' },
      { key: 'hub', value: '$iothubname' },
      { key: 'ward', value: '$twin.tags.ward' },
      { key: 'rate', value: '$twin.properties.desired.rate' },
      { key: 'none', value: '$twin.tags.absent' },
      { key: 'elsewhere', value: 'x', endpointNames: ['raw'] },
    ].map((enrichment) => ({ endpointNames: ['devicedata'], ...enrichment }));
    hub = await HubUnderTest.start(context, { routing: { enrichments } });
    await hub.register('bed-01', { initialTwin: { tags: { ward: 'icu' }, desired: { rate: 5 } } });
    await send('bed-01', ['hospitalId=forged', '1']);
    await until('the event', () => hub.eventHub.taken.length === 1);
    expect(hub.eventHub.taken[0]?.event.properties).toEqual({
      hospitalId: 'st-anna',
      hub: 'iot-ward',
      ward: 'icu',
      rate: '5',
    });
  });

  it('tells of devices that come, connect, change and go', async () => {
    const sources = ['DeviceLifecycleEvents', 'DeviceConnectionStateEvents', 'TwinChangeEvents'];
    hub = await HubUnderTest.start(context, {
      routing: { routes: sources.map((source) => ({ ...route, name: source, source })) },
    });
    await hub.register('bed-01');
    const device = await hub.plainDevice('bed-01');
    await hub.call('owner', 'PATCH', '/twins/bed-01', { tags: { ward: 'icu' } });
    await device.endAsync();
    await until('the disconnect', () => hub.eventHub.taken.length === 4);
    await hub.call('owner', 'DELETE', '/devices/bed-01');
    await until('all events', () => hub.eventHub.taken.length === 5);
    const events = hub.eventHub.taken.map(({ event }) => [
      event.systemProperties?.['iothub-message-source'],
      event.properties?.opType,
    ]);
    expect(events).toEqual([
      ['deviceLifecycleEvents', 'createDeviceIdentity'],
      ['deviceConnectionStateEvents', 'deviceConnected'],
      ['twinChangeEvents', 'updateTwin'],
      ['deviceConnectionStateEvents', 'deviceDisconnected'],
      ['deviceLifecycleEvents', 'deleteDeviceIdentity'],
    ]);
    expect(hub.eventHub.bodies()[2]).toContain('"tags":{"ward":"icu"}');
  });

  it('holds what an endpoint refuses, goes on with the others, and delivers all of it in order later', async () => {
    hub = await HubUnderTest.start(context);
    await hub.register('bed-01');
    const giveBack = hub.revoke('send');
    await send('bed-01', ...Array.from({ length: 50 }, (_, index): [string, string] => ['', `${index}`]));
    await until('the failure to show', () => hub.hubs.health(hubId)[0]?.status === 'unhealthy');
    await context.clock.advanceTo(context.clock.now() + 60_000);
    expect(hub.blobs.lines()).toHaveLength(50);
    expect(hub.eventHub.taken).toEqual([]);
    expect(hub.hubs.health(hubId)).toMatchObject([
      { endpointName: 'devicedata', behind: 50, lastKnownError: expect.stringContaining('router may not') },
      { endpointName: 'raw', status: 'healthy', behind: 0 },
    ]);
    giveBack();
    await until('the held messages', () => hub.eventHub.taken.length === 50);
    expect(hub.eventHub.bodies()).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`));
    expect(hub.hubs.health(hubId)[0]).toMatchObject({ status: 'healthy', behind: 0 });
  });

  it("writes a batch for each period of the cloud's clock and for each chunk, and moves on when one is refused", async () => {
    const inputs = hubInputs(context) as { properties: { routing: { endpoints: { storageContainers: object[] } } } };
    const { endpoints } = inputs.properties.routing;
    hub = await HubUnderTest.start(context, {
      routing: {
        endpoints: {
          storageContainers: endpoints.storageContainers.map((raw) => ({ ...raw, maxChunkSizeInBytes: 2_000 })),
        },
        routes: [{ ...route, endpointNames: ['raw'] }],
      },
    });
    await hub.register('bed-01');
    const giveBack = hub.revoke('write');
    await send('bed-01', ['', 'a'.repeat(1_000)], ['', 'b'.repeat(1_000)], ['', 'c']);
    await context.clock.advanceTo(context.clock.now() + 61_000);
    expect(hub.blobs.blobs.size).toBe(0);
    expect(hub.hubs.health(hubId)[0]).toMatchObject({ status: 'unhealthy' });
    giveBack();
    await until('three messages in blobs', () => hub.blobs.lines().length === 3);
    await send('bed-01', ['', 'd']);
    await context.clock.advanceTo(context.clock.now() + 60_000);
    const names = [...hub.blobs.blobs.keys()].map((name) => name.replace('/01/2026', '/00/2026'));
    expect(names).toEqual(['00/00.json', '00/00_1.json', '00/01.json'].map((name) => `iot-ward/00/2026/01/05/${name}`));
    expect(hub.blobs.lines().map(({ Body }) => Buffer.from(String(Body), 'base64').toString()[0])).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
  });

  it('finishes a batch that may have been written before it follows a changed declaration', async () => {
    hub = await HubUnderTest.start(context);
    await hub.register('bed-01');
    await send('bed-01', ['', 'a']);
    hub.blobs.answers = false;
    await context.clock.advanceTo(context.clock.now() + 60_000);
    expect(hub.blobs.lines()).toHaveLength(1);
    const { routing } = (
      hubInputs(context) as { properties: { routing: { endpoints: { storageContainers: object[] } } } }
    ).properties;
    const fileNameFormat = '{YYYY}/{MM}/{DD}/{HH}/{mm}/{partition}/{iothub}';
    const storageContainers = routing.endpoints.storageContainers.map((raw) => ({ ...raw, fileNameFormat }));
    await hub.declare({ routing: { endpoints: { ...routing.endpoints, storageContainers } } });
    hub.blobs.answers = true;
    await until('the batch done', () => hub.hubs.health(hubId)[1]?.behind === 0);
    expect(hub.blobs.lines()).toHaveLength(1);
    await send('bed-01', ['', 'b']);
    await context.clock.advanceTo(context.clock.now() + 60_000);
    expect([...hub.blobs.blobs.keys()][1]).toMatch(/^2026\/01\/05\/00\/01\/0[01]\/iot-ward$/);
  });

  it('does not leave the hosts that a hub with restricted egress may reach', async () => {
    const restricted = { restrictOutboundNetworkAccess: true, allowedFqdnList: ['straw.blob.core.windows.net'] };
    hub = await HubUnderTest.start(context, { properties: restricted });
    await hub.register('bed-01');
    await send('bed-01', ['', '1']);
    await until('the failure to show', () => hub.hubs.health(hubId)[0]?.status === 'unhealthy');
    expect(hub.hubs.health(hubId)[0]?.lastKnownError).toContain('allowedFqdnList');
    await context.clock.advanceTo(context.clock.now() + 60_000);
    expect(hub.blobs.lines()).toHaveLength(1);
    const allowedFqdnList = [...restricted.allowedFqdnList, 'localhost'];
    await hub.declare({ properties: { ...restricted, allowedFqdnList } });
    await until('the held message', () => hub.eventHub.taken.length === 1);
  });

  it('sends from a hub that was deleted and made again', async () => {
    hub = await HubUnderTest.start(context);
    await hub.register('bed-01');
    await send('bed-01', ['', '1'], ['', '2']);
    await until('both', () => hub.eventHub.taken.length === 2);
    await hub.hubs.deprovision(context.resources.get(hubId) as ArmResource);
    await hub.declare({});
    const certificate = context.resources.get(`${hubId}/certificates/devices`) as ArmResource;
    await hub.hubs.provision(certificate, certificate);
    expect([...hub.hubs.accepted(hubId)]).toEqual([]);
    await hub.register('bed-01');
    await send('bed-01', ['', '3']);
    await until('the third', () => hub.eventHub.taken.length === 3);
  });

  it('is refused with every problem in it', async () => {
    hub = await HubUnderTest.start(context);
    const identity = { userAssignedIdentity: context.authority.identityId('stranger') };
    const bad = {
      routing: {
        endpoints: {
          eventHubs: [{ name: 'keyed', connectionString: 'Endpoint=...' }],
          storageContainers: [{ name: 'avro', authenticationType: 'identityBased', identity, encoding: 'avro' }],
          serviceBusQueues: [{ name: 'queue' }],
        },
        routes: [
          { ...route, condition: '$body.hr >> 3' },
          { ...route, name: 'unknown', condition: 'LENGTHY(a) = 1' },
          { ...route, name: 'nowhere', endpointNames: ['nothing'] },
        ],
      },
    };
    const refused = await hub.declare(bad).catch((error: AzureError) => error);
    expect(refused).toMatchObject({ status: 400 });
    for (const part of [
      'serviceBusQueues',
      'keyed',
      'avro',
      'stranger',
      '"LENGTHY" is no function',
      'character 11',
      '"nothing"',
    ]) {
      expect((refused as AzureError).message).toContain(part);
    }
  });

  it('is refused while the identity has no role, with endpoint, role and scope; a restart does not ask again', async () => {
    hub = await HubUnderTest.start(context);
    hub.revoke('send');
    const changed = hub.declare({ properties: { comments: 'changed' } });
    await expect(changed).rejects.toThrow(/devicedata: .*router.*Azure Event Hubs Data Sender.*eventhubs\/devicedata/);
    const resource = context.resources.get(hubId) as ArmResource;
    await expect(hub.hubs.provision(resource, { ...resource })).resolves.toMatchObject({
      properties: { hostName: `localhost:${hub.port}`, state: 'Active' },
    });
  });
});

describe('conditions', () => {
  const subject: QuerySubject = {
    properties: { level: 'urgent', count: '7', 'a.b': 'dotted', 'content-kind': 'x' },
    systemProperty: (name) => ({ connectionDeviceId: 'bed-01', contentType: 'application/json' })[name],
    body: () => ({ hr: 120, note: "it's", list: [{ x: 1 }], on: true, nothing: null }),
    twin: () => ({ tags: { ward: 'icu' }, properties: { desired: { rate: 5 } } }),
  };

  it.each([
    ['true', true],
    ['level = "urgent"', true],
    ["level <> 'urgent'", false],
    ["LEVEL = 'urgent'", false],
    ["absent = 'x' OR true", true],
    ["absent != 'x'", false],
    ["NOT absent = 'x'", false],
    ['count > 5', false],
    ['AS_NUMBER(count) > 5', true],
    ['as_number(count) * 2 - 4 = 10', true],
    ['$body.hr >= 120 AND $body.hr < 121', true],
    ['$body.hr + 1 = 121 AND -1 < 0', true],
    ["$body.note = 'it''s'", true],
    ['$body.list[0].x = 1', true],
    ['$body.on', true],
    ['$body.nothing = null', true],
    ['IS_NULL($body.nothing) AND NOT IS_DEFINED($body.absent)', true],
    ["$twin.tags.ward IN ['er', 'icu']", true],
    ['$twin.properties.desired.rate % 2 = 1', true],
    ["STARTS_WITH($connectionDeviceId, 'bed-') AND ENDS_WITH($connectionDeviceId, '01')", true],
    ["CONTAINS(level, 'gen') AND LENGTH(level) = 6 AND UPPER(level) = 'URGENT'", true],
    ["SUBSTRING(level, 0, 3) = 'urg' AND INDEX_OF(level, 'e') = 3", true],
    ["CONCAT(level, '!') = 'urgent!'", true],
    ["{a.b} = 'dotted' AND content-kind = 'x'", true],
    ["(level = 'x' OR level = 'urgent') AND $contentType = 'application/json'", true],
    ["level = 'x' OR level = 'urgent' AND false", false],
  ])('%s is %s', (condition, expected) => {
    expect(parseQuery(condition)(subject)).toBe(expected);
  });

  it.each(['level = ', '(true', '$nothing = 1', "level = 'x", 'LENGTH()', 'true false', '$body.a[x] = 1', ';'])(
    'cannot be %s',
    (condition) => {
      expect(() => parseQuery(condition)).toThrow();
    },
  );
});
