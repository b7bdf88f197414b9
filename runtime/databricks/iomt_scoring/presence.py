"""Who is under observation: starts and ends, kept once each, with the window that takes them up."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from .lengths import Lengths
from .tables import Cause, Tables, read

SAME = ["patient", "event", "resource", "key"]


def write_new(spark: SparkSession, tables: Tables, given: DataFrame, closed_until: int, cause: Cause) -> None:
    """
    Appends what is not there yet. An event of a window that is closed counts from the next one on; a window is not scored again
    for it.
    """
    known = read(spark, tables.presence).select(*SAME)
    (
        given.join(known, SAME, "left_anti")
        .withColumn("start", F.greatest(F.col("start"), F.lit(closed_until)))
        .select("start", "patient", "event", "resource", "key", "text", *cause.columns())
        .coalesce(1)
        .write.format("delta")
        .mode("append")
        .options(**cause.once())
        .save(tables.presence)
    )


def move_open(spark: SparkSession, tables: Tables, open_from: int, lengths: Lengths) -> None:
    """Puts the events that no closed window has taken up into the windows of another length."""
    time = F.get_json_object("text", "$.time").cast("long")
    (
        read(spark, tables.presence)
        .where(F.col("start") >= open_from)
        .withColumn("start", lengths.start_column(F.greatest(time, F.lit(open_from))))
        .coalesce(1)
        .write.format("delta")
        .mode("overwrite")
        .option("replaceWhere", f"start >= {open_from}")
        .save(tables.presence)
    )
