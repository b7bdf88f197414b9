import type { Authority, Principal } from '../contracts';
import { AmqpRefusal } from './amqpRefusal';
import type { EventHub } from './eventHub';

/** The data actions of Azure Event Hubs Data Sender and Data Receiver. */
export const sendAction = 'Microsoft.EventHub/namespaces/messages/send/action';
export const receiveAction = 'Microsoft.EventHub/namespaces/messages/receive/action';

/** What a link needs: its data action at its scope, for whoever put a token for its path. */
export interface Need {
  /** Path of the entity within the namespace, for which a token was put. */
  readonly path: string;
  readonly action: string;
  /** ARM id. */
  readonly scope: string;
}

export function consumerGroupScope(hub: EventHub, consumerGroup: string): string {
  return `${hub.settings.id}/consumergroups/${consumerGroup}`;
}

/** @throws AmqpRefusal `amqp:unauthorized-access`, naming who lacks what where. */
export function requireAction(authority: Authority, principal: Principal, { action, scope }: Need): void {
  try {
    authority.require(principal, action, scope);
  } catch (error) {
    throw AmqpRefusal.from(error);
  }
}

/** Properties of a hub may be read by whoever may send to it or receive from one of its consumer groups. */
export function requireAnyAction(authority: Authority, principal: Principal, hub: EventHub): void {
  const { id } = hub.settings;
  const receives = hub.consumerGroups.some((group) =>
    authority.allows(principal, receiveAction, consumerGroupScope(hub, group)),
  );
  if (receives || authority.allows(principal, sendAction, id)) return;
  requireAction(authority, principal, { path: hub.settings.name, action: receiveAction, scope: id });
}
