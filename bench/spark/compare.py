"""
Rounds of the three ways, one after the other in each round; a line of JSON with the seconds of each.

    compare.py SETTINGS.json (jars, folder, patients, windows, rounds)
"""

from __future__ import annotations

import json
import math
import os
import sys
import time

import baseline
import ward
from iomt_scoring import results, rows, slots
from iomt_scoring.bucket import Task
from iomt_scoring.job import SESSION
from iomt_scoring.lengths import Lengths
from iomt_scoring.parameters import KernelTimes
from iomt_scoring.windows import FIRST, Plan
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from spark_session import local_session

with open(sys.argv[1]) as file:
    SETTINGS = json.load(file)

TIMES = KernelTimes(ward.WINDOW, 120_000, 1_000)
LENGTHS = Lengths.always(ward.WINDOW)


def ours(messages: DataFrame) -> DataFrame:
    """As a batch of the job does it, from parsed messages to rows of the table of results."""
    windows = SETTINGS["windows"]
    plan = Plan(ward.START, ward.START + windows * ward.WINDOW)
    entries = slots.entries(rows.measurements(messages, LENGTHS), TIMES, are_many=True).withColumn("view", F.lit(FIRST).cast("byte"))
    buckets = 2 * max(1, -(-windows // 24))
    task = Task(plan, LENGTHS, TIMES.sample, SETTINGS["kernelSettings"], False)
    return results.stepped(entries.repartition(buckets, "patient"), task, "v8")


WAYS = {"slotsAndV8": ours, "listsAndPandas": baseline.with_pandas, "news2InSql": baseline.with_sql}


def seconds(way: str, messages: DataFrame) -> float:
    begun = time.perf_counter()
    WAYS[way](messages).write.format("noop").mode("overwrite").save()
    return time.perf_counter() - begun


def compared(messages: DataFrame) -> int:
    """How many windows both ways agree on; whatever differs is an error."""
    theirs = {(row.patient, row.start): row.scored for row in baseline.with_pandas(messages).toLocalIterator()}
    for row in ours(messages).select("patient", "start", "content").toLocalIterator():
        expected = theirs.pop((row.patient, row.start))
        check(json.loads(row.content), expected.asDict())
    if theirs:
        raise AssertionError(f"{len(theirs)} windows are missing.")
    return messages.select("patient", F.floor(F.col("time").cast("long") / ward.WINDOW)).distinct().count()


NAMES = {"gap": "longestGapSeconds"}
CODED = {vital: ("median", "min", "max", "slope") for vital in ("consciousness", "supplementalOxygen")}


def check(content: dict, expected: dict) -> None:
    for vital in ward.VITALS:
        for name in baseline.STATISTICS:
            if name in CODED.get(vital, ()):
                continue
            found, other = content["vitals"][vital][NAMES.get(name, name)], expected[f"{vital}_{name}"]
            if not (found is None and math.isnan(other)) and not math.isclose(found, other, rel_tol=1e-9, abs_tol=1e-9):
                raise AssertionError(f"{vital}.{name} is {found} in one way and {other} in the other.")
    news2 = content["news2"]
    found = {**{part: news2["parts"][part] for part in baseline.PARTS}, "total": news2["total"], "band": news2["band"]}
    if found != {name: expected[name] for name in found}:
        raise AssertionError(f"A score is {found} in one way and another in the other.")


def main() -> None:
    spark = local_session(SETTINGS["jars"], os.path.join(SETTINGS["folder"], "warehouse"))
    spark.sparkContext.setLogLevel("ERROR")
    for name, value in SESSION.items():
        spark.conf.set(name, value)
    path = os.path.join(SETTINGS["folder"], "ward")
    ward.with_duplicates(ward.measurements(spark, SETTINGS["patients"], SETTINGS["windows"])).write.parquet(path)
    messages = spark.read.parquet(path)
    counted = messages.count()
    windows = compared(messages)
    rounds: dict[str, list[float]] = {way: [] for way in WAYS}
    for at in range(SETTINGS["rounds"]):
        for way in list(WAYS)[at % 3 :] + list(WAYS)[: at % 3]:
            rounds[way].append(seconds(way, messages))
            print(f"{way}: {rounds[way][-1]:.2f} s", file=sys.stderr, flush=True)
    print(json.dumps({"measurements": counted, "windows": windows, "seconds": rounds}))
    spark.stop()


main()
