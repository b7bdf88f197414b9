"""
What open and closed windows hold: one row a slot, one a rejected sample, one a patient's newest context. The table is a log
of such rows: a later row of the same slot replaces nothing, it is merged when read. Merging depends neither on order nor on
how often a row is there, so that duplicates change nothing and a batch that is done again adds nothing.
"""

from __future__ import annotations

from typing import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from .lengths import Lengths
from .parameters import KernelTimes
from .rows import VITALS
from .tables import Cause, Tables, read

SLOT, REJECTED, CONTEXT = 0, 1, 2
"""`kind` of a row."""

MOST_SAMPLES = 16
"""Distinct samples that a slot can tell apart, its own one included (kernelTypes.ts)."""

PLACE = ("start", "slot", "vital", "kind", "patient", "item")
"""What a row is about; `slot` and `vital` are 0 and `item` empty where they say nothing."""
HELD = ("priority", "time", "key", "value", "source", "tails", "text")

COMPACT_EVERY = 20
"""In every so many batches the rows of open windows are written anew, one a slot: what they hold stays bounded by the slots."""


MANY = 100_000
"""Measurements of a batch from which on it is worth one more pass to compare few contexts."""


def entries(measurements: DataFrame, times: KernelTimes, are_many: bool = False) -> DataFrame:
    """
    A row for each sample and each context.

    :param measurements: as `rows.measurements` gives them
    """
    vital_of = F.create_map(*[part for at, name in enumerate(VITALS) for part in (F.lit(name), F.lit(at).cast("byte"))])
    sample = measurements.select("*", F.explode("samples").alias("sample")).withColumn("vital", vital_of[F.col("sample.vital")])
    reason = F.coalesce("sample.rejected", F.when(F.col("sample.value").isNull(), "unreadable"))
    taken = reason.isNull() | (reason == "enteredInError")
    value = F.when(reason.isNull(), F.col("sample.value"))
    origin = F.when(F.col("origin") == "charted", 2).when(F.col("sample.spot"), 1).otherwise(0)
    samples = sample.where("vital is not null").select(
        "start",
        F.when(taken, F.floor(F.col("time") / times.sample)).otherwise(0).alias("slot"),
        "vital",
        F.when(taken, SLOT).otherwise(REJECTED).cast("byte").alias("kind"),
        "patient",
        F.when(taken, "").otherwise(F.concat_ws(" ", reason, F.hex("key"))).alias("item"),
        "late",
        F.col("sample.priority").alias("priority"),
        "time",
        "key",
        value.alias("value"),
        F.when(taken, origin).cast("byte").alias("source"),
        _no_other(value).alias("tails"),
        F.when(~taken, reason).alias("text"),
    )
    return samples.unionByName(_contexts(_latest(measurements) if are_many else measurements))


OF_CONTEXT = ("start", "patient", "late")


def _latest(measurements: DataFrame) -> DataFrame:
    """Those among which the newest context is: numbers alone are compared several times faster than structs and texts."""
    newest = measurements.groupBy(*OF_CONTEXT).agg(F.max("time").alias("newest"))
    return measurements.join(F.broadcast(newest), list(OF_CONTEXT)).where(F.col("time") == F.col("newest")).drop("newest")


def _contexts(measurements: DataFrame) -> DataFrame:
    """The newest of each window: every measurement has one, and they go no further."""
    newest = F.max(F.struct("time", "key", "context")).alias("newest")
    # With a collection beside it Spark keeps the few groups in memory, and does not sort all rows with their long texts.
    in_memory = F.collect_set(F.lit(None).cast("int")).alias("nothing")
    return measurements.groupBy(*OF_CONTEXT).agg(newest, in_memory).select(
        "start",
        F.lit(0).cast("long").alias("slot"),
        F.lit(0).cast("byte").alias("vital"),
        F.lit(CONTEXT).cast("byte").alias("kind"),
        "patient",
        F.lit("").alias("item"),
        "late",
        F.lit(0).alias("priority"),
        "newest.time",
        "newest.key",
        F.lit(None).cast("double").alias("value"),
        F.lit(None).cast("byte").alias("source"),
        F.lit(None).cast("array<binary>").alias("tails"),
        F.col("newest.context").alias("text"),
    )


def _no_other(value: Column) -> Column:
    """Tails where the sample is the only one: nothing, for its own tail is in its key; without a value it has none."""
    return F.when(value.isNull(), F.array().cast("array<binary>"))


def merged(rows: DataFrame, by: Sequence[str] = PLACE) -> DataFrame:
    """One row a place: the sample of lowest priority number, then greatest time, then greatest key; null beats a value."""
    return rows.groupBy(*by).agg(_winner().alias("held"), _distinct().alias("all")).select(*by, *_held())


def _winner(condition: Column | None = None) -> Column:
    order = F.struct(
        (-F.col("priority")).alias("rank"),
        "time",
        "key",
        F.col("value").isNull().alias("empty"),
        "value",
        "source",
        "text",
    )
    return F.max(order if condition is None else F.when(condition, order))


def _distinct(condition: Column | None = None) -> Column:
    """Tails of the keys of a slot's good samples, the least of them; empty where there is no slot."""
    counted = F.col("kind") == SLOT if condition is None else (F.col("kind") == SLOT) & condition
    tails = F.when(counted, F.coalesce("tails", F.array(F.substring("key", 11, 4))))
    return F.slice(F.array_sort(F.array_distinct(F.flatten(F.collect_list(tails)))), 1, MOST_SAMPLES)


def _held() -> list[Column]:
    others = (F.size("all") > 1) | F.col("held.empty")
    return [
        (-F.col("held.rank")).alias("priority"),
        F.col("held.time").alias("time"),
        F.col("held.key").alias("key"),
        F.col("held.value").alias("value"),
        F.col("held.source").alias("source"),
        F.when((F.col("kind") == SLOT) & others, F.col("all")).alias("tails"),
        F.col("held.text").alias("text"),
    ]


def changes(existing: DataFrame, batch: DataFrame, has_late: bool) -> DataFrame:
    """
    Rows that change what the table holds, merged with it.

    :param existing: rows of the table, of the batch's windows
    :param batch: entries, with `late` false only where a window has not been scored
    :param has_late: whether there may be late ones among them: these are measured against all that is there, the others
        against what a window's first scoring would see
    """
    place = [*PLACE, "late"]
    held = existing.select(*place, *HELD).where(~F.col("late"))
    if has_late:
        held = held.unionByName(existing.select(*place, *HELD).withColumn("late", F.lit(True)))
    both = held.withColumn("isNew", F.lit(False)).unionByName(batch.select(*place, *HELD).withColumn("isNew", F.lit(True)))
    is_old = ~F.col("isNew")
    return (
        both.groupBy(*place)
        .agg(
            F.bool_or("isNew").alias("isTouched"),
            _winner().alias("held"),
            _winner(is_old).alias("heldBefore"),
            _distinct().alias("all"),
            _distinct(is_old).alias("allBefore"),
        )
        .where("isTouched and not (held <=> heldBefore and all <=> allBefore)")
        .select(*place, *_held())
    )


def write_changes(
    spark: SparkSession, tables: Tables, batch: DataFrame, starts: Sequence[int], has_late: bool, cause: Cause
) -> None:
    """Appends what changes a slot, a count or a newest context; nothing else."""
    existing = read(spark, tables.slots).where(F.col("start").isin(list(starts)))
    (
        changes(existing, batch, has_late)
        .select("*", *cause.columns())
        # One file a window.
        .repartition(F.col("start"))
        .write.format("delta")
        .mode("append")
        .options(**cause.once())
        .save(tables.slots)
    )


def compact_open(spark: SparkSession, tables: Tables, open_from: int, cause: Cause) -> None:
    """Writes the rows of open windows anew. Beside it nothing writes into them, and what they say stays the same."""
    place = [*PLACE, "late"]
    open_rows = read(spark, tables.slots).where(F.col("start") >= open_from)
    _replace_open(merged(open_rows.select(*place, *HELD), place).select("*", *cause.columns()), tables, open_from)


def move_open(spark: SparkSession, tables: Tables, open_from: int, lengths: Lengths) -> None:
    """Puts the rows of open windows into the windows of another length; done again it changes nothing."""
    open_rows = read(spark, tables.slots).where(F.col("start") >= open_from)
    moved = open_rows.withColumn("moved", lengths.start_column(F.col("time")))
    is_context = F.col("kind") == CONTEXT
    # Where one window becomes several, each needs a context for the samples that it has.
    places = moved.where(~is_context).select("start", "patient", "moved").distinct()
    contexts = moved.where(is_context)
    of_others = contexts.drop("moved").join(places, ["start", "patient"])
    together = moved.where(~is_context).unionByName(contexts.unionByName(of_others).distinct())
    _replace_open(together.withColumn("start", F.col("moved")).drop("moved").distinct(), tables, open_from)


def _replace_open(rows: DataFrame, tables: Tables, open_from: int) -> None:
    (
        rows.repartition(F.col("start"))
        .write.format("delta")
        .mode("overwrite")
        .option("replaceWhere", f"start >= {open_from}")
        .save(tables.slots)
    )
