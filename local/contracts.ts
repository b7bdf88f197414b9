/**
 * What the parts of the local cloud are to each other. The control plane keeps what a program declares; a service makes
 * one family of declared types come alive; everything they share (clock, identities, ports, certificates) is in here.
 */

/** A JSON object as it travels between the Pulumi engine and the control plane. */
export type Properties = Record<string, unknown>;

/** A resource as Azure Resource Manager would keep it. */
export interface ArmResource {
  /** ARM id, in the case in which it was created; compared case-insensitively. */
  readonly id: string;
  /** Pulumi type token without package, as in `iothub:IotHubResource`. */
  readonly kind: string;
  /** What the program asked for, in azure-native's spelling (camelCase, `properties` flattened as the SDK does). */
  readonly inputs: Properties;
  /** What Azure answers on GET: inputs with service defaults, plus computed outputs. */
  readonly outputs: Properties;
  /** Subscription in which it lies. */
  readonly subscriptionId: string;
  /** Wall-clock time of creation, ISO 8601. */
  readonly createdAt: string;
}

/** What Azure refuses, with its status and code: `new AzureError(409, 'Conflict', '...')`. */
export class AzureError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'AzureError';
  }
}

/** The resources that exist, for services to look into (a route's target, a hub's namespace). Read only. */
export interface Resources {
  get(id: string): ArmResource | undefined;
  list(kind: string): ArmResource[];
  /** Children and extensions whose id starts with `id + '/'`. */
  below(id: string): ArmResource[];
}

/**
 * A service of the local cloud: the behaviour behind one or more kinds of resources.
 * The control plane has already checked a resource (schema, name, references) when it calls.
 */
export interface Service {
  /** The kinds that it makes come alive. */
  readonly kinds: readonly string[];
  /**
   * Create, update (with `previous`) or bring back after a restart (with `previous` equal to `resource`).
   * Idempotent. Answers the computed outputs (host names, endpoints, states), which win over inputs.
   * Throws AzureError for what Azure validates at creation (a route's identity without a role, say).
   */
  provision(resource: ArmResource, previous?: ArmResource): Promise<Properties>;
  deprovision(resource: ArmResource): Promise<void>;
  /** Stops listening and finishes what is being written. */
  close(): Promise<void>;
}

/** The one clock of the local cloud. No service reads the machine's clock for times that data carries. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /**
   * Calls back once `now()` is at or past `time`. Returns a function that takes it back.
   * While a replay moves the clock, time does not go on before the promise of `run` is settled: `run` must not wait for
   * a later time.
   */
  at(time: number, run: () => void | Promise<void>): () => void;
}

/** Who calls a service. */
export interface Principal {
  /** Object id of the identity in the directory. */
  readonly objectId: string;
  readonly clientId: string;
  readonly tenantId: string;
  /** How it is named to people: the identity's name, or `deployer`, `judge`. */
  readonly name: string;
}

/** Identities, tokens and roles. */
export interface Authority {
  /** Verifies a bearer token: signature, expiry and audience. Throws AzureError 401. */
  authenticate(token: string, audience: string | readonly string[]): Promise<Principal>;
  /** The principal behind a user-assigned identity's ARM id (for services that act as an identity). */
  identity(userAssignedIdentityId: string): Principal;
  /**
   * Throws AzureError 403 (`AuthorizationFailed`, naming principal, data action and scope) when no role assignment in
   * force at `scope` or above holds `dataAction`. `dataAction` is Azure's own,
   * as `Microsoft.EventHub/namespaces/messages/send/action`.
   */
  require(principal: Principal, dataAction: string, scope: string): void;
  /** Same, as a question. */
  allows(principal: Principal, dataAction: string, scope: string): boolean;
  /** Object ids of the groups of the directory that the principal is in. */
  groupsOf(principal: Principal): readonly string[];
}

/** TLS of the local cloud: one authority of its own, trusted by what the local cloud starts. */
export interface Certificates {
  /** PEM of the authority that signed `serverCertificate`. */
  readonly authority: string;
  /** Path of the same PEM, for NODE_EXTRA_CA_CERTS and `connection_verify`. */
  readonly authorityFile: string;
  /** For `localhost`, 127.0.0.1 and ::1. */
  readonly server: { readonly key: string; readonly cert: string };
}

/** Ports are chosen free once per name, remembered in the state folder, and taken again after a restart. */
export interface Ports {
  get(name: string): Promise<number>;
}

/** Something that happened on the path, for the live page: counted per step, never holding PHI. */
export interface PathEvent {
  /** Step of the architecture, `1`, `2`, `3`, `4` ... `11a`, or `consumer`. */
  readonly step: string;
  readonly count: number;
  /** Milliseconds of wall clock since the message was sent, where known; one number per message or left out. */
  readonly delays?: readonly number[];
}

export interface PathEvents {
  emit(event: PathEvent): void;
}

export interface Log {
  info(message: string): void;
  /** What functions say while all is well: many lines, in Application Insights anyway. Left out: nobody listens. */
  detail?(message: string): void;
  warn(message: string): void;
}

/** What each service is handed. */
export interface ServiceContext {
  /** Folder of this service's own below the state folder; it exists. */
  stateFolder(service: string): string;
  readonly resources: Resources;
  readonly clock: Clock;
  readonly authority: Authority;
  readonly certificates: Certificates;
  readonly ports: Ports;
  readonly events: PathEvents;
  readonly log: Log;
}

/** An event as Event Hubs keeps it. */
export interface EventHubEvent {
  readonly body: Buffer;
  /** Application properties. */
  readonly properties?: Record<string, unknown>;
  /** AMQP message annotations beyond those that Event Hubs sets itself (IoT Hub's `iothub-...` system properties). */
  readonly systemProperties?: Record<string, unknown>;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly userId?: string;
}

/** Where a producer inside the local cloud stands, so that what it sends again after a crash is taken once. */
export interface ProducerSequence {
  /** Names the producer within the event hub, as `<iot hub>/<ingress partition>`. */
  readonly producer: string;
  /** Strictly increasing over the producer's events; one that is not above the last taken is dropped. */
  readonly sequence: number;
}

/** How services inside the local cloud send to an event hub (foreign clients use AMQP). */
export interface EventHubSender {
  /**
   * Appends durably, stamped with the virtual clock, to the partition that the key maps to. Resolves when appended.
   * @throws AzureError 401/403 when `caller` lacks `Microsoft.EventHub/namespaces/messages/send/action` on the hub,
   *   404 when there is no such hub.
   */
  send(
    caller: Principal,
    eventHubId: string,
    events: readonly { partitionKey: string; event: EventHubEvent; from?: ProducerSequence }[],
  ): Promise<void>;
}

/** How services inside the local cloud write blobs (foreign clients use HTTPS). */
export interface BlobWriter {
  /**
   * Writes a block blob that must not exist yet; one with the same content counts as written.
   * @throws AzureError 403 when `caller` lacks the data action, 404 without the container, 409 when it exists with
   *   other content.
   */
  write(caller: Principal, containerId: string, blobName: string, content: Buffer, contentType?: string): Promise<void>;
}

/** How services inside the local cloud follow what lies in a container. */
export interface BlobLister {
  /** All blobs, with what changes when their content does. @throws AzureError 403, 404 */
  list(caller: Principal, containerId: string): Promise<{ readonly name: string; readonly etag: string }[]>;
  /** Content of a blob; undefined when there is no such blob. */
  read(caller: Principal, containerId: string, blobName: string): Promise<Buffer | undefined>;
}

/** How services inside the local cloud keep documents in blobs, as an identity of the program's. */
export interface BlobStore {
  /**
   * Content of a blob; undefined when there is no such blob.
   * @throws AzureError 403 when `caller` lacks the data action, 404 without the account or the container
   */
  read(caller: Principal, containerId: string, blobName: string): Promise<Buffer | undefined>;
  /** Writes a block blob, over one that is there. @throws AzureError 403, 404, 409 when it is within its retention */
  replace(caller: Principal, containerId: string, blobName: string, content: Buffer): Promise<void>;
}
