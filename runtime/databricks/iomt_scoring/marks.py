"""How far time has come: the clock marks of every partition of `enriched`, from every source."""

from __future__ import annotations

from typing import Iterable

from .parameters import KernelTimes
from .rows import Mark

Marks = dict[str, dict[str, list[int]]]
"""Partition to source to [sources, time]: JSON as it is kept."""


def with_marks(known: Marks, marks: Iterable[Mark]) -> Marks:
    """What is known after more marks; those that are not newer change nothing."""
    merged = {partition: {source: list(mark) for source, mark in of.items()} for partition, of in known.items()}
    for mark in marks:
        of_partition = merged.setdefault(str(mark.partition), {})
        before = of_partition.get(mark.source)
        if before is None or before[1] < mark.time:
            of_partition[mark.source] = [mark.sources, mark.time]
    return merged


def reached(marks: Marks, partitions: int) -> int | None:
    """
    Until when all partitions have been handed on by all sources, in milliseconds; None while a mark is missing. How many
    sources there are is what the newest mark of a partition says; with fewer than before, the stalest are gone.
    """
    times = []
    for partition in range(partitions):
        of_partition = marks.get(str(partition), {})
        newest_first = sorted(of_partition.values(), key=lambda mark: mark[1], reverse=True)
        if not newest_first or len(newest_first) < newest_first[0][0]:
            return None
        times.append(newest_first[newest_first[0][0] - 1][1])
    return min(times)


def closed_until(marks: Marks, partitions: int, times: KernelTimes) -> int | None:
    """End of the last window that may be closed; None while none may."""
    moment = reached(marks, partitions)
    return None if moment is None else (moment - times.lateness) // times.window * times.window
