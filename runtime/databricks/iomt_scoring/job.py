"""The job's entry point: one stream from `enriched` to `scored`."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Callable, Mapping

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming import StreamingQuery

from . import eventhubs, tables
from .batch import Batches, Send
from .parameters import ParameterError, Parameters, parse
from .progress import ProgressTable
from .tables import Cause, Tables

Source = Callable[[SparkSession, Mapping[str, int]], DataFrame]
"""A stream of `value`, `partition`, `offset`, from the offsets on if there is no checkpoint."""

SESSION = {
    # So many patients and windows are grouped in memory; slots are more, and are sorted.
    "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "50000",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
    "spark.sql.session.timeZone": "UTC",
}

SERVERLESS_SESSION = {"spark.sql.session.timeZone": "UTC"}
"""Serverless compute lets a job set few properties, and the others only make it faster."""


def main() -> None:
    parameters = parse(sys.argv[1:])
    spark = SparkSession.builder.getOrCreate()
    start(
        spark,
        parameters,
        lambda session, offsets: eventhubs.enriched(session, parameters, offsets),
        lambda messages: eventhubs.send(messages, parameters),
    ).awaitTermination()


def start(spark: SparkSession, parameters: Parameters, source: Source, send: Send) -> StreamingQuery:
    """Goes on where the generation's checkpoint is; a new generation goes on where the one before has ended."""
    if parameters.model is not None and find_spec("onnxruntime") is None:
        raise ParameterError("The parameter model names an ONNX file, but the package onnxruntime is not a library of the job.")
    lake = Tables(parameters.lake)
    for name, value in (SERVERLESS_SESSION if parameters.ends_when_done else SESSION).items():
        spark.conf.set(name, value)
    tables.create(spark, lake)
    last = ProgressTable(lake).before(spark, Cause(parameters.generation, 0))
    return (
        source(spark, last.offsets)
        .writeStream.queryName("iomt-scoring")
        .foreachBatch(Batches(parameters, lake, send))
        .option("checkpointLocation", lake.checkpoint(parameters.generation))
        .trigger(**_trigger(parameters))
        .start()
    )


def _trigger(parameters: Parameters) -> dict[str, object]:
    """Serverless compute knows no trigger by time: what is there is scored, and the job, being continuous, begins again."""
    if parameters.ends_when_done:
        return {"availableNow": True}
    return {"processingTime": f"{parameters.trigger_seconds} seconds"}
