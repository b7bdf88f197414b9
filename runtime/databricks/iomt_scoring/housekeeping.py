"""What keeps the tables small, by the time of the stream: often, every hour, and every day."""

from __future__ import annotations

from pyspark.sql import SparkSession

from . import slots
from .parameters import Parameters
from .progress import Progress
from .tables import Tables

HOUR = 3_600_000
DAY = 24 * HOUR


class Housekeeping:
    """Done after a batch, between two of them: it takes seconds, except for the daily part, which lists all files."""

    def __init__(self, tables: Tables, parameters: Parameters) -> None:
        self._tables = tables
        self._retention = parameters.retention_days * DAY

    def after(self, spark: SparkSession, before: Progress, now: Progress) -> None:
        if now.closed_until is None:
            return
        if now.cause.batch % slots.COMPACT_EVERY == slots.COMPACT_EVERY - 1:
            slots.compact_open(spark, self._tables, now.closed_until, now.cause)
        if before.closed_until is None:
            return
        if before.closed_until // HOUR != now.closed_until // HOUR:
            self._join_files(spark, before.closed_until // HOUR * HOUR, now.closed_until // HOUR * HOUR)
        if before.closed_until // DAY != now.closed_until // DAY:
            self._drop(spark, now.closed_until - self._retention)

    def _join_files(self, spark: SparkSession, start: int, end: int) -> None:
        """Of windows that are closed: a file for each, in which every batch had left one."""
        spark.sql(f"OPTIMIZE delta.`{self._tables.slots}` WHERE start >= {start} AND start < {end}")

    def _drop(self, spark: SparkSession, oldest: int) -> None:
        for path in (self._tables.slots, self._tables.results):
            spark.sql(f"DELETE FROM delta.`{path}` WHERE start < {oldest}")
        for path in self._tables.all:
            spark.sql(f"VACUUM delta.`{path}`")
