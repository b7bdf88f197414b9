"""In a Python worker: the rows of some patients, by what they are; those of the slots merged, in the kernel's columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Iterator, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import merging
from .lengths import Lengths
from .parameters import Model
from .rows import VITALS
from .slots import CONTEXT, MOST_SAMPLES, REJECTED, SLOT
from .windows import BASELINE, PRESENCE, REPAIR, RESULT, Plan


class Columns(NamedTuple):
    """`SlotColumns` of the kernel."""

    patient: np.ndarray
    vital: np.ndarray
    time: np.ndarray
    value: np.ndarray
    source: np.ndarray
    superseded: np.ndarray


@dataclass(frozen=True)
class Task:
    """What all workers of a batch are told."""

    plan: Plan
    lengths: Lengths
    sample: int
    settings: str
    compares_baselines: bool
    model: Model | None = None

    def settings_of(self, start: int) -> str:
        """The kernel's, with the length of that window."""
        length = self.lengths.end_of(start) - start
        if length == self.lengths.newest:
            return self.settings
        return json.dumps({**json.loads(self.settings), "windowSeconds": length // 1000})

    def most_rejected(self, start: int) -> int:
        """Up to where rejected samples of a vital are counted, as the kernel does."""
        return (self.lengths.end_of(start) - start) // self.sample * MOST_SAMPLES


class Known(NamedTuple):
    """Newest row of a window of a patient in the table of results."""

    version: int
    revision: int
    content: str | None
    state: str | None


NOTHING = Known(0, 0, None, None)

class Bucket:
    """Rows of some patients, as `windows.Closing.rows` gives them, by what they are."""

    def __init__(self, table: pa.Table, task: Task) -> None:
        patients = pc.dictionary_encode(table["patient"].combine_chunks())
        self.names: list[str] = patients.dictionary.to_pylist()
        self._codes = patients.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        self._kind = table["kind"].to_numpy()
        self._table = table
        self._task = task
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
        most = self._task.most_rejected(start)
        return json.dumps(
            [
                {
                    "vital": VITALS[vital],
                    "reason": reason,
                    "count": count if reason == "enteredInError" else min(count, most),
                }
                for (vital, reason), count in sorted(counts.items(), key=lambda one: (one[0][0], _REASONS.index(one[0][1])))
            ]
        )


_REASONS = ("implausible", "unreadable", "signalQuality", "enteredInError")


def _tuples(table: pa.Table) -> Iterator[tuple]:
    return zip(*(column.to_pylist() for column in table.columns))
