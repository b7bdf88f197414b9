"""Sends and receives with the azure-eventhub SDK. Usage: host hub authority-pem token; prints one JSON line."""

import json
import sys
import threading
import time

from azure.core.credentials import AccessToken
from azure.eventhub import EventData, EventHubConsumerClient, EventHubProducerClient, TransportType
from azure.eventhub.exceptions import EventHubError

host, hub, authority, token = sys.argv[1:5]


class StaticCredential:
    def get_token(self, *scopes, **kwargs):
        return AccessToken(token, int(time.time()) + 3000)


options = {
    # The SDK takes a port from the custom endpoint alone, for which WebSockets are its default.
    "fully_qualified_namespace": host,
    "custom_endpoint_address": f"sb://{host}",
    "transport_type": TransportType.Amqp,
    "eventhub_name": hub,
    "credential": StaticCredential(),
    "connection_verify": authority,
    "retry_total": 0,
}
sent = [f"reading {number}" for number in range(50)]
received = []
all_here = threading.Event()


def on_event(context, event):
    received.append(
        {
            "body": event.body_as_str(),
            "device": event.properties[b"device"].decode(),
            "key": event.partition_key.decode(),
            "sequence": event.sequence_number,
            "size": event.properties[b"size"],
        }
    )
    if len(received) == len(sent):
        all_here.set()


def main():
    with EventHubProducerClient(**options) as producer:
        partitions = producer.get_partition_ids()
        batch = producer.create_batch(partition_key="dev-1")
        for text in sent:
            event = EventData(text)
            event.properties = {"device": "dev-1", "size": 2**30}
            batch.add(event)
        producer.send_batch(batch)
        last = sum(producer.get_partition_properties(p)["last_enqueued_sequence_number"] + 1 for p in partitions)
    consumer = EventHubConsumerClient(consumer_group="$Default", **options)
    receiver = threading.Thread(target=consumer.receive, args=(on_event,), kwargs={"starting_position": "-1"})
    receiver.start()
    all_here.wait(30)
    consumer.close()
    receiver.join()
    return {"partitions": partitions, "enqueued": last, "received": received}


try:
    print(json.dumps(main()))
except EventHubError as error:
    print(json.dumps({"error": type(error).__name__, "message": str(error)}))
