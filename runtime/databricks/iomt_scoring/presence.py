"""Who is under observation: starts and ends, kept once each, with the window that takes them up."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

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
