"""
One open window of a ward, batch by batch through the job's own function: bytes of the table's live data files at the end, as
it stands and after the rows of open windows are written anew; a line of JSON.

    state.py SETTINGS.json (jars, folder, patients, batches, cases)
"""

from __future__ import annotations

import json
import os
import sys

import ward
from iomt_scoring import rows, slots, tables
from iomt_scoring.job import SESSION
from iomt_scoring.lengths import Lengths
from iomt_scoring.parameters import KernelTimes
from iomt_scoring.tables import Cause, Tables
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from spark_session import local_session

with open(sys.argv[1]) as file:
    SETTINGS = json.load(file)

TIMES = KernelTimes(ward.WINDOW, 120_000, 1_000)
LENGTHS = Lengths.always(ward.WINDOW)


def live_bytes(spark: SparkSession, lake: Tables) -> int:
    return spark.sql(f"DESCRIBE DETAIL delta.`{lake.slots}`").select("sizeInBytes").first()[0]


def batches_of(messages: DataFrame, copies: int):
    """In the order of time, each message so many times: half of the copies at once, the others in the next batch."""
    count = SETTINGS["batches"]
    number = F.floor((F.col("time").cast("long") - ward.START) * count / ward.WINDOW)
    for at in range(count):
        for part, times in ((at, copies - copies // 2), (at - 1, copies // 2)):
            chosen = messages.where(number == part)
            yield at, chosen.withColumn("copy", F.explode(F.sequence(F.lit(1), F.lit(times)))) if times else None


def measured(spark: SparkSession, name: str, every_seconds: float, copies: int) -> dict[str, float]:
    lake = Tables("file:" + os.path.join(SETTINGS["folder"], name))
    tables.create(spark, lake)
    messages = ward.measurements(spark, SETTINGS["patients"], 1, every_seconds).persist()
    by_batch: dict[int, list[DataFrame]] = {}
    for at, part in batches_of(messages, copies):
        if part is not None:
            by_batch.setdefault(at, []).append(part)
    for at, parts in by_batch.items():
        batch = parts[0]
        for part in parts[1:]:
            batch = batch.unionByName(part)
        entries = slots.entries(rows.measurements(batch, LENGTHS), TIMES)
        slots.write_changes(spark, lake, entries, [ward.START], False, Cause(1, at))
    written = live_bytes(spark, lake)
    slots.compact_open(spark, lake, ward.START, Cause(1, SETTINGS["batches"]))
    held = tables.read(spark, lake.slots)
    found = {
        "measurements": messages.count() * copies,
        "slots": held.where(F.col("kind") == slots.SLOT).count(),
        "writtenBytes": written,
        "compactedBytes": live_bytes(spark, lake),
    }
    messages.unpersist()
    print(f"{name}: {found['writtenBytes']} bytes, {found['compactedBytes']} compacted", file=sys.stderr, flush=True)
    return found


def main() -> None:
    spark = local_session(SETTINGS["jars"], os.path.join(SETTINGS["folder"], "warehouse"))
    spark.sparkContext.setLogLevel("ERROR")
    for name, value in SESSION.items():
        spark.conf.set(name, value)
    cases = {name: measured(spark, name, case["everySeconds"], case["copies"]) for name, case in SETTINGS["cases"].items()}
    print(json.dumps(cases))
    spark.stop()


main()
