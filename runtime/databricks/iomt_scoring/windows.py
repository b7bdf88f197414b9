"""Which windows are to be stepped, and what the kernel must be given for them: one Spark plan, a row of results each."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from . import slots
from .lengths import Lengths
from .progress import Progress
from .tables import Tables, read, since

PRESENCE, RESULT, BASELINE, REPAIR = 3, 4, 5, 6
"""`kind` of rows beside those of the slots."""

FIRST, AGAIN = 0, 1
"""`view`: rows of a window's first scoring, and all that is known of it."""

_PAYLOAD = ("view", *slots.PLACE, *slots.HELD)


@dataclass(frozen=True)
class Plan:
    """Windows in [first_from, until) are due for the first time; before `until` there may be some to repair."""

    first_from: int
    until: int
    repair_from: int | None = None
    baseline_versions: tuple[str, ...] = ()
    """Of those that the windows ask for, the ones that are there."""

    @property
    def starts_at(self) -> int:
        return self.first_from if self.repair_from is None else min(self.first_from, self.repair_from)

    @property
    def is_empty(self) -> bool:
        return self.first_from >= self.until and self.repair_from is None


@dataclass(frozen=True)
class News:
    """What a batch has brought into the table of slots."""

    changed: int
    repair_from: int | None


class Closing:
    """Of one batch."""

    def __init__(self, spark: SparkSession, tables: Tables, lengths: Lengths, before: Progress, oldest: int) -> None:
        self._spark = spark
        self._tables = tables
        self._slots = read(spark, tables.slots)
        self._lengths = lengths
        self._is_new = since(before.cause)
        self._oldest = oldest

    def first_start(self) -> int | None:
        """Of the first window ever: before it nothing is known of anybody."""
        first = (table.agg(F.min("start")).first()[0] for table in (self._slots, read(self._spark, self._tables.presence)))
        return min((start for start in first if start is not None), default=None)

    def news(self, plan: Plan) -> News:
        changed = F.count_if(self._is_new & F.col("kind").isin(slots.SLOT, slots.REJECTED))
        first = F.min(F.when(self._triggers(plan), F.col("start")))
        found = self._slots.where(self._is_new | self._is_due(plan)).agg(changed, first).first()
        return News(found[0], found[1])

    def _is_due(self, plan: Plan) -> Column:
        return (F.col("start") >= plan.first_from) & (F.col("start") < plan.until)

    def _triggers(self, plan: Plan) -> Column:
        """Condition: rows that the first scoring of their window did not see."""
        closed_before = (F.col("start") < plan.first_from) & (F.col("start") >= self._oldest)
        return (self._is_due(plan) & F.col("late")) | (closed_before & self._is_new)

    def rows(self, plan: Plan, baselines: DataFrame | None) -> DataFrame:
        """All that the workers need, in the columns of the slots, a patient's in one partition. They are merged there."""
        start = F.col("start")
        due = self._is_due(plan)
        parts = [
            self._held(self._slots.where(due & ~F.col("late")), FIRST),
            self._presence().where(due),
            self._results(read(self._spark, self._tables.results).where(start == self._lengths.before(plan.first_from))),
        ]
        if plan.repair_from is not None:
            parts += self._repairs(plan)
        if baselines is not None:
            parts.append(baselines)
        together = parts[0]
        for part in parts[1:]:
            together = together.unionByName(part)
        return together.repartition(self._buckets(plan), "patient")

    def _buckets(self, plan: Plan) -> int:
        """A worker holds a bucket at once: after a long stand the buckets become more, not larger."""
        at_once = int(self._spark.conf.get("spark.sql.shuffle.partitions"))
        windows = (plan.until - plan.starts_at) // self._lengths.newest
        return at_once * max(1, -(-windows // 24))

    def _repairs(self, plan: Plan) -> list[DataFrame]:
        triggers = self._slots.where(self._triggers(plan)).select("patient", "start").distinct()
        patients = F.broadcast(triggers.groupBy("patient").agg(F.min("start").alias("from")))
        start = F.col("start")
        closed = (start >= plan.repair_from) & (start < plan.until)

        def of_patients(rows: DataFrame, first: Column = F.col("from")) -> DataFrame:
            return rows.join(patients, "patient").where(start >= first).drop("from")

        earlier = (start >= self._lengths.before(plan.repair_from)) & (start < plan.until)
        window_before = self._lengths.start_column(F.col("from") - 1)
        results = of_patients(read(self._spark, self._tables.results).where(earlier), window_before)
        return [
            self._held(of_patients(self._slots.where(closed)), AGAIN),
            of_patients(self._presence().where(closed)),
            self._results(results),
            _other(triggers, REPAIR),
        ]

    def _held(self, rows: DataFrame, view: int) -> DataFrame:
        return rows.withColumn("view", F.lit(view).cast("byte")).select(*_PAYLOAD)

    def _presence(self) -> DataFrame:
        item = F.concat_ws(" ", "event", "resource", "key")
        return _other(read(self._spark, self._tables.presence), PRESENCE, F.col("text"), item)

    def _results(self, rows: DataFrame) -> DataFrame:
        newest = rows.groupBy("start", "patient").agg(
            F.max_by(F.struct("version", "revision", "content", "state"), "version").alias("held")
        )
        # JSON has no line breaks.
        lines = [F.coalesce(F.col(f"held.{name}").cast("string"), F.lit("")) for name in _RESULT_LINES]
        return _other(newest, RESULT, F.concat_ws("\n", *lines))


_RESULT_LINES = ("version", "revision", "content", "state")


def _other(rows: DataFrame, kind: int, text=None, item=None) -> DataFrame:
    """A row that is no slot's, in the same columns."""
    return rows.select(
        F.lit(0).cast("byte").alias("view"),
        "start",
        F.lit(0).cast("long").alias("slot"),
        F.lit(0).cast("byte").alias("vital"),
        F.lit(kind).cast("byte").alias("kind"),
        "patient",
        (F.lit("") if item is None else item).alias("item"),
        F.lit(0).alias("priority"),
        F.lit(0).cast("long").alias("time"),
        F.lit(None).cast("binary").alias("key"),
        F.lit(None).cast("double").alias("value"),
        F.lit(None).cast("byte").alias("source"),
        F.lit(None).cast("array<binary>").alias("tails"),
        (F.lit(None).cast("string") if text is None else text).alias("text"),
    )


def baseline_rows(files: DataFrame) -> DataFrame:
    """
    :param files: `version` and `text` of baseline files
    :return: a row a patient and version, the version in `item`, the baseline as JSON in `text`
    """
    patients = F.from_json("text", "patients map<string, string>").getField("patients")
    exploded = files.select("version", F.explode(patients).alias("patient", "baseline"), F.lit(0).cast("long").alias("start"))
    return _other(exploded, BASELINE, F.col("baseline"), F.col("version"))
