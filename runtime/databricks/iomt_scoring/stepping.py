"""In a Python worker: all windows of some patients in order, the kernel for each, and which results are new."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Iterable, Iterator, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import merging
from .baselines import version_for
from .parameters import Model
from .rows import VITALS
from .slots import CONTEXT, MOST_SAMPLES, REJECTED, SLOT
from .windows import AGAIN, BASELINE, FIRST, PRESENCE, REPAIR, RESULT, Plan

Step = tuple["str | None", "str | None"]
"""Content of the result and state after it, both as JSON; None where there is none."""


class Columns(NamedTuple):
    """`SlotColumns` of the kernel."""

    patient: np.ndarray
    vital: np.ndarray
    time: np.ndarray
    value: np.ndarray
    source: np.ndarray
    superseded: np.ndarray


class Kernel(Protocol):
    def step(self, request: str, columns: Columns) -> list[Step]: ...


@dataclass(frozen=True)
class Task:
    """What all workers of a batch are told."""

    plan: Plan
    window: int
    sample: int
    settings: str
    compares_baselines: bool
    model: Model | None = None


class Known(NamedTuple):
    """Newest row of a window of a patient in the table of results."""

    version: int
    revision: int
    content: str | None
    state: str | None


NOTHING = Known(0, 0, None, None)

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


class Bucket:
    """Rows of some patients, as `windows.Closing.rows` gives them, by what they are."""

    def __init__(self, table: pa.Table, task: Task) -> None:
        patients = pc.dictionary_encode(table["patient"].combine_chunks())
        self.names: list[str] = patients.dictionary.to_pylist()
        self._codes = patients.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        self._kind = table["kind"].to_numpy()
        self._table = table
        self._most_rejected = task.window // task.sample * MOST_SAMPLES
        self._read_slots()
        self._read_others()

    def _read_slots(self) -> None:
        rows = np.flatnonzero(self._kind == SLOT)
        found = merging.merged(self._table, rows, self._slot_numbers(rows))
        is_held = self._table["value"].take(pa.array(found.rows)).is_valid().to_numpy()
        self._empty = found.rows[~is_held]
        rows, superseded = found.rows[is_held], found.superseded[is_held]
        view, start = self._numbers("view", rows), self._numbers("start", rows)
        order = np.lexsort((start, view))
        rows, view, start = rows[order], view[order], start[order]
        self._slots = Columns(
            self._codes[rows],
            self._numbers("vital", rows).astype(np.uint8),
            self._numbers("time", rows).astype(np.float64),
            self._numbers("value", rows),
            self._numbers("source", rows).astype(np.uint8),
            superseded[order],
        )
        changes = np.flatnonzero(np.diff(view, prepend=-1).astype(bool) | np.diff(start, prepend=-1).astype(bool))
        ends = np.append(changes[1:], len(rows))
        self._slices = {(int(view[at]), int(start[at])): slice(at, end) for at, end in zip(changes.tolist(), ends.tolist())}

    def _slot_numbers(self, rows: np.ndarray) -> np.ndarray:
        """One number for view, patient, vital and slot."""
        slot = self._numbers("slot", rows)
        first = slot.min(initial=2**62)
        length = slot.max(initial=first) - first + 1
        place = (self._numbers("view", rows) * len(self.names) + self._codes[rows]) * len(VITALS) + self._numbers("vital", rows)
        return place * length + (slot - first)

    def _numbers(self, name: str, rows: np.ndarray) -> np.ndarray:
        column = self._table[name].take(pa.array(rows)).to_numpy()
        return column if column.dtype == np.float64 else column.astype(np.int64)

    def _read_others(self) -> None:
        self.contexts: dict[tuple[int, int], dict[int, str]] = {}
        self.rejected: dict[tuple[int, int], dict[int, dict[tuple[int, str], int]]] = {}
        self.presence: dict[int, dict[int, list[str]]] = {}
        self.known: dict[tuple[int, int], Known] = {}
        self.baselines: dict[str, dict[int, str]] = {}
        self.repairs: dict[int, set[int]] = {}
        # The newest context last, so that it stays.
        rows = np.concatenate([np.flatnonzero((self._kind != SLOT) & (self._kind != CONTEXT)), self._contexts(), self._empty])
        columns = self._table.select(["kind", "view", "start", "vital", "item", "text"]).take(pa.array(rows))
        seen: set[tuple] = set()
        for code, row in zip(self._codes[rows].tolist(), _tuples(columns)):
            if row[0] not in (REJECTED, PRESENCE) or (code, row) not in seen:
                self._take(code, *row)
                seen.add((code, row))

    def _contexts(self) -> np.ndarray:
        rows = np.flatnonzero(self._kind == CONTEXT)
        key = merging.key_bytes(self._table["key"].take(pa.array(rows)))
        return rows[np.lexsort((key[:, 1], key[:, 0], self._numbers("time", rows)))]

    def _take(self, code: int, kind: int, view: int, start: int, vital: int, item: str, text: str) -> None:
        if kind == CONTEXT:
            self.contexts.setdefault((view, start), {})[code] = text
        elif kind in (SLOT, REJECTED):
            counts = self.rejected.setdefault((view, start), {}).setdefault(code, {})
            which = (vital, text if kind == REJECTED else "enteredInError")
            counts[which] = counts.get(which, 0) + 1
        elif kind == PRESENCE:
            self.presence.setdefault(start, {}).setdefault(code, []).append(text)
        elif kind == RESULT:
            version, revision, content, state = text.split("\n")
            self.known[code, start] = Known(int(version), int(revision), content or None, state or None)
        elif kind == BASELINE:
            self.baselines.setdefault(item, {})[code] = text
        elif kind == REPAIR:
            self.repairs.setdefault(start, set()).add(code)

    def columns(self, view: int, start: int, codes: list[int]) -> Columns:
        """Slots of one window, of these patients, who are counted in this order."""
        place = np.full(len(self.names), -1, dtype=np.int32)
        place[codes] = np.arange(len(codes), dtype=np.int32)
        part = self._slices.get((view, start), slice(0, 0))
        columns = Columns(*(column[part] for column in self._slots))
        patient = place[columns.patient]
        if (patient >= 0).all():
            return columns._replace(patient=patient)
        chosen = patient >= 0
        return Columns(patient[chosen], *(column[chosen] for column in columns[1:]))

    def rejections(self, view: int, start: int, code: int) -> str:
        """In the order of the vitals, then of the reasons' names; counts stop where the kernel's do."""
        counts = self.rejected.get((view, start), {}).get(code)
        if not counts:
            return "[]"
        return json.dumps(
            [
                {
                    "vital": VITALS[vital],
                    "reason": reason,
                    "count": count if reason == "enteredInError" else min(count, self._most_rejected),
                }
                for (vital, reason), count in sorted(counts.items(), key=lambda one: (one[0][0], _REASONS.index(one[0][1])))
            ]
        )


_REASONS = ("implausible", "unreadable", "signalQuality", "enteredInError")


def _tuples(table: pa.Table) -> Iterator[tuple]:
    return zip(*(column.to_pylist() for column in table.columns))


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
        plan, window = self._task.plan, self._task.window
        bucket = self._bucket
        states = {
            code: known.state
            for (code, start), known in self._known.items()
            if start == plan.first_from - window and known.state is not None
        }
        for start in range(plan.first_from, plan.until, window):
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
        window = self._task.window
        differing: set[int] = set()
        for start in range(min(self._bucket.repairs), self._task.plan.until, window):
            codes = sorted(differing | self._bucket.repairs.get(start, set()))
            states = {code: self._known.get((code, start - window), NOTHING).state for code in codes}
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
        return f'{{"start":{start},"settings":{task.settings},{baseline},"patients":[{patients}]}}'


def step(batches: Iterable[pa.RecordBatch], task: Task, kernel: Kernel) -> pa.RecordBatch | None:
    """All rows of a partition in, rows of the table of results out."""
    parts = list(batches)
    if not parts:
        return None
    return Stepping(Bucket(pa.Table.from_batches(parts), task), task, kernel).run()
