import { randomUUID } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Client, PublishPacket } from 'aedes';
import type { Clock, Log } from '../contracts';
import { EndpointBroker, notAuthorized, sendTo } from '../mqtt/endpointBroker';
import { AttestationRefused, type Registrant, type Registrar, type RegistrationState } from './registrar';

/** What the service asks a device to wait between two looks at its operation. Azure says 3. */
const retryAfterSeconds = 1;
const rememberedOperations = 10_000;

interface Operation {
  readonly registrationId: string;
  state?: RegistrationState;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

/**
 * The MQTT side of the Device Provisioning Service, for devices
 * (source: "Understand DPS MQTT support", learn.microsoft.com/azure/iot-dps/iot-dps-mqtt-support).
 *
 * A device connects with client id = registration id and user name `{idScope}/registrations/{id}/api-version=...`, publishes
 * to `$dps/registrations/PUT/iotdps-register/?$rid=..`, and asks `$dps/registrations/GET/iotdps-get-operationstatus/` until
 * the assignment is done; answers come on `$dps/registrations/res/{status}/?$rid=..`.
 */
export class ProvisioningDeviceApi {
  private readonly registrants = new WeakMap<Client, Registrant>();
  private readonly operations = new Map<string, Operation>();

  private constructor(
    private readonly idScope: string,
    private readonly registrar: Registrar,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  static async start(
    idScope: string,
    registrar: Registrar,
    clock: Clock,
    log: Log,
  ): Promise<{ accept(socket: TLSSocket): void; stop(): Promise<void> }> {
    const api = new ProvisioningDeviceApi(idScope, registrar, clock, log);
    const broker = await EndpointBroker.start({
      authenticate: (client, username, password, done) => {
        const reason = api.admit(client, username ?? '', password?.toString());
        if (reason === undefined) done(null, true);
        else done(notAuthorized(reason), false);
      },
      authorizeSubscribe: (_client, subscription, done) =>
        done(null, subscription.topic === '$dps/registrations/res/#' ? subscription : null),
      authorizePublish: (client, packet, done) => {
        const problem = client === null ? 'no client' : api.take(client, packet);
        done(problem === undefined ? null : new Error(problem));
      },
    });
    // A client that is refused or breaks off is no fault of the service.
    broker.on('clientError', () => undefined);
    broker.on('connectionError', () => undefined);
    return { accept: (socket) => void broker.handle(socket), stop: () => broker.stop() };
  }

  /** @returns why the client is refused. */
  private admit(client: Client, username: string, password: string | undefined): string | undefined {
    const match = /^([^/]+)\/registrations\/([^/]+)\/\??api-version=/.exec(username);
    if (match === null) return 'The user name must be {idScope}/registrations/{registrationId}/api-version=...';
    const [, idScope, registrationId = ''] = match;
    if (idScope !== this.idScope) return `The id scope ${idScope} is not that of this provisioning service.`;
    if (client.id !== registrationId) return 'The MQTT client id must be the registration id.';
    const socket = client.conn as TLSSocket;
    if (password === undefined && socket.getPeerX509Certificate() === undefined) {
      return 'The device gave neither a certificate nor a token.';
    }
    this.registrants.set(client, { registrationId, socket, token: password || undefined });
    return undefined;
  }

  /** @returns why the connection is to be closed. */
  private take(client: Client, packet: PublishPacket): string | undefined {
    const registrant = this.registrants.get(client);
    const match = /^\$dps\/registrations\/(PUT\/iotdps-register|GET\/iotdps-get-operationstatus)\/\?(.*)$/.exec(
      packet.topic,
    );
    if (registrant === undefined || match === null)
      return `The topic ${packet.topic} is not one of the provisioning service.`;
    const query = new URLSearchParams(match[2]);
    const requestId = query.get('$rid') ?? '';
    const answer = match[1]?.startsWith('PUT')
      ? this.beginRegistration(registrant)
      : this.operationStatus(registrant, query.get('operationId') ?? '');
    const wait = answer.status === 202 ? `&retry-after=${retryAfterSeconds}` : '';
    const topic = `$dps/registrations/res/${answer.status}/?$rid=${requestId}${wait}`;
    sendTo(client, topic, Buffer.from(JSON.stringify(answer.body)));
    return undefined;
  }

  private beginRegistration(registrant: Registrant): Answer {
    const { registrationId } = registrant;
    try {
      const group = this.registrar.attest(registrant);
      const operationId = `4.${randomUUID().replaceAll('-', '').slice(0, 16)}.${randomUUID()}`;
      const operation: Operation = { registrationId };
      this.remember(operationId, operation);
      void this.registrar.register(group, registrationId).then((state) => {
        operation.state = state;
        if (state.status !== 'assigned')
          this.log.warn(`DPS: ${registrationId} is ${state.status}: ${state.errorMessage}`);
      });
      return { status: 202, body: { operationId, status: 'assigning' } };
    } catch (error) {
      const { message } = error as Error;
      this.log.warn(`DPS: ${registrationId} is not enrolled: ${message}`);
      if (error instanceof AttestationRefused) return this.errorAnswer(401, error.errorCode, message);
      return this.errorAnswer(500, 500_000, message);
    }
  }

  private operationStatus(registrant: Registrant, operationId: string): Answer {
    const operation = this.operations.get(operationId);
    if (operation?.registrationId !== registrant.registrationId) {
      return this.errorAnswer(404, 404203, `There is no operation ${operationId} of ${registrant.registrationId}.`);
    }
    const { state } = operation;
    if (state === undefined) return { status: 202, body: { operationId, status: 'assigning' } };
    return { status: 200, body: { operationId, status: state.status, registrationState: state } };
  }

  private errorAnswer(status: number, errorCode: number, message: string): Answer {
    const timestampUtc = new Date(this.clock.now()).toISOString();
    return { status, body: { errorCode, trackingId: randomUUID(), message, timestampUtc } };
  }

  private remember(operationId: string, operation: Operation): void {
    this.operations.set(operationId, operation);
    const oldest = this.operations.keys().next().value;
    if (this.operations.size > rememberedOperations && oldest !== undefined) this.operations.delete(oldest);
  }
}
