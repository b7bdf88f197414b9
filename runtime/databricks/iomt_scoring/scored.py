"""What goes to the event hub `scored` (contracts/scored.ts): windows by patient, then clock marks into every partition."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

SOURCE = "databricks"
"""Who closes windows: the only source of marks in `scored`."""

MARK_HEADER = ("iomt-kind", b"clock-mark")


def messages(results: DataFrame) -> DataFrame:
    """Rows of the table of results to `key` and `value`, the windows of a patient in their order."""
    start = F.concat(
        F.lit('{"kind":"window","revision":'),
        F.col("revision"),
        F.lit(',"corrected":'),
        (F.col("revision") > 1).cast("string"),
        F.lit(","),
    )
    # The kernel's own text: what V8 wrote is what is sent.
    value = F.concat(start, F.expr("substring(content, 2)"))
    return (
        results.where("published")
        .repartition("patient")
        .sortWithinPartitions("patient", "version", "start")
        .select(F.col("patient").alias("key"), value.alias("value"))
    )


def marks(spark: SparkSession, closed_until: int, partitions: int) -> DataFrame:
    """Until when all windows have been sent, once for every partition."""
    time = datetime.fromtimestamp(closed_until / 1000, timezone.utc).isoformat(timespec="milliseconds")
    body = {"kind": "clockMark", "source": SOURCE, "sources": 1, "time": time.replace("+00:00", "Z")}
    header = F.array(F.struct(F.lit(MARK_HEADER[0]).alias("key"), F.lit(bytearray(MARK_HEADER[1])).alias("value")))
    return spark.range(partitions, numPartitions=1).select(
        F.col("id").cast("int").alias("partition"),
        F.lit(json.dumps(body, separators=(",", ":"))).alias("value"),
        header.alias("headers"),
    )
