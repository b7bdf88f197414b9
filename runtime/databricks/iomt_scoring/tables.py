"""The Delta tables of the job, and what keeps them small."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

SLOTS = """
  start long, patient string, late boolean, kind byte, vital byte, slot long, item string, priority int, time long,
  key binary, value double, source byte, tails array<binary>, text string, generation int, batch long
"""
PRESENCE = """
  start long, patient string, event string, resource string, key string, text string, generation int, batch long
"""
STEPPED = "start long, patient string, version int, revision int, published boolean, content string, state string"
"""Of the table of results what the workers make. JSON texts are the kernel's own."""
RESULTS = f"{STEPPED}, generation int, batch long"
LENGTHS = "since long, length long"
PROGRESS = "generation int, batch long, closedUntil long, marks string, offsets string"

PROPERTIES = {
    # A few commits in every batch: a month of them would be read at every start.
    "delta.logRetentionDuration": "interval 1 day",
    "delta.deletedFileRetentionDuration": "interval 1 day",
    "delta.checkpointInterval": "50",
}

SKIPPED_BY = ("start", "slot", "generation", "batch")
"""Columns that are asked for, of which files have statistics: those of texts would only make the log long."""


@dataclass(frozen=True)
class Tables:
    """Paths in the lake. `slots` and `results` lie in a folder a window, so that one is read and dropped at once."""

    lake: str

    @property
    def slots(self) -> str:
        return f"{self.lake}/tables/slots"

    @property
    def presence(self) -> str:
        return f"{self.lake}/tables/presence"

    @property
    def results(self) -> str:
        return f"{self.lake}/tables/results"

    @property
    def lengths(self) -> str:
        return f"{self.lake}/tables/lengths"

    @property
    def progress(self) -> str:
        return f"{self.lake}/tables/progress"

    @property
    def all(self) -> tuple[str, ...]:
        return (self.slots, self.presence, self.results, self.lengths, self.progress)

    def checkpoint(self, generation: int) -> str:
        return f"{self.lake}/checkpoints/{generation}"


def create(spark: SparkSession, tables: Tables) -> None:
    """Makes the tables that are not there."""
    _create(spark, tables.slots, SLOTS, by_window=True)
    _create(spark, tables.presence, PRESENCE, by_window=False)
    _create(spark, tables.results, RESULTS, by_window=True)
    _create(spark, tables.lengths, LENGTHS, by_window=False)
    _create(spark, tables.progress, PROGRESS, by_window=False)


def _create(spark: SparkSession, path: str, columns: str, by_window: bool) -> None:
    names = [column.split()[0] for column in columns.split(",")]
    told_apart_by = [name for name in SKIPPED_BY if name in names and not (by_window and name == "start")]
    properties = {**PROPERTIES, "delta.dataSkippingStatsColumns": ",".join(told_apart_by)}
    texts = ", ".join(f"'{name}' = '{value}'" for name, value in properties.items())
    layout = "PARTITIONED BY (start)" if by_window else ""
    spark.sql(f"CREATE TABLE IF NOT EXISTS delta.`{path}` ({columns}) USING DELTA {layout} TBLPROPERTIES ({texts})")


def read(spark: SparkSession, path: str) -> DataFrame:
    return spark.read.format("delta").load(path)


@dataclass(frozen=True)
class Cause:
    """Which batch of which generation: what it writes is written once, and found again by it."""

    generation: int
    batch: int

    def columns(self) -> tuple:
        return (F.lit(self.generation).cast("int").alias("generation"), F.lit(self.batch).cast("long").alias("batch"))

    def once(self) -> dict[str, object]:
        """Delta leaves out a write that it has already; a new checkpoint counts from 0 again, so it is another writer."""
        return {"txnAppId": f"iomt-scoring-{self.generation}", "txnVersion": self.batch}


def since(cause: Cause | None):
    """Condition: rows that were written after a batch was done; all of them before the first one."""
    if cause is None:
        return F.lit(True)
    generation, batch = F.col("generation"), F.col("batch")
    return (generation > cause.generation) | ((generation == cause.generation) & (batch > cause.batch))
