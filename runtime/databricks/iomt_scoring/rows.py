"""What a batch of `enriched` holds: measurements, presence and clock marks (contracts/enriched.ts), told apart by `kind`."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from .lengths import Lengths

VITALS = (
    "heartRate",
    "respirationRate",
    "oxygenSaturation",
    "systolicBloodPressure",
    "diastolicBloodPressure",
    "temperature",
    "consciousness",
    "supplementalOxygen",
)

SAMPLES = "array<struct<vital string, value double, priority int, spot boolean, rejected string>>"
MESSAGE = f"""
  kind string, patient string, time string, arrival long, late boolean, key string, source string, samples {SAMPLES},
  context string, event string, resource string, sources int
"""
"""`time` is a number in data and a text in clock marks; `context` stays the JSON that it is."""


def parsed(batch: DataFrame) -> DataFrame:
    """
    :param batch: `value` (JSON), `partition` and `offset`, as they come from Kafka
    :return: the members of all messages; `kind` is null where a message is none
    """
    text = F.col("value").cast("string")
    return batch.select(
        "partition", "offset", text.alias("text"), F.from_json(text, MESSAGE).alias("message")
    ).select("partition", "offset", "text", "message.*")


def measurements(messages: DataFrame, lengths: Lengths) -> DataFrame:
    """Measurements with their window; `key` in the 14 bytes that it stands for, which sort as the text does."""
    return (
        messages.where("kind = 'measurement' and patient is not null and length(key) = 28")
        .withColumn("time", F.col("time").cast("long"))
        .select(
            lengths.start_column(F.col("time")).alias("start"),
            "patient",
            "late",
            "time",
            F.unhex("key").alias("key"),
            F.col("source").alias("origin"),
            "samples",
            "context",
        )
    )


def presence(messages: DataFrame, lengths: Lengths) -> DataFrame:
    """Starts and ends of observation, with the window that each first counts in."""
    return (
        messages.where("kind = 'presence' and patient is not null")
        .withColumn("time", F.col("time").cast("long"))
        .select(lengths.start_column(F.col("time")).alias("start"), "patient", "event", "resource", "key", "text")
        .dropDuplicates(["patient", "event", "resource", "key"])
    )


@dataclass(frozen=True)
class Mark:
    partition: int
    source: str
    sources: int
    time: int


@dataclass(frozen=True)
class Summary:
    """Of a batch, small enough for the driver. No patient is in it."""

    counts: dict[str, int]
    """Messages by kind; `unreadable` are none. `late` are measurements among them, `samples` the values in these."""
    offsets: dict[int, tuple[int, int, int]]
    """By partition: first and last offset, and how many messages."""
    marks: tuple[Mark, ...]
    """The greatest of each partition and source."""
    starts: tuple[int, ...]
    """Of windows that measurements fall into."""


def summary(messages: DataFrame, lengths: Lengths) -> Summary:
    """One pass over the batch, a few rows a partition."""
    mark_time = F.unix_millis(F.to_timestamp(F.when(F.col("kind") == "clockMark", F.col("time"))))
    start = F.when(F.col("kind") == "measurement", F.col("time").cast("long"))
    rows = (
        messages.withColumn("mark", mark_time)
        .withColumn("moment", start)
        .withColumn("of", F.when(F.col("kind") == "clockMark", F.col("source")))
        .groupBy("partition", "kind", "of", "sources")
        .agg(
            F.count("*").alias("messages"),
            F.min("offset").alias("first"),
            F.max("offset").alias("last"),
            F.max("mark").alias("mark"),
            F.sum(F.col("late").cast("int")).alias("late"),
            F.sum(F.when(F.col("kind") == "measurement", F.size("samples"))).alias("samples"),
            F.collect_set(lengths.start_column(F.col("moment"))).alias("starts"),
        )
        .collect()
    )
    counts = {"measurement": 0, "presence": 0, "clockMark": 0, "unreadable": 0, "late": 0, "samples": 0}
    offsets: dict[int, tuple[int, int, int]] = {}
    for row in rows:
        counts[row.kind if row.kind in counts else "unreadable"] += row.messages
        counts["late"] += row.late or 0
        counts["samples"] += row.samples or 0
        first, last, messages_before = offsets.get(row.partition, (row.first, row.last, 0))
        offsets[row.partition] = (min(first, row.first), max(last, row.last), messages_before + row.messages)
    marks = tuple(Mark(row.partition, row.of, row.sources, row.mark) for row in rows if _is_mark(row))
    starts = sorted({start for row in rows for start in row.starts})
    return Summary(counts, offsets, marks, tuple(starts))


def _is_mark(row) -> bool:
    return row.kind == "clockMark" and row.of is not None and row.sources is not None and row.mark is not None
