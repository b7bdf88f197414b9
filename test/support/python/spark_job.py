"""
The job with files in the place of Kafka: each file of a folder is a batch of `enriched`, what goes to `scored` is a line of a
file. It ends when nothing is left to read, or dies where a test wants it to.

    spark_job.py SETTINGS.json --name=value...
"""

import glob
import json
import os
import signal
import sys
import threading

from pyspark.sql import functions as F
from spark_session import local_session

with open(sys.argv[1]) as file:
    SETTINGS = json.load(file)

from iomt_scoring import job, progress, results, slots  # noqa: E402
from iomt_scoring.parameters import parse  # noqa: E402


# Batches are few here.
slots.COMPACT_EVERY = 2
slots.MANY = 100


def die() -> None:
    """As when the machine goes: the driver, and the JVM with what it is writing."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


def dying(module, name: str, when: str, of_call: int) -> None:
    """Dies before a call of a function of the job, while it writes, or after it."""
    original = getattr(module, name)
    calls = {"made": 0}

    def wrapped(*arguments, **named):
        calls["made"] += 1
        is_it = calls["made"] == of_call
        if is_it and when == "before":
            die()
        if is_it and when == "during":
            threading.Thread(target=die_while_writing, daemon=True).start()
        made = original(*arguments, **named)
        if is_it:
            die()
        return made

    setattr(module, name, wrapped)


def data_files() -> set:
    return set(glob.glob(f"{SETTINGS['tables']}/**/*.parquet", recursive=True))


def die_while_writing() -> None:
    """As soon as there is a data file more, which no commit names yet."""
    before = data_files()
    while data_files() <= before:
        pass
    die()


PLACES = {"slots": (slots, "write_changes"), "results": (results, "write"), "progress": (progress.ProgressTable, "done")}


def arrange_death(death) -> None:
    if death is not None and death["place"] != "send":
        dying(*PLACES[death["place"]], death["when"], death["call"])


def source(spark, offsets):
    start = F.create_map(*[F.lit(part) for pair in ({"": 0} | dict(offsets)).items() for part in pair])
    return (
        spark.readStream.schema("value string, partition int, offset long")
        .option("maxFilesPerTrigger", 1)
        .json(SETTINGS["source"])
        .where(F.col("offset") >= F.coalesce(start[F.col("partition").cast("string")], F.lit(0)))
    )


sends = {"made": 0}


def send(messages) -> None:
    sends["made"] += 1
    death = SETTINGS.get("death")
    dies = death is not None and death["place"] == "send" and death["call"] == sends["made"]
    rows = messages.collect()
    with open(SETTINGS["sink"], "a") as sink:
        for at, row in enumerate(rows):
            if dies and at == len(rows) // 2:
                sink.flush()
                die()
            line = row.asDict()
            line["headers"] = [[header.key, bytes(header.value).decode()] for header in line.get("headers") or []]
            sink.write(json.dumps(line) + "\n")


def main() -> None:
    os.setpgrp()
    spark = local_session(SETTINGS["jars"], SETTINGS["warehouse"], is_small=True)
    spark.sparkContext.setLogLevel("ERROR")
    arrange_death(SETTINGS.get("death"))
    query = job.start(spark, parse(sys.argv[2:]), source, send)
    query.processAllAvailable()
    query.stop()


main()
