"""
One batch, in an order that may break anywhere: slots, results, `scored`, progress, and then Spark's checkpoint. A batch that
is done again finds what it has written, adds nothing to it, and sends the same revisions again.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Callable

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from . import lengths, presence, results, rows, scored, slots
from .baselines import baselines, version_for
from .bucket import Task
from .housekeeping import Housekeeping
from .lengths import LONG_AGO, Lengths
from .marks import closed_until, reached, with_marks
from .parameters import Parameters
from .progress import Progress, ProgressTable
from .rows import Summary, summary
from .tables import Cause, Tables
from .windows import Closing, News, Plan

DAY = 86_400_000

Send = Callable[[DataFrame], None]
"""Sends `key`, `value`, and where given `partition` and `headers`; returns when they are taken."""


class Batches:
    """What `foreachBatch` calls. It holds no session, so that Spark may run it where it likes."""

    def __init__(self, parameters: Parameters, tables: Tables, send: Send) -> None:
        self._parameters = parameters
        self._tables = tables
        self._progress = ProgressTable(tables)
        self._send = send
        self._housekeeping = Housekeeping(tables, parameters)
        self._is_first = True
        self._lengths = Lengths.always(parameters.times.window)

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        begun = time.perf_counter()
        spark = batch.sparkSession
        cause = Cause(self._parameters.generation, batch_id)
        before = self._progress.before(spark, cause)
        if self._is_first:
            self._lengths = self._known_lengths(spark, before)
        messages = rows.parsed(batch)
        # Gone through twice. Serverless compute keeps nothing, and reads them twice.
        if not self._parameters.ends_when_done:
            messages = messages.persist()
        try:
            found = summary(messages, self._lengths)
            self._keep(spark, messages, found, before, cause)
        finally:
            if messages.is_cached:
                messages.unpersist()
        after = self._after(before, found, cause)
        counters = self._close(spark, found, before, after, cause)
        self._send_marks(spark, before, after)
        self._progress.done(spark, before, after)
        self._housekeeping.after(spark, before, after)
        self._is_first = False
        counters["milliseconds"] = round((time.perf_counter() - begun) * 1000)
        report(found, before, after, self._parameters, counters)

    def _known_lengths(self, spark: SparkSession, before: Progress) -> Lengths:
        """Of the windows so far and of those to come, whose rows are then where they belong."""
        window = self._parameters.times.window
        known = lengths.load(spark, self._tables)
        now = known or Lengths.always(window)
        closed = [before.closed_until, results.closed_meanwhile(spark, self._tables, before.cause, now)]
        open_from = max((moment for moment in closed if moment is not None), default=LONG_AGO)
        if now.newest != window:
            now = now.changed(open_from, window)
        if now != known:
            lengths.save(spark, self._tables, now)
        # Also where a start before this one ended between the two.
        if known is not None and now.changed_at == open_from:
            slots.move_open(spark, self._tables, open_from, now)
            presence.move_open(spark, self._tables, open_from, now)
        return now

    def _keep(self, spark: SparkSession, messages: DataFrame, found: Summary, before: Progress, cause: Cause) -> None:
        oldest = self._oldest(before)
        closed = LONG_AGO if before.closed_until is None else before.closed_until
        starts = [start for start in found.starts if start >= oldest]
        if starts:
            measured = rows.measurements(messages, self._lengths).where(F.col("start") >= oldest)
            is_late = F.col("late") | (F.col("start") < closed)
            are_many = found.counts["measurement"] >= slots.MANY
            entries = slots.entries(measured.withColumn("late", is_late), self._parameters.times, are_many)
            has_late = found.counts["late"] > 0 or starts[0] < closed
            slots.write_changes(spark, self._tables, entries, starts, has_late, cause)
        if found.counts["presence"]:
            presence.write_new(spark, self._tables, rows.presence(messages, self._lengths), closed, cause)

    def _after(self, before: Progress, found: Summary, cause: Cause) -> Progress:
        marks = with_marks(before.marks, found.marks)
        until = closed_until(marks, self._parameters.enriched_partitions, self._parameters.times)
        # Where windows have another length now, those before were closed, also by a batch that did not come to its end.
        changed_at = None if self._lengths.changed_at == LONG_AGO else self._lengths.changed_at
        known = [moment for moment in (before.closed_until, until, changed_at) if moment is not None]
        offsets = {str(partition): last + 1 for partition, (_, last, _) in found.offsets.items()}
        return Progress(cause, max(known, default=None), marks, {**before.offsets, **offsets})

    def _oldest(self, progress: Progress) -> int:
        """Start of the oldest window that is kept; what is older is counted, and not scored again."""
        if progress.closed_until is None:
            return LONG_AGO
        return progress.closed_until - self._parameters.retention_days * DAY

    def _close(
        self, spark: SparkSession, found: Summary, before: Progress, after: Progress, cause: Cause
    ) -> dict[str, int]:
        """Steps what is due or must be stepped again, and sends what is new, of an unfinished batch before as well."""
        closing = Closing(spark, self._tables, self._lengths, before, self._oldest(before))
        plan = self._plan(spark, closing, before, after)
        is_quiet = found.counts["measurement"] == 0 and plan.is_empty and not self._is_first
        news = News(0, None) if is_quiet else closing.news(plan)
        plan = replace(plan, repair_from=news.repair_from)
        if not plan.is_empty:
            self._step(spark, closing, plan, cause)
        sent = {"windows": 0, "repaired": 0}
        if not plan.is_empty or self._is_first:
            new = results.unsent(spark, self._tables, before.cause)
            sent = results.counts(new)
            if sent["windows"] or sent["repaired"]:
                self._send(scored.messages(new))
        return {"changed": news.changed, **sent}

    def _plan(self, spark: SparkSession, closing: Closing, before: Progress, after: Progress) -> Plan:
        until = after.closed_until
        if until is None:
            return Plan(LONG_AGO, LONG_AGO)
        first_from = before.closed_until
        if first_from is None:
            first_from = closing.first_start()
        first_from = until if first_from is None else min(first_from, until)
        if self._is_first:
            meanwhile = results.closed_meanwhile(spark, self._tables, before.cause, self._lengths)
            first_from = max(first_from, meanwhile or first_from)
        return Plan(first_from, max(until, first_from))

    def _step(self, spark: SparkSession, closing: Closing, plan: Plan, cause: Cause) -> None:
        parameters = self._parameters
        known = None
        if parameters.compares_baselines:
            versions = sorted({version_for(start) for start in self._lengths.starts(plan.starts_at, plan.until)})
            there, known = baselines(spark, parameters.baselines, versions)
            plan = replace(plan, baseline_versions=there)
        settings = parameters.kernel_settings
        task = Task(plan, self._lengths, parameters.times.sample, settings, parameters.compares_baselines, parameters.model)
        stepped = results.stepped(closing.rows(plan, known), task, parameters.kernel_host)
        results.write(stepped, self._tables, cause)

    def _send_marks(self, spark: SparkSession, before: Progress, after: Progress) -> None:
        if after.closed_until is not None and (self._is_first or after.closed_until != before.closed_until):
            self._send(scored.marks(spark, after.closed_until, self._parameters.scored_partitions))


def report(found: Summary, before: Progress, after: Progress, parameters: Parameters, counters: dict[str, int]) -> None:
    """One line of JSON a batch for whoever watches the job: counts and times, and nothing of a patient."""
    newest = max((mark[1] for of in after.marks.values() for mark in of.values()), default=None)
    slowest = reached(after.marks, parameters.enriched_partitions)
    missing = sum(
        max(0, first - before.offsets.get(str(partition), first)) for partition, (first, _, _) in found.offsets.items()
    )
    line = {
        "iomt": "batch",
        "generation": after.cause.generation,
        "batch": after.cause.batch,
        **found.counts,
        **counters,
        # Messages that the hub had dropped before they were read.
        "missing": missing,
        "closedUntil": after.closed_until,
        # How far the slowest partition and source are behind the fastest; null while one has not been heard of.
        "lagMilliseconds": None if slowest is None else newest - slowest,
    }
    print(json.dumps(line), flush=True)
