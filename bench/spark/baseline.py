"""
The usual way: duplicates dropped by key, values collected into lists a patient and window, and statistics and NEWS2 in a
pandas UDF; and NEWS2 in Spark SQL alone. The UDF works on all windows of a batch of rows at once, with NumPy.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from ward import VITALS, WINDOW

STATISTICS = ("count", "median", "min", "max", "last", "slope", "gap", "used")
PARTS = ("resp", "spo2", "oxygen", "sbp", "pulse", "consciousness", "temp")
SCORED = ", ".join(
    [f"{vital}_{name} double" for vital in VITALS for name in STATISTICS]
    + [f"{part} int" for part in PARTS]
    + ["total int", "band string"]
)


def collected(messages: DataFrame) -> DataFrame:
    """Lists of the values of each patient and window, without duplicates."""
    index = F.create_map(*[part for at, name in enumerate(VITALS) for part in (F.lit(name), F.lit(at).cast("byte"))])
    distinct = messages.dropDuplicates(["key"]).withColumn("time", F.col("time").cast("long"))
    samples = distinct.select("patient", "time", F.explode("samples").alias("sample"))
    return (
        samples.withColumn("start", F.col("time") - F.pmod("time", F.lit(WINDOW)))
        .groupBy("patient", "start")
        .agg(
            F.collect_list(index[F.col("sample.vital")]).alias("vitals"),
            F.collect_list("time").alias("times"),
            F.collect_list("sample.value").alias("values"),
            F.collect_list("sample.priority").alias("priorities"),
        )
    )


def scored(
    start: pd.Series, vitals: pd.Series, times: pd.Series, values: pd.Series, priorities: pd.Series
) -> pd.DataFrame:
    windows = len(start)
    if windows == 0:
        return pd.DataFrame({})
    sizes = vitals.map(len).to_numpy()
    window = np.repeat(np.arange(windows), sizes)
    vital = np.concatenate(vitals.to_numpy()).astype(np.int64)
    time = np.concatenate(times.to_numpy()).astype(np.int64)
    value = np.concatenate(values.to_numpy()).astype(np.float64)
    priority = np.concatenate(priorities.to_numpy())
    segment = window * len(VITALS) + vital
    # One a slot: the lowest priority, then the latest.
    order = np.lexsort((time, -priority, time // 1000, segment))
    segment, time, value = segment[order], time[order], value[order]
    last = np.append((segment[1:] != segment[:-1]) | (time[1:] // 1000 != time[:-1] // 1000), True)
    segment, time, value = segment[last], time[last], value[last]
    statistics = _statistics(segment, time, value, windows * len(VITALS), np.repeat(start.to_numpy(), len(VITALS)))
    return _frame(statistics, windows)


def _statistics(segment, time, value, segments, starts) -> dict[str, np.ndarray]:
    count = np.bincount(segment, minlength=segments)
    there = count > 0
    first = (np.cumsum(count) - count)[there]
    end = first + count[there] - 1
    found = {name: np.full(segments, np.nan) for name in STATISTICS}
    found["count"] = count.astype(float)
    found["min"][there] = np.minimum.reduceat(value, first)
    found["max"][there] = np.maximum.reduceat(value, first)
    found["last"][there] = value[end]
    ranked = value[np.lexsort((value, segment))]
    low, high = first + (count[there] - 1) // 2, first + count[there] // 2
    found["median"][there] = (ranked[low] + ranked[high]) / 2
    x = (time - starts[segment]) / 60_000
    dx = x - (np.bincount(segment, x, segments) / np.maximum(count, 1))[segment]
    dy = value - (np.bincount(segment, value, segments) / np.maximum(count, 1))[segment]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.bincount(segment, dx * dy, segments) / np.bincount(segment, dx * dx, segments)
    found["slope"] = np.where(np.isfinite(slope), slope, np.nan)
    before = np.append(0, time[:-1])
    before[first] = starts[there]
    gaps = np.maximum.reduceat(time - before, first)
    found["gap"][there] = np.maximum(gaps, starts[there] + WINDOW - time[end]) / 1000
    return found


def _lookup(used: np.ndarray, edges: list[float], points: list[int]) -> np.ndarray:
    return np.asarray(points)[np.searchsorted(edges, used, side="left")]


def _frame(statistics: dict[str, np.ndarray], windows: int) -> pd.DataFrame:
    found = {name: column.reshape(windows, len(VITALS)) for name, column in statistics.items()}
    used = np.floor((np.floor(found["median"] * 2000 + 0.5) + 1000) / 2000)
    used[:, 4] = np.floor((np.floor(found["median"][:, 4] * 2000 + 0.5) + 100) / 200) / 10
    used[:, 5:] = found["last"][:, 5:]
    found["used"] = used
    parts = {
        "resp": _lookup(used[:, 1], [8, 11, 20, 24], [3, 1, 0, 2, 3]),
        "spo2": _lookup(used[:, 2], [91, 93, 95], [3, 2, 1, 0]),
        "oxygen": np.where(used[:, 6] == 0, 0, 2),
        "sbp": _lookup(used[:, 3], [90, 100, 110, 219], [3, 2, 1, 0, 3]),
        "pulse": _lookup(used[:, 0], [40, 50, 90, 110, 130], [3, 1, 0, 1, 2, 3]),
        "consciousness": np.where(used[:, 5] == 0, 0, 3),
        "temp": _lookup(used[:, 4], [35.0, 36.0, 38.0, 39.0], [3, 1, 0, 1, 2]),
    }
    total = sum(parts.values())
    worst = np.max(list(parts.values()), axis=0)
    band = np.select([total >= 7, total >= 5, worst == 3], ["high", "medium", "low-medium"], "low")
    columns = {f"{vital}_{name}": found[name][:, at] for at, vital in enumerate(VITALS) for name in STATISTICS}
    return pd.DataFrame({**columns, **parts, "total": total, "band": band})


def with_pandas(messages: DataFrame) -> DataFrame:
    lists = collected(messages)
    udf = F.pandas_udf(scored, SCORED)
    return lists.select("patient", "start", udf("start", "vitals", "times", "values", "priorities").alias("scored"))


def with_sql(messages: DataFrame) -> DataFrame:
    """NEWS2 of the medians, in one more aggregation; no slope, no gaps, nothing remembered."""
    distinct = messages.dropDuplicates(["key"]).withColumn("time", F.col("time").cast("long"))
    samples = distinct.select("patient", "time", F.explode("samples").alias("sample")).select(
        "patient", (F.col("time") - F.pmod("time", F.lit(WINDOW))).alias("start"), "time", "sample.vital", "sample.value"
    )
    medians = samples.groupBy("patient", "start").agg(
        *[F.expr(f"percentile(value, 0.5) filter (where vital = '{vital}')").alias(vital) for vital in VITALS]
    )
    rounded = medians.select(
        "patient", "start", *[F.floor(F.col(v) + 0.5).alias(v) for v in VITALS if v != "temperature"],
        F.round("temperature", 1).alias("temperature"),
    )
    points = {
        "respirationRate": "case when {0} <= 8 then 3 when {0} <= 11 then 1 when {0} <= 20 then 0 when {0} <= 24 then 2 else 3 end",
        "oxygenSaturation": "case when {0} <= 91 then 3 when {0} <= 93 then 2 when {0} <= 95 then 1 else 0 end",
        "systolicBloodPressure": "case when {0} <= 90 then 3 when {0} <= 100 then 2 when {0} <= 110 then 1 when {0} <= 219 then 0 "
        "else 3 end",
        "heartRate": "case when {0} <= 40 then 3 when {0} <= 50 then 1 when {0} <= 90 then 0 when {0} <= 110 then 1 "
        "when {0} <= 130 then 2 else 3 end",
        "consciousness": "case when {0} = 0 then 0 else 3 end",
        "supplementalOxygen": "case when {0} = 0 then 0 else 2 end",
        "temperature": "case when {0} <= 35.0 then 3 when {0} <= 36.0 then 1 when {0} <= 38.0 then 0 when {0} <= 39.0 then 1 "
        "else 2 end",
    }
    total = " + ".join(text.format(vital) for vital, text in points.items())
    return rounded.select("patient", "start", F.expr(total).alias("total"))
