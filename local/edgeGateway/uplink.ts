import * as mqtt from 'mqtt';
import type { Log } from '../contracts';
import type { DeviceCredentials } from '../devices/deviceAuthority';
import type { EdgeHubSettings } from './deployment';
import type { MessageStore, WaitingMessage } from './messageStore';

const maximumInFlight = 256;
const firstBackOffMilliseconds = 100;
const longestBackOffMilliseconds = 2_000;
const askAgainEvery = 10;

export type UplinkState = 'cut' | 'connecting' | 'connected' | 'closed';

export interface UplinkOptions {
  readonly deviceId: string;
  readonly credentials: DeviceCredentials;
  /** PEM of the authority behind the hub's TLS certificate. */
  readonly serverAuthority: string;
  /**
   * The hub to connect to, asked before each attempt.
   * @param again attempts in a row have failed: the device may have been assigned to another hub meanwhile.
   */
  readonly hubHost: (again: boolean) => Promise<string>;
  readonly store: MessageStore;
  /** Milliseconds since 1970, by which messages grow too old. */
  readonly now: () => number;
  readonly log: Log;
}

/**
 * The gateway's connection to IoT Hub: one, as the edge device itself, on which it publishes for its children with QoS 1
 * to `devices/{child}/messages/events/`. What is not acknowledged when a connection ends is sent again in order.
 */
export class Uplink {
  state: UplinkState = 'connecting';
  /** Why it is not connected, where known. */
  reason: string | undefined;
  forwarded = 0;
  expired = 0;
  private settings: EdgeHubSettings | undefined;
  private client: mqtt.MqttClient | undefined;
  private attempt = 0;
  private retry: NodeJS.Timeout | undefined;
  /** Sequence of the next message to publish on this connection. */
  private nextToSend = 0;
  private readonly inFlight = new Set<number>();
  private connecting = false;
  private readonly stopListening: () => void;

  constructor(private readonly options: UplinkOptions) {
    this.stopListening = options.store.onAppend(() => this.pump());
  }

  /** Connects, whether or not a deployment routes messages yet: a device is registered by its first connection. */
  start(): void {
    void this.connect();
  }

  /** What the effective deployment says; nothing when none routes upstream: then messages are kept. */
  apply(settings: EdgeHubSettings | undefined): void {
    this.settings = settings;
    this.pump();
  }

  get routesUpstream(): boolean {
    return this.settings !== undefined;
  }

  /** Breaks the connection and keeps it broken, as a cut cable does; or lets it come back. */
  cut(isCut: boolean): void {
    if (this.state === 'closed' || isCut === (this.state === 'cut')) return;
    this.attempt = 0;
    if (isCut) {
      this.state = 'cut';
      this.reason = 'the uplink is cut';
      this.disconnect();
    } else {
      void this.connect();
    }
  }

  async close(): Promise<void> {
    this.state = 'closed';
    this.stopListening();
    this.disconnect();
  }

  private disconnect(): void {
    clearTimeout(this.retry);
    const client = this.client;
    this.client = undefined;
    client?.end(true);
  }

  private async connect(): Promise<void> {
    if (this.client !== undefined) return;
    this.state = 'connecting';
    if (this.connecting) return;
    this.connecting = true;
    try {
      const host = await this.options.hubHost(this.attempt > 0 && this.attempt % askAgainEvery === 0);
      if ((this.state as UplinkState) === 'connecting') this.client = this.open(host);
    } catch (error) {
      this.failed((error as Error).message);
    } finally {
      this.connecting = false;
    }
  }

  private open(host: string): mqtt.MqttClient {
    const { deviceId, credentials, serverAuthority } = this.options;
    const client = mqtt.connect(`mqtts://${host}`, {
      clientId: deviceId,
      username: `${host}/${deviceId}/?api-version=2021-04-12`,
      ca: serverAuthority,
      ...credentials,
      clean: true,
      keepalive: 60,
      connectTimeout: 10_000,
      reconnectPeriod: 0,
    });
    client.on('connect', () => this.connected(client));
    client.on('error', (error) => {
      this.reason = error.message;
    });
    client.on('close', () => {
      if (client !== this.client) return;
      this.client = undefined;
      this.failed(this.reason ?? 'the connection was closed');
    });
    return client;
  }

  private connected(client: mqtt.MqttClient): void {
    if (client !== this.client) return;
    this.state = 'connected';
    this.reason = undefined;
    this.inFlight.clear();
    this.nextToSend = this.options.store.next;
    this.pump();
  }

  private failed(reason: string): void {
    if (this.state !== 'connecting' && this.state !== 'connected') return;
    if (this.attempt === 0) this.options.log.warn(`Edge gateway: no uplink, messages are kept: ${reason}`);
    this.state = 'connecting';
    this.reason = reason;
    const wait = Math.min(firstBackOffMilliseconds * 2 ** this.attempt++, longestBackOffMilliseconds);
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), wait);
  }

  private pump(): void {
    const client = this.client;
    if (this.state !== 'connected' || client === undefined || this.settings === undefined) return;
    const room = maximumInFlight - this.inFlight.size;
    // Reading in larger pieces than one message at a time costs far fewer system calls.
    if (room < maximumInFlight / 2) return;
    const oldest = this.options.now() - this.settings.timeToLiveSeconds * 1000;
    for (const message of this.options.store.read(this.nextToSend, room)) {
      this.nextToSend = message.sequence + 1;
      if (message.storedTime >= oldest) this.publish(client, message);
      else this.expired++;
    }
    this.advance();
  }

  private publish(client: mqtt.MqttClient, { deviceId, propertyBag, body, sequence }: WaitingMessage): void {
    this.inFlight.add(sequence);
    client.publish(`devices/${deviceId}/messages/events/${propertyBag}`, body, { qos: 1 }, (error) => {
      if (client !== this.client || error) return;
      this.inFlight.delete(sequence);
      this.forwarded++;
      this.attempt = 0;
      this.advance();
      this.pump();
    });
  }

  /** The store forgets up to the oldest message that is still on its way. A set keeps the order of insertion. */
  private advance(): void {
    const oldest = this.inFlight.values().next().value;
    this.options.store.done(oldest ?? this.nextToSend);
  }
}
