"""
Where windows begin and end. They are aligned to UTC; where their length is changed, windows of the new length begin where the
last closed one ended, with a shorter one if need be, so that nothing is scored twice or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from .tables import LENGTHS, Tables, read

LONG_AGO = -(2**62)


@dataclass(frozen=True)
class Lengths:
    spans: tuple[tuple[int, int], ...]
    """From when on windows have which length, in milliseconds, in the order of time; the first one from ever."""

    @staticmethod
    def always(length: int) -> Lengths:
        return Lengths(((LONG_AGO, length),))

    @property
    def newest(self) -> int:
        return self.spans[-1][1]

    @property
    def changed_at(self) -> int:
        """Where windows of the newest length begin."""
        return self.spans[-1][0]

    def changed(self, since: int, length: int) -> Lengths:
        """What was to begin later has never been closed."""
        return Lengths((*(span for span in self.spans if span[0] < since), (since, length)))

    def start_of(self, moment: int) -> int:
        since, length = self.spans[self._at(moment)]
        return max(since, moment // length * length)

    def end_of(self, start: int) -> int:
        at = self._at(start)
        length = self.spans[at][1]
        end = (start // length + 1) * length
        return end if at + 1 == len(self.spans) else min(end, self.spans[at + 1][0])

    def before(self, start: int) -> int:
        """Start of the window before."""
        return self.start_of(start - 1)

    def starts(self, first: int, until: int) -> Iterator[int]:
        while first < until:
            yield first
            first = self.end_of(first)

    def _at(self, moment: int) -> int:
        return max(at for at, (since, _) in enumerate(self.spans) if since <= moment)

    def start_column(self, moment: Column) -> Column:
        """`start_of` in Spark; null where there is no moment."""
        (_, length), *others = self.spans
        start = _aligned(moment, length)
        for since, length in others:
            start = F.when(moment >= since, F.greatest(F.lit(since), _aligned(moment, length))).otherwise(start)
        return start


def _aligned(moment: Column, length: int) -> Column:
    return moment - F.pmod(moment, F.lit(length))


def load(spark: SparkSession, tables: Tables) -> Lengths | None:
    """None: this is the first start of the job."""
    spans = sorted((row.since, row.length) for row in read(spark, tables.lengths).collect())
    return Lengths(tuple(spans)) if spans else None


def save(spark: SparkSession, tables: Tables, lengths: Lengths) -> None:
    spans = spark.createDataFrame(list(lengths.spans), LENGTHS)
    spans.coalesce(1).write.format("delta").mode("overwrite").save(tables.lengths)
