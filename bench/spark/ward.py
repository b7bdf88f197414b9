"""Measurements of a ward as `rows.parsed` gives them, in Parquet: shuffled, one in ten twice."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

WINDOW = 300_000
START = 1_767_700_800_000
VITALS = (
    "heartRate",
    "respirationRate",
    "oxygenSaturation",
    "systolicBloodPressure",
    "temperature",
    "consciousness",
    "supplementalOxygen",
)
"""Each once in so many seconds, so that NEWS2 is complete."""
EVERY_SECONDS = 60

CONTEXT = (
    '{"oxygenSaturationScale":null,"supplementalOxygen":null,"underSixteen":{"value":false,"resource":"Patient/p","code":"birthDate",'
    '"date":null,"validUntil":null},"pregnant":{"value":false,"resource":"Observation/p","code":"c","date":null,'
    '"validUntil":null},"spinalCordInjury":null,"limitsOfTreatment":null}'
)


def measurements(spark: SparkSession, patients: int, windows: int, every_seconds: float = EVERY_SECONDS) -> DataFrame:
    """A message for each vital and time, in the columns of `rows.MESSAGE`."""
    times = round(windows * WINDOW / 1000 / every_seconds)
    one = spark.range(patients * times * len(VITALS)).withColumn("vital", (F.col("id") % len(VITALS)).cast("int"))
    at = F.floor(F.col("id") / len(VITALS))
    time = F.lit(START) + (F.floor(at / patients) * F.lit(every_seconds * 1000)).cast("long")
    one = one.withColumn("patient", F.format_string("patient-%05d", at % patients)).withColumn("moment", time)
    key = F.concat(F.lit("0" * 12), F.substring(F.sha2(F.col("id").cast("string"), 256), 1, 16))
    sample = F.struct(
        F.element_at(F.array(*[F.lit(name) for name in VITALS]), F.col("vital") + 1).alias("vital"),
        _value().alias("value"),
        F.lit(0).alias("priority"),
        F.when(F.col("vital").isin(3, 4), True).alias("spot"),
        F.lit(None).cast("string").alias("rejected"),
    )
    return one.select(
        F.lit("measurement").alias("kind"),
        "patient",
        F.col("moment").cast("string").alias("time"),
        F.lit(False).alias("late"),
        key.alias("key"),
        F.when(F.col("vital") >= 5, "charted").otherwise("device").alias("source"),
        F.array(sample).alias("samples"),
        F.lit(CONTEXT).alias("context"),
    )


def _value():
    random = F.pmod(F.xxhash64("id"), F.lit(1000)) / 1000
    vital = F.col("vital")
    least = F.element_at(F.array(*[F.lit(value) for value in (45.0, 9.0, 88.0, 85.0, 35.5, 0.0, 0.0)]), vital + 1)
    width = F.element_at(F.array(*[F.lit(value) for value in (80.0, 18.0, 12.0, 90.0, 4.0, 0.0, 0.0)]), vital + 1)
    return F.round(least + width * random, 1)


def with_duplicates(rows: DataFrame) -> DataFrame:
    """One in ten twice, all in an order that has nothing to do with time."""
    again = rows.where(F.pmod(F.xxhash64("key"), F.lit(10)) == 0)
    return rows.unionByName(again).repartition(4, F.rand(1)).sortWithinPartitions(F.rand(2))
