import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs';
import { ManagedIdentityCredential } from '@azure/identity';

/** The client itself gives up soon: a step holds its partition and says so (see hold), a command says why and ends. */
export const retryOptions = { maxRetries: 2, retryDelayInMs: 200, timeoutInMs: 15_000 };

/** Writes an event hub as the user-assigned identity of that client id. */
export function hubProducer(namespace: string, hub: string, clientId: string): EventHubProducerClient {
  return new EventHubProducerClient(namespace, hub, new ManagedIdentityCredential({ clientId }), { retryOptions });
}

/** Reads an event hub's properties as the user-assigned identity of that client id, which may receive from it. */
export function hubReader(
  namespace: string,
  hub: string,
  consumerGroup: string,
  clientId: string,
): EventHubConsumerClient {
  return new EventHubConsumerClient(consumerGroup, namespace, hub, new ManagedIdentityCredential({ clientId }), {
    retryOptions,
  });
}
