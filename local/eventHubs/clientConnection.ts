import {
  message as amqp,
  type Connection,
  type EventContext,
  type link,
  type Message,
  type Receiver,
  type Sender,
} from 'rhea';
import type { Authority, Clock } from '../contracts';
import { consumerGroupScope, type Need, receiveAction, requireAction, sendAction } from './access';
import type { ActiveReceivers } from './activeReceivers';
import { parseAddress } from './address';
import { AmqpRefusal, entityNotFound } from './amqpRefusal';
import { Claims } from './claims';
import type { EventHub } from './eventHub';
import { ReceivingLink } from './receivingLink';
import { answer, putToken, readProperties } from './requests';
import { takeEvents } from './sendingLink';
import { startSequence } from './startPosition';
import { takeUndecoded, writeAllFields } from './wire';

const epochProperty = 'com.microsoft:epoch';
const lastEnqueuedCapability = 'com.microsoft:enable-receiver-runtime-metric';
const idempotentCapability = 'com.microsoft:idempotent-producer';
const selectorFilter = 'apache.org:selector-filter:string';

/** What the connections of a namespace share. */
export interface NamespaceParts {
  readonly authority: Authority;
  readonly clock: Clock;
  readonly receivers: ActiveReceivers;
  /** @throws AmqpRefusal `amqp:not-found`. */
  eventHub(name: string): EventHub;
}

interface OpenLink {
  readonly hub: EventHub;
  readonly need: Need;
  end(refusal: AmqpRefusal): void;
}

/** One client: its tokens, and its links with what they need. */
export class ClientConnection {
  readonly #claims: Claims;
  readonly #links = new Map<link, OpenLink>();
  readonly #closing = new Map<link, () => void>();

  constructor(
    connection: Connection,
    private readonly namespace: NamespaceParts,
  ) {
    this.#claims = new Claims(namespace.authority);
    writeAllFields(connection);
    connection.on('session_open', ({ session }: EventContext) => session && takeUndecoded(session));
    connection.on(
      'receiver_open',
      ({ receiver }: EventContext) => receiver && this.#open(receiver, () => this.#take(receiver)),
    );
    connection.on('sender_open', ({ sender }: EventContext) => sender && this.#open(sender, () => this.#give(sender)));
    connection.on('receiver_close', ({ receiver }: EventContext) => receiver && this.#forget(receiver));
    connection.on('sender_close', ({ sender }: EventContext) => sender && this.#forget(sender));
    // A link that breaks is the client's matter, and rhea throws where nobody listens.
    for (const event of ['receiver_error', 'sender_error', 'session_error', 'connection_error', 'error']) {
      connection.on(event, () => {});
    }
  }

  /** Ends the links whose token has expired or whose role is gone. */
  async checkAccess(): Promise<void> {
    for (const { need, end } of [...this.#links.values()]) {
      try {
        requireAction(this.namespace.authority, await this.#claims.renewedPrincipalFor(need.path), need);
      } catch (error) {
        end(AmqpRefusal.from(error));
      }
    }
  }

  /** Ends the links to a hub that is no more. */
  endLinksTo(hub: EventHub, refusal: AmqpRefusal): void {
    for (const open of [...this.#links.values()]) if (open.hub === hub) open.end(refusal);
  }

  /** The connection is gone. */
  close(): void {
    for (const opened of [...this.#closing.keys()]) this.#forget(opened);
    this.#links.clear();
  }

  #open(opened: link, open: () => void): void {
    try {
      open();
    } catch (error) {
      this.#end(opened, AmqpRefusal.from(error));
    }
  }

  #end(opened: link, { condition, description }: AmqpRefusal): void {
    this.#forget(opened);
    opened.close({ condition, description });
  }

  #forget(opened: link): void {
    this.#links.delete(opened);
    this.#closing.get(opened)?.();
    this.#closing.delete(opened);
  }

  /** A link on which the client sends: requests or events. */
  #take(receiver: Receiver): void {
    const address = parseAddress(receiver.target?.address);
    receiver.set_target(receiver.target);
    receiver.set_source(receiver.source);
    if (address.to === 'claims' || address.to === 'management') {
      receiver.on('message', (context: EventContext) => this.#request(receiver, context, address.to === 'claims'));
      return;
    }
    if (address.to === 'consumerGroup')
      throw new AmqpRefusal('amqp:not-allowed', 'Events are sent to a hub or partition.');
    if ([receiver.desired_capabilities].flat().includes(idempotentCapability)) {
      throw new AmqpRefusal(
        'amqp:not-implemented',
        'Idempotent publishing of AMQP clients is not known here; leave it off.',
      );
    }
    const hub = this.namespace.eventHub(address.eventHub);
    if (address.partition !== undefined) hub.partition(address.partition);
    const path =
      address.partition === undefined ? address.eventHub : `${address.eventHub}/Partitions/${address.partition}`;
    this.#allow(receiver, hub, { path, action: sendAction, scope: hub.settings.id });
    takeEvents(receiver, hub, address.partition);
  }

  /** A link on which the client receives: answers or events. */
  #give(sender: Sender): void {
    const address = parseAddress(sender.source?.address);
    sender.set_source(sender.source);
    sender.set_target(sender.target);
    if (address.to === 'claims' || address.to === 'management') return;
    if (address.to === 'eventHub') {
      throw new AmqpRefusal('amqp:not-allowed', 'Events are received from a partition of a consumer group.');
    }
    const hub = this.namespace.eventHub(address.eventHub);
    const { consumerGroup } = address;
    if (!hub.hasConsumerGroup(consumerGroup)) {
      throw entityNotFound(
        `${address.eventHub}/ConsumerGroups/${consumerGroup}`,
        `there are the consumer groups ${hub.consumerGroups.join(', ')}`,
      );
    }
    const partition = hub.partition(address.partition);
    const path = `${address.eventHub}/ConsumerGroups/${consumerGroup}/Partitions/${address.partition}`;
    this.#allow(sender, hub, { path, action: receiveAction, scope: consumerGroupScope(hub, consumerGroup) });
    const from = startSequence(selectorOf(sender), partition);
    const epoch = sender.properties?.[epochProperty] as number | null | undefined;
    const leave = this.namespace.receivers.admit(`${hub.settings.id}/${path}`.toLowerCase(), {
      epoch: epoch ?? undefined,
      end: (refusal) => this.#end(sender, refusal),
    });
    const tracks = [sender.desired_capabilities].flat().includes(lastEnqueuedCapability);
    const receiving = new ReceivingLink(sender, partition, from, tracks, this.namespace.clock);
    this.#closing.set(sender, () => {
      leave();
      receiving.close();
    });
  }

  #allow(opened: link, hub: EventHub, need: Need): void {
    requireAction(this.namespace.authority, this.#claims.principalFor(need.path), need);
    this.#links.set(opened, { hub, need, end: (refusal) => this.#end(opened, refusal) });
  }

  async #request(receiver: Receiver, context: EventContext, isClaim: boolean): Promise<void> {
    const request = amqp.decode(context.message as unknown as Buffer) as unknown as Message;
    context.delivery?.accept();
    try {
      const answered = isClaim
        ? await putToken(request, this.#claims)
        : readProperties(request, this.#claims, this.namespace.authority, this.namespace.eventHub);
      answer(receiver, request, answered);
    } catch (error) {
      const refusal = AmqpRefusal.from(error);
      answer(receiver, request, { body: undefined, status: refusal.status }, refusal);
    }
  }
}

function selectorOf(sender: Sender): string | undefined {
  const filter: unknown = sender.source?.filter?.[selectorFilter];
  const value = filter instanceof Object && 'value' in filter ? filter.value : filter;
  return value === undefined || value === null ? undefined : String(value);
}
