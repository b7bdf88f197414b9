import type { Properties } from '../../contracts';
import { armTypeOf, nameOf, parentId } from '../armIds';
import { isUnknownAt, textAt, valueAt, valuesAt } from '../values';
import { type Failure, inGroup, type Kind, type Surroundings } from './kind';
import { identity, identityIds, last, oneOf, range, refersTo } from './rules';

/** Learn: "System topics in Azure Event Grid": topic types by the ARM type of their source, as far as they are needed here. */
const topicTypes: Readonly<Record<string, string>> = {
  'microsoft.healthcareapis/workspaces': 'Microsoft.HealthcareApis.Workspaces',
};

/** Learn: "Azure Health Data Services as an Event Grid source". */
const eventTypes = ['Created', 'Updated', 'Deleted'].flatMap((what) => [
  `Microsoft.HealthcareApis.FhirResource${what}`,
  `Microsoft.HealthcareApis.DicomImage${what}`,
]);

export const systemTopic: Kind = {
  kind: 'eventgrid:SystemTopic',
  armType: 'Microsoft.EventGrid/systemTopics',
  id: inGroup('Microsoft.EventGrid/systemTopics/{systemTopicName}'),
  name: { min: 3, max: 50, pattern: /^[A-Za-z0-9-]+$/, allowed: 'letters, digits and hyphens' },
  immutable: ['source', 'topicType'],
  rules: [...identity(), refersTo('source'), typeOfSource, regionOfSource, oneTopic],
  computed: ({ id }) => ({ provisioningState: 'Succeeded', metricResourceId: nameOf(id) }),
};

function typeOfSource(inputs: Properties): Failure[] {
  const [source, given] = [textAt(inputs, 'source'), textAt(inputs, 'topicType')];
  const type = source && armTypeOf(source);
  if (!type || given === undefined) return [];
  const needed = topicTypes[type.toLowerCase()];
  if (needed?.toLowerCase() === given.toLowerCase()) return [];
  const reason = needed
    ? `topicType is '${given}'; a topic on a ${type} has '${needed}'.`
    : `a topic on a ${type} is not among those that the local cloud knows: ${Object.values(topicTypes).join(', ')}.`;
  return [{ property: 'topicType', reason }];
}

/** Learn: a system topic lies where its source lies. */
function regionOfSource(inputs: Properties, { resources }: Surroundings): Failure[] {
  const plain = (region: unknown) => String(region).toLowerCase().replaceAll(' ', '');
  const region = textAt(resources.get(textAt(inputs, 'source') ?? '')?.inputs, 'location');
  const own = textAt(inputs, 'location');
  if (region === undefined || own === undefined || plain(region) === plain(own)) return [];
  return [
    { property: 'location', reason: `location is '${own}'; the topic must lie with its source, in '${region}'.` },
  ];
}

/** Learn: one system topic for a source. */
function oneTopic(inputs: Properties, { resources, id, current }: Surroundings): Failure[] {
  const source = textAt(inputs, 'source')?.toLowerCase();
  if (!source || current) return [];
  const other = resources
    .list('eventgrid:SystemTopic')
    .find((topic) => textAt(topic.inputs, 'source')?.toLowerCase() === source && topic.id !== id);
  return other ? [{ property: 'source', reason: `'${source}' has the system topic '${other.id}' already.` }] : [];
}

export const systemTopicEventSubscription: Kind = {
  kind: 'eventgrid:SystemTopicEventSubscription',
  armType: 'Microsoft.EventGrid/systemTopics/eventSubscriptions',
  id: inGroup('Microsoft.EventGrid/systemTopics/{systemTopicName}/eventSubscriptions/{eventSubscriptionName}'),
  name: { min: 3, max: 64, pattern: /^[A-Za-z0-9-]+$/, allowed: 'letters, digits and hyphens' },
  rules: [
    byIdentity,
    refersTo('deliveryWithResourceIdentity.destination.resourceId', 'Microsoft.EventHub/namespaces/eventhubs'),
    refersTo(
      'deliveryWithResourceIdentity.identity.userAssignedIdentity',
      'Microsoft.ManagedIdentity/userAssignedIdentities',
    ),
    identityOfTopic,
    oneOf('filter.includedEventTypes[]', eventTypes, 'Learn: events of Azure Health Data Services'),
    oneOf('eventDeliverySchema', ['EventGridSchema'], 'the local cloud sends no other schema'),
    range('retryPolicy.maxDeliveryAttempts', 1, 30, 'Learn: Event Grid message delivery and retry'),
    range('retryPolicy.eventTimeToLiveInMinutes', 1, 1440, 'Learn: Event Grid message delivery and retry'),
    noAdvancedFilters,
  ],
  defaults: () => ({
    eventDeliverySchema: 'EventGridSchema',
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 },
  }),
  computed: ({ id }) => ({ provisioningState: 'Succeeded', topic: parentId(id) }),
};

/** The local cloud delivers by identity to event hubs. Azure knows other ways and targets. */
function byIdentity(inputs: Properties): readonly Failure[] {
  const path = 'deliveryWithResourceIdentity';
  const given = valueAt(inputs, 'destination') !== undefined;
  if (given || (valueAt(inputs, path) === undefined && !isUnknownAt(inputs, path))) {
    const what = given ? 'destination is given' : `${path} is missing`;
    return [{ property: given ? 'destination' : path, reason: `${what}; the local cloud delivers by ${path} only.` }];
  }
  return oneOf(
    `${path}.destination.endpointType`,
    ['EventHub'],
    'the local cloud delivers to event hubs',
  )(inputs, {} as Surroundings);
}

function identityOfTopic(inputs: Properties, { id, resources }: Surroundings): Failure[] {
  const path = 'deliveryWithResourceIdentity.identity';
  const topic = id && resources.get(parentId(id) ?? '');
  if (!topic) return [];
  const attached = identityIds(valueAt(topic.inputs, 'identity.userAssignedIdentities')).map((attachedId) =>
    String(attachedId).toLowerCase(),
  );
  const used = textAt(inputs, `${path}.userAssignedIdentity`);
  if (used !== undefined && !attached.includes(used.toLowerCase())) {
    const reason = `identity '${used}' is not attached to the system topic '${topic.id}'; list it there.`;
    return [{ property: `${path}.userAssignedIdentity`, reason }];
  }
  const own = textAt(topic.inputs, 'identity.type')?.includes('SystemAssigned') ?? false;
  if (textAt(inputs, `${path}.type`) !== 'SystemAssigned' || own) return [];
  return [{ property: `${path}.type`, reason: `the system topic '${topic.id}' has no system-assigned identity.` }];
}

function noAdvancedFilters(inputs: Properties): Failure[] {
  return valuesAt(inputs, 'filter.advancedFilters[]').map(({ path }) => ({
    property: path,
    reason: `${last(path)} is not among the filters that the local cloud knows: event types and the subject's beginning and end.`,
  }));
}
