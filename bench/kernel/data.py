"""Slots of many windows, unsorted, as a compute has them: a window of a hospital is one batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

VITALS = 8
START = 1_767_571_200_000
WINDOW = 300_000
TYPES = {
    "patient": np.int32,
    "vital": np.uint8,
    "time": np.float64,
    "value": np.float64,
    "source": np.uint8,
    "superseded": np.uint8,
}

# Heart rate, respiration rate, SpO2, systolic, diastolic, temperature: usual value, and how far from it.
USUAL = np.array([78, 17, 96, 122, 78, 37, 0, 0], float)
SPREAD = np.array([18, 4, 2.5, 18, 10, 0.6, 0, 0], float)


class Shape(NamedTuple):
    """`slots` of each vital and patient in a window; every tenth (patient, vital) has none."""

    name: str
    batches: int
    patients: int
    slots: int


def batch(shape: Shape, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    groups = np.flatnonzero(random.random(shape.patients * VITALS) >= 0.1)
    seconds = np.argsort(random.random((len(groups), WINDOW // 1000)), axis=1)[:, : shape.slots].ravel()
    group = np.repeat(groups, shape.slots)
    vital = group % VITALS
    level = USUAL[vital] + SPREAD[vital] * np.repeat(random.standard_normal(len(groups)), shape.slots)
    value = np.round(level + 0.2 * SPREAD[vital] * random.standard_normal(len(group)), 1)
    value[vital == 2] = np.minimum(np.round(value[vital == 2]), 100)
    value[vital == 6] = np.repeat(random.random(len(groups)) < 0.05, shape.slots)[vital == 6]
    value[vital == 7] = np.repeat(random.random(len(groups)) < 0.2, shape.slots)[vital == 7]
    columns = {
        "patient": group // VITALS,
        "vital": vital,
        "time": START + 1000 * seconds + random.integers(0, 1000, len(group)),
        "value": value,
        "source": np.zeros(len(group)),
        "superseded": np.zeros(len(group)),
    }
    order = random.permutation(len(group))
    return {name: columns[name][order].astype(kind) for name, kind in TYPES.items()}


def presorted(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    order = np.lexsort((columns["time"], columns["vital"], columns["patient"]))
    return {name: column[order] for name, column in columns.items()}
