import { setTimeout as wait } from 'node:timers/promises';
import mqtt, { type MqttClient } from 'mqtt';
import { type ConnectedDevice, connectDevice } from '../../local/devices/connectedDevice';
import { DeviceAuthority, type DeviceCredentials } from '../../local/devices/deviceAuthority';
import { type ProvisioningEndpoint, provisionDevice } from '../../local/devices/provisionDevice';
import { machineTime, serve } from '../childProcess';

export interface Fleet {
  readonly size: number;
  readonly provisioning: ProvisioningEndpoint;
  readonly deviceAuthorityFolder: string;
  readonly serverAuthority: string;
}

export interface PacedOptions {
  readonly hubHost: string;
  readonly messagesPerSecond: number;
  readonly seconds: number;
  /** Vital signs of each message; default nine. */
  readonly vitals?: Readonly<Record<string, number>>;
  /** What a device measures from its time on, in milliseconds of the machine's clock. */
  readonly change?: {
    readonly vitals: Readonly<Record<string, number>>;
    readonly from: Readonly<Record<string, number>>;
  };
  /** How far the devices' clocks are behind the machine's, in milliseconds; default 0. */
  readonly clockOffset?: number;
}

export interface SaturationOptions {
  readonly host: string;
  readonly seconds: number;
  /** Messages of one device that wait for their acknowledgement at once. */
  readonly inFlight: number;
}

let fleet: Fleet;
const credentials = new Map<string, DeviceCredentials>();
/** Nine vital signs a message, as a bedside monitor sends them. */
const nineVitals: PacedOptions['vitals'] = {
  hr: 82,
  sbp: 118,
  dbp: 64,
  map: 82,
  rr: 17,
  spo2: 96,
  temp: 37.1,
  fio2: 0.3,
  etco2: 38,
};

const bodyOf = (time: number, vitals = nineVitals) =>
  Buffer.from(JSON.stringify({ time: new Date(time).toISOString(), ...vitals }));

/** Registers the devices with the provisioning service, by their certificates. */
async function register(asked: Fleet): Promise<void> {
  fleet = asked;
  const authority = await DeviceAuthority.open(fleet.deviceAuthorityFolder);
  for (let index = 1; index <= fleet.size; index++) {
    const deviceId = `bench-${index}`;
    const issued = await authority.credentials(deviceId);
    credentials.set(deviceId, issued);
    await provisionDevice(fleet.provisioning, deviceId, issued, fleet.serverAuthority);
  }
}

/** Sent at a pace, in all: no two messages have one id. */
let paced = 0;

/** With azure-iot-device: a message each `1000 / messagesPerSecond` ms, whatever has become of those before it. */
async function sendPaced(options: PacedOptions) {
  const { hubHost, messagesPerSecond, seconds, vitals, change, clockOffset = 0 } = options;
  const { serverAuthority } = fleet;
  const devices = await Promise.all(
    [...credentials].map(([deviceId, own]) => connectDevice({ deviceId, credentials: own, serverAuthority, hubHost })),
  );
  const sentAt: Record<string, number> = {};
  const acknowledgedAfter: number[] = [];
  const sending: Promise<void>[] = [];
  const begun = machineTime();
  for (let count = 0; count < messagesPerSecond * seconds; count++) {
    const due = begun + (count * 1000) / messagesPerSecond;
    if (due > machineTime()) await wait(due - machineTime());
    const device = devices[count % devices.length] as ConnectedDevice;
    const messageId = `${device.deviceId}:${paced++}`;
    const at = machineTime();
    sentAt[messageId] = at;
    const isChanged = change !== undefined && at >= (change.from[device.deviceId] ?? Number.POSITIVE_INFINITY);
    const body = bodyOf(at - clockOffset, isChanged ? change.vitals : vitals);
    const message = { body, messageId, creationTime: Math.round(at - clockOffset) };
    sending.push(device.send(message).then(() => void acknowledgedAfter.push(machineTime() - at)));
  }
  await Promise.all(sending);
  await Promise.all(devices.map((device) => device.close()));
  return { sentAt, acknowledgedAfter };
}

/** With MQTT.js: each device always has `inFlight` messages under way. */
async function saturate({ host, seconds, inFlight }: SaturationOptions) {
  const clients = await Promise.all([...credentials].map(([deviceId, own]) => connectPlain(host, deviceId, own)));
  const begun = machineTime();
  const end = begun + seconds * 1000;
  let acknowledgedInTime = 0;
  let messages = 0;
  const senders = clients.flatMap((client) =>
    Array.from({ length: inFlight }, async () => {
      while (machineTime() < end) {
        await publish(client);
        messages++;
        if (machineTime() <= end) acknowledgedInTime++;
      }
    }),
  );
  await Promise.all(senders);
  await Promise.all(clients.map((client) => client.endAsync()));
  return { messagesPerSecond: acknowledgedInTime / seconds, messages };
}

let published = 0;

function publish(client: MqttClient): Promise<void> {
  const time = Date.now();
  const bag = `%24.mid=${published++}&%24.ct=application%2Fjson&%24.ce=utf-8&%24.ctime=${new Date(time).toISOString()}`;
  const topic = `devices/${client.options.clientId}/messages/events/${bag}`;
  return new Promise((resolve, reject) => {
    client.publish(topic, bodyOf(time), { qos: 1 }, (error) => (error ? reject(error) : resolve()));
  });
}

function connectPlain(host: string, deviceId: string, own: DeviceCredentials): Promise<MqttClient> {
  return mqtt.connectAsync(`mqtts://${host}`, {
    clientId: deviceId,
    username: `${host}/${deviceId}/?api-version=2021-04-12`,
    ...own,
    ca: fleet.serverAuthority,
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
}

const handlers = { register, sendPaced, saturate };
export type DevicesHandlers = typeof handlers;

serve(handlers);
