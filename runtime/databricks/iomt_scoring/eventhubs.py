"""The Kafka endpoint of Event Hubs: where batches come from, and where results go."""

from __future__ import annotations

import json
from typing import Mapping

from pyspark.sql import DataFrame, SparkSession

from .parameters import Parameters

MOST_MESSAGES = 400_000
"""In one batch: after a long stand there are several instead of one that takes hours."""

EARLIEST = -2
"""What the Kafka source calls the first offset that is there."""


def connection(parameters: Parameters) -> dict[str, str]:
    """Who connects is Unity Catalog's: with a service credential it sets the protocol and the token itself."""
    options = {"kafka.bootstrap.servers": parameters.bootstrap_servers}
    if parameters.service_credential:
        options["databricks.serviceCredential"] = parameters.service_credential
    return options


def enriched(spark: SparkSession, parameters: Parameters, offsets: Mapping[str, int]) -> DataFrame:
    """
    :param offsets: by partition, where a new checkpoint starts; one that has a checkpoint goes on from that. Partitions of which
      nothing is known start with the first message that is there.

    Messages that the hub has dropped already do not stop the job: patients that are measured now would be without a score.
    What is missing is counted (`missing` in the line of a batch), and is in what was captured.
    """
    start = {str(partition): offsets.get(str(partition), EARLIEST) for partition in range(parameters.enriched_partitions)}
    return (
        spark.readStream.format("kafka")
        .options(**connection(parameters))
        .option("subscribe", parameters.enriched)
        .option("startingOffsets", json.dumps({parameters.enriched: start}))
        .option("failOnDataLoss", "false")
        .option("maxOffsetsPerTrigger", MOST_MESSAGES)
        .load()
    )


def send(messages: DataFrame, parameters: Parameters) -> None:
    """Returns when the hub has taken them all."""
    messages.write.format("kafka").options(**connection(parameters)).option("topic", parameters.scored).save()
