import type { ArmResource, Properties, Resources } from '../contracts';

/** Where a system topic's events go, as an event subscription says it. */
export interface Subscription {
  /** ARM id, lower case. */
  readonly id: string;
  readonly name: string;
  readonly eventHubId: string;
  /** ARM id of the identity that sends: a user-assigned one, or the topic itself with its system-assigned one. */
  readonly identityId: string;
  /** Whether the filter lets an event through. */
  readonly takes: (event: { readonly eventType: string; readonly subject: string }) => boolean;
}

/** The event subscriptions of the system topics on a source, as far as the local cloud can serve them. */
export function subscriptionsTo(resources: Resources, sourceId: string): Subscription[] {
  return resources
    .list('eventgrid:SystemTopic')
    .filter(({ inputs }) => String(inputs.source).toLowerCase() === sourceId.toLowerCase())
    .flatMap((topic) =>
      resources
        .below(topic.id)
        .filter(({ kind }) => kind === 'eventgrid:SystemTopicEventSubscription')
        .map((subscription) => subscriptionOf(subscription, topic)),
    );
}

function subscriptionOf({ id, inputs }: ArmResource, topic: ArmResource): Subscription {
  const delivery = inputs.deliveryWithResourceIdentity as Properties;
  const identity = delivery.identity as Properties | undefined;
  const filter = (inputs.filter ?? {}) as Properties;
  const included = filter.includedEventTypes as readonly string[] | undefined;
  const [begins, ends] = [String(filter.subjectBeginsWith ?? ''), String(filter.subjectEndsWith ?? '')];
  const cased = (text: string) => (filter.isSubjectCaseSensitive === true ? text : text.toLowerCase());
  return {
    id: id.toLowerCase(),
    name: id.slice(id.lastIndexOf('/') + 1),
    eventHubId: String((delivery.destination as Properties).resourceId),
    identityId: typeof identity?.userAssignedIdentity === 'string' ? identity.userAssignedIdentity : topic.id,
    takes: ({ eventType, subject }) =>
      (!included || included.length === 0 || included.includes(eventType)) &&
      cased(subject).startsWith(cased(begins)) &&
      cased(subject).endsWith(cased(ends)),
  };
}
