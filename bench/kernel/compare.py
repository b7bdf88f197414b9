"""Measures the kernel in V8 beside numpy, in rounds, and prints one JSON object. Arguments: kernel.js, a folder to write to."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Callable

import numpy as np
from py_mini_racer import MiniRacer

from data import START, TYPES, WINDOW, Shape, batch, presorted
from vectorised import Columns, by_packed_keys, score

RESULTS = {
    "count": np.int32,
    "median": np.float64,
    "min": np.float64,
    "max": np.float64,
    "last": np.float64,
    "slope": np.float64,
    "total": np.int8,
    "floorTotal": np.int8,
}
ROUNDS = 9


class V8:
    def __init__(self, bundle: str) -> None:
        self.context = MiniRacer()
        self.context.eval(bundle)
        self.columns = self.context.eval("iomtKernel.columns")
        self.score = self.context.eval("iomtKernel.scoreColumns")
        self.room = 0

    def __call__(self, columns: Columns, patients: int) -> Columns:
        rows = len(columns["time"])
        if rows > self.room:
            self.shared, self.room = self.columns(rows), rows
            self.views = {name: np.frombuffer(self.shared[name], kind) for name, kind in TYPES.items()}
        for name, view in self.views.items():
            view[:rows] = columns[name]
        self.answer = self.score(self.shared, rows, patients, START, WINDOW)
        return {name: np.frombuffer(self.answer[name], kind) for name, kind in RESULTS.items()}


def digest(results: list[Columns]) -> str:
    """Of all bits; NaN is NaN, whichever, and 0 is 0."""
    hashed = hashlib.sha256()
    for result in results:
        for name, kind in RESULTS.items():
            column = result[name].astype(kind) + kind(0)
            hashed.update(np.where(np.isnan(column), np.nan, column).astype(kind).tobytes())
    return hashed.hexdigest()


def measure(shape: Shape, v8: V8, folder: Path) -> dict[str, object]:
    unsorted = [batch(shape, seed) for seed in range(shape.batches)]
    ordered = [presorted(one) for one in unsorted]
    for number, one in enumerate(unsorted):
        for name, column in one.items():
            column.tofile(folder / f"{shape.name}-{number}-{name}.bin")
    patients = shape.patients
    contenders: dict[str, Callable[[], list[Columns]]] = {
        "v8": lambda: [{n: c.copy() for n, c in v8(one, patients).items()} for one in unsorted],
        "numpy": lambda: [score(one, patients, False) for one in unsorted],
        "numpyPresorted": lambda: [score(one, patients, True) for one in ordered],
        "numpyPacked": lambda: [score(one, patients, False, by_packed_keys) for one in unsorted],
        "numpyPackedPresorted": lambda: [score(one, patients, True, by_packed_keys) for one in ordered],
    }
    digests = {name: digest(run()) for name, run in contenders.items()}
    if len(set(digests.values())) != 1:
        raise SystemExit(f"The results differ: {digests}")
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            began, used = time.perf_counter(), time.process_time()
            run()
            wall[name].append(1000 * (time.perf_counter() - began))
            cpu[name].append(1000 * (time.process_time() - used))
    return {
        "digest": digests["v8"],
        "slots": sum(len(one["time"]) for one in unsorted),
        "batches": shape.batches,
        "patients": patients,
        "wall": {name: float(np.median(times)) for name, times in wall.items()},
        "cpu": {name: float(np.median(times)) for name, times in cpu.items()},
    }


def main(bundle: str, folder: str) -> None:
    shapes = [Shape("minutes", 40, 1000, 7), Shape("seconds", 5, 1000, 56)]
    v8 = V8(Path(bundle).read_text("ascii"))
    measured = {shape.name: measure(shape, v8, Path(folder)) for shape in shapes}
    print(json.dumps({"v8": v8.context.v8_version, "numpy": np.__version__, "shapes": measured}))


main(*sys.argv[1:])
