"""
Rows of the table of slots to slots, in a Python worker: what `slots.merged` says in Spark, for the rows of some patients at
once. A worker has them together already; Spark would sort them first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from .slots import MOST_SAMPLES

KEY_BYTES = 14


class Slots(NamedTuple):
    rows: np.ndarray
    """Of the table: the row that each slot goes to."""
    superseded: np.ndarray


def merged(table: pa.Table, rows: np.ndarray, group: np.ndarray) -> Slots:
    """
    :param rows: indices of the rows that are slots'
    :param group: of each of these, a number that is the slot's own
    """
    order = np.argsort(group, kind="stable")
    sorted_group = group[order]
    is_last = np.append(sorted_group[1:] != sorted_group[:-1], True) if len(rows) else np.zeros(0, bool)
    is_first = np.append(True, is_last[:-1])
    crowded = np.flatnonzero(~(is_first & is_last))
    part = table.select(["priority", "time", "key", "value"]).take(pa.array(rows[order[crowded]]))
    if len(crowded):
        # The winner of a crowded slot goes to its end.
        order[crowded] = order[crowded][_rising(part, sorted_group[crowded])]
    winners = rows[order[is_last]]
    number = np.cumsum(is_first) - 1
    return Slots(winners, _superseded(table, rows[order], number, crowded, len(winners)))


def _rising(part: pa.Table, group: np.ndarray) -> np.ndarray:
    """Lowest priority number last, then greatest time, key, and value; null beats a value."""
    key = key_bytes(part["key"])
    value = part["value"]
    empty = value.is_null().to_numpy()
    numbers = np.nan_to_num(value.to_numpy().astype(np.float64))
    return np.lexsort((numbers, empty, key[:, 1], key[:, 0], part["time"].to_numpy(), -part["priority"].to_numpy(), group))


def key_bytes(keys: pa.ChunkedArray) -> np.ndarray:
    """Two numbers a key, which sort as its bytes do."""
    raw = _raw(keys)
    padded = np.zeros((len(raw), 16), np.uint8)
    padded[:, :KEY_BYTES] = raw
    return padded.view(">u8").astype(np.uint64)


def _raw(keys: pa.ChunkedArray) -> np.ndarray:
    fixed = pa.concat_arrays([chunk.cast(pa.binary(KEY_BYTES)) for chunk in keys.chunks]) if len(keys) else None
    if fixed is None:
        return np.zeros((0, KEY_BYTES), np.uint8)
    return np.frombuffer(fixed.buffers()[1], np.uint8)[fixed.offset * KEY_BYTES :][: len(fixed) * KEY_BYTES].reshape(-1, KEY_BYTES)


def _superseded(table: pa.Table, rows: np.ndarray, number: np.ndarray, crowded: np.ndarray, slots: int) -> np.ndarray:
    """Distinct samples of each slot but its own, by the tails of their keys; up to `MOST_SAMPLES` are told apart."""
    tails = table["tails"].take(pa.array(rows))
    has_others = tails.is_valid().to_numpy()
    alone = np.zeros(len(rows), bool)
    alone[crowded] = True
    # A slot's only row without a list of others has superseded nothing.
    alone &= ~has_others
    own = rows[alone]
    own_tails = _raw(table["key"].take(pa.array(own)))[:, -4:].copy().view(">u4").ravel()
    listed = tails.filter(pa.array(has_others)).combine_chunks()
    listed_tails = np.array([int.from_bytes(tail, "big") for tail in listed.flatten().to_pylist()], np.uint32)
    listed_number = np.repeat(number[has_others], listed.value_lengths().to_numpy(zero_copy_only=False))
    pairs = np.concatenate([number[alone], listed_number]).astype(np.uint64) << np.uint64(32)
    distinct = np.unique(pairs | np.concatenate([own_tails, listed_tails]).astype(np.uint64)) >> np.uint64(32)
    counts = np.bincount(distinct.astype(np.int64), minlength=slots)
    return np.maximum(np.minimum(counts, MOST_SAMPLES) - 1, 0).astype(np.uint8)
