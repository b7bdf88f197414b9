"""In a Python worker: all windows of some patients in order, the kernel for each, and which results are new."""

from __future__ import annotations

import json
from typing import Iterable, Protocol

import pyarrow as pa

from .baselines import version_for
from .bucket import NOTHING, Bucket, Columns, Known, Task
from .windows import AGAIN, FIRST

Step = tuple["str | None", "str | None"]
"""Content of the result and state after it, both as JSON; None where there is none."""


class Kernel(Protocol):
    def step(self, request: str, columns: Columns) -> list[Step]: ...


OUTPUT = pa.schema(
    [
        ("start", pa.int64()),
        ("patient", pa.string()),
        ("version", pa.int32()),
        ("revision", pa.int32()),
        ("published", pa.bool_()),
        ("content", pa.string()),
        ("state", pa.string()),
    ]
)


class Stepping:
    """One bucket: first the windows that are due, then those that must be scored again."""

    def __init__(self, bucket: Bucket, task: Task, kernel: Kernel) -> None:
        self._bucket = bucket
        self._task = task
        self._kernel = kernel
        self._known = bucket.known
        self._rows: list[tuple] = []

    def run(self) -> pa.RecordBatch:
        self._first()
        self._again()
        columns = list(zip(*self._rows)) or [[] for _ in OUTPUT]
        arrays = [pa.array(list(column), field.type) for column, field in zip(columns, OUTPUT)]
        return pa.RecordBatch.from_arrays(arrays, schema=OUTPUT)

    def _first(self) -> None:
        plan, lengths = self._task.plan, self._task.lengths
        window_before = lengths.before(plan.first_from)
        bucket = self._bucket
        states = {
            code: known.state
            for (code, start), known in self._known.items()
            if start == window_before and known.state is not None
        }
        for start in lengths.starts(plan.first_from, plan.until):
            codes = states.keys() | bucket.contexts.get((FIRST, start), {}).keys() | bucket.presence.get(start, {}).keys()
            states_after = {}
            for code, (content, state) in self._steps(FIRST, start, sorted(codes), states):
                if content is not None or state is not None or code in states:
                    self._add(code, start, Known(1, 0 if content is None else 1, content, state), content is not None)
                if state is not None:
                    states_after[code] = state
            states = states_after

    def _again(self) -> None:
        """From each window with new rows on, for as long as the state after it is another one than before."""
        if not self._bucket.repairs:
            return
        lengths = self._task.lengths
        differing: set[int] = set()
        for start in lengths.starts(min(self._bucket.repairs), self._task.plan.until):
            codes = sorted(differing | self._bucket.repairs.get(start, set()))
            window_before = lengths.before(start)
            states = {code: self._known.get((code, window_before), NOTHING).state for code in codes}
            differing = set()
            for code, (content, state) in self._steps(AGAIN, start, codes, states):
                before = self._known.get((code, start), NOTHING)
                if state != before.state:
                    differing.add(code)
                published = content is not None and content != before.content
                if published or state != before.state:
                    now = Known(before.version + 1, before.revision + published, content, state)
                    self._add(code, start, now, published)

    def _add(self, code: int, start: int, known: Known, published: bool) -> None:
        self._known[code, start] = known
        row = (start, self._bucket.names[code], known.version, known.revision, published, known.content, known.state)
        self._rows.append(row)

    def _steps(
        self, view: int, start: int, codes: list[int], states: dict[int, "str | None"]
    ) -> Iterable[tuple[int, Step]]:
        if not codes:
            return ()
        request = self._request(view, start, codes, states)
        return zip(codes, self._kernel.step(request, self._bucket.columns(view, start, codes)))

    def _request(self, view: int, start: int, codes: list[int], states: dict[int, "str | None"]) -> str:
        """`WindowRequest` as JSON, put together from texts that are JSON already."""
        bucket, task = self._bucket, self._task
        version = version_for(start)
        is_there = version in task.plan.baseline_versions
        baselines = bucket.baselines.get(version, {}) if is_there else {}
        contexts = bucket.contexts.get((view, start), {})
        presence = bucket.presence.get(start, {})
        patients = ",".join(
            f'{{"patient":{json.dumps(bucket.names[code])},"state":{states.get(code) or "null"},'
            f'"presence":[{",".join(presence.get(code, ()))}],"context":{contexts.get(code) or "null"},'
            f'"rejected":{bucket.rejections(view, start, code)},"baseline":{baselines.get(code) or "null"}}}'
            for code in codes
        )
        reason = "notReady" if task.compares_baselines else "off"
        baseline = f'"baselineVersion":"{version}"' if is_there else f'"baselineVersion":null,"baselineReason":"{reason}"'
        return f'{{"start":{start},"settings":{task.settings_of(start)},{baseline},"patients":[{patients}]}}'


def step(batches: Iterable[pa.RecordBatch], task: Task, kernel: Kernel) -> pa.RecordBatch | None:
    """All rows of a partition in, rows of the table of results out."""
    parts = list(batches)
    if not parts:
        return None
    return Stepping(Bucket(pa.Table.from_batches(parts), task), task, kernel).run()
