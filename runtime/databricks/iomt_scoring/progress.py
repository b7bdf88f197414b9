"""Which batch was the last that is done, and how far it came: what the next one, of whichever generation, goes on from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from pyspark.sql import SparkSession

from .marks import Marks
from .tables import PROGRESS, Cause, Tables, read


@dataclass(frozen=True)
class Progress:
    cause: Cause | None = None
    """None: nothing is done yet."""
    closed_until: int | None = None
    """End of the last closed window, in milliseconds."""
    marks: Marks = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)
    """By partition of `enriched`: the first offset that has not been read."""


class GenerationError(ValueError):
    """The job's generation is older than what the tables hold."""


class ProgressTable:
    """Two rows: of the last batch, and of the one before, from which a batch is done again that is done but not checkpointed."""

    def __init__(self, tables: Tables) -> None:
        self._path = tables.progress
        self._rows: list[Progress] | None = None

    def before(self, spark: SparkSession, cause: Cause) -> Progress:
        """
        :raises GenerationError: when a later generation has written already
        """
        rows = self._all(spark)
        newest = max((row.cause.generation for row in rows), default=cause.generation)
        if newest > cause.generation:
            raise GenerationError(
                f"The parameter generation is {cause.generation}, but generation {newest} has written into the lake already; "
                f"it must be {newest} or greater."
            )
        earlier = [row for row in rows if _place(row.cause) < _place(cause)]
        return max(earlier, key=lambda row: _place(row.cause), default=Progress())

    def done(self, spark: SparkSession, before: Progress, now: Progress) -> None:
        kept = [progress for progress in (before, now) if progress.cause is not None]
        (
            spark.createDataFrame([_to_row(progress) for progress in kept], PROGRESS)
            .coalesce(1)
            .write.format("delta")
            .mode("overwrite")
            .options(**now.cause.once())
            .save(self._path)
        )
        self._rows = kept

    def _all(self, spark: SparkSession) -> list[Progress]:
        if self._rows is None:
            self._rows = [_from_row(row) for row in read(spark, self._path).collect()]
        return self._rows


def _place(cause: Cause | None) -> tuple[int, int]:
    return (-1, -1) if cause is None else (cause.generation, cause.batch)


def _from_row(row) -> Progress:
    return Progress(Cause(row.generation, row.batch), row.closedUntil, json.loads(row.marks), json.loads(row.offsets))


def _to_row(progress: Progress) -> tuple:
    return (
        progress.cause.generation,
        progress.cause.batch,
        progress.closed_until,
        json.dumps(progress.marks),
        json.dumps(progress.offsets),
    )
