"""Files of the container `baselines`, one a version (contracts/scored.ts: BaselineFile)."""

from __future__ import annotations

from datetime import datetime, timezone

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from .windows import baseline_rows

EFFECTIVE_HOURS = 6
"""From so long after its midnight a version is compared with (contracts/scored.ts)."""


def version_for(window_start: int) -> str:
    moment = window_start // 1000 - EFFECTIVE_HOURS * 3600
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d")


def baselines(spark: SparkSession, container: str, versions: list[str]) -> tuple[tuple[str, ...], DataFrame | None]:
    """Those versions that are there, and what they say of all patients."""
    found = []
    for version in versions:
        file = _file(spark, f"{container}/{version}.json", version)
        if file is not None:
            found.append((version, file))
    rows: DataFrame | None = None
    for _, file in found:
        rows = baseline_rows(file) if rows is None else rows.unionByName(baseline_rows(file))
    return tuple(version for version, _ in found), rows


def _file(spark: SparkSession, path: str, version: str) -> DataFrame | None:
    try:
        return spark.read.text(path, wholetext=True).select(F.lit(version).alias("version"), F.col("value").alias("text"))
    except AnalysisException as error:
        if error.getErrorClass() == "PATH_NOT_FOUND":
            return None
        raise
