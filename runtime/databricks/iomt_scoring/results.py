"""The table of results: a row for each revision of a window, with the patient's state after it."""

from __future__ import annotations

from typing import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from .bucket import Task
from .lengths import Lengths
from .tables import STEPPED, Cause, Tables, read, since


def stepped(rows: DataFrame, task: Task, kernel_host: str) -> DataFrame:
    """
    :param rows: of `windows.Closing.rows`, all of a patient in one partition
    :return: rows of the table of results, without their cause
    """

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from .kernel import kernel
        from .stepping import step

        made = step(batches, task, kernel(kernel_host, task.model))
        if made is not None:
            yield made

    return rows.mapInArrow(work, STEPPED)


def write(results: DataFrame, tables: Tables, cause: Cause) -> None:
    """Appends; a batch that is done again adds nothing."""
    (
        results.select("*", *cause.columns())
        .repartition(F.col("start"))
        .write.format("delta")
        .mode("append")
        .options(**cause.once())
        .save(tables.results)
    )


def unsent(spark: SparkSession, tables: Tables, last_done: Cause | None) -> DataFrame:
    """What has been written since the last batch that is done."""
    return read(spark, tables.results).where(since(last_done))


def counts(rows: DataFrame) -> dict[str, int]:
    """Windows that are to be sent: for the first time, and again."""
    first, again = (F.count_if(F.expr(f"published and revision {which}")) for which in ("= 1", "> 1"))
    found = rows.agg(first, again).first()
    return {"windows": found[0], "repaired": found[1]}


def closed_meanwhile(spark: SparkSession, tables: Tables, last_done: Cause | None, lengths: Lengths) -> int | None:
    """Until where a batch that did not come to its end had closed windows; None when it had not."""
    newest = unsent(spark, tables, last_done).where("version = 1").agg(F.max("start")).first()[0]
    return None if newest is None else lengths.end_of(newest)
