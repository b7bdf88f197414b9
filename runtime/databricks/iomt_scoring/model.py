"""A model beside NEWS2 as an ONNX file: what it says of each window that was scored."""

from __future__ import annotations

import json
import math
from typing import Any, Iterator

import numpy as np

from .bucket import Columns
from .parameters import Model
from .rows import VITALS
from .stepping import Kernel, Step

OF_VITAL = ("median", "min", "max", "last", "slope", "longestGapSeconds", "used", "carriedSeconds")
OF_SCORE = ("total", "floorTotal", "ceilingTotal", "scale")
PARTS = ("resp", "spo2", "oxygen", "sbp", "pulse", "consciousness", "temp")
OF_TREND = ("totalChange", "totalChangeHour")

WITHOUT = '"prediction":null}'
"""How the kernel's text of a window ends that no bundled model has spoken of."""

NUMBERS = ("tensor(float)", "tensor(double)")


def features(window: dict[str, Any]) -> list[float]:
    """In the order of `featureNames` (runtime/scoring/features.ts); NaN for everything that is not known."""
    values: list[float | None] = []
    trend, news2 = window["trend"] or {}, window["news2"] or {}
    for vital in VITALS:
        summary = window["vitals"].get(vital, {})
        values += [summary.get("count", 0), *(summary.get(name) for name in OF_VITAL)]
        values.append(trend.get("fromBaseline", {}).get(vital))
    values += [news2.get(name) for name in OF_SCORE]
    values += [news2.get("parts", {}).get(part) for part in PARTS]
    values += [trend.get(name) for name in OF_TREND]
    return [math.nan if value is None else value for value in values]


class WithModel:
    """A kernel whose windows carry the prediction of an ONNX model."""

    def __init__(self, kernel: Kernel, model: Model) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._kernel = kernel
        self._model = model
        self._session = onnxruntime.InferenceSession(model.path, options, providers=["CPUExecutionProvider"])

    def step(self, request: str, columns: Columns) -> list[Step]:
        steps = self._kernel.step(request, columns)
        scored = [at for at, (content, _) in enumerate(steps) if content is not None and content.endswith(WITHOUT)]
        if not scored:
            return steps
        vectors = np.array([features(json.loads(steps[at][0])) for at in scored], np.float32)
        for at, values in zip(scored, self._values(vectors)):
            content, state = steps[at]
            steps[at] = (f'{content[: -len(WITHOUT)]}"prediction":{self._prediction(values)}}}', state)
        return steps

    def _values(self, vectors: np.ndarray) -> Iterator[dict[str, float]]:
        """An output [n] or [n, 1] gives its name, one of [n, k] gives `<name>.0` and so on; others than numbers are left out."""
        names = [output.name for output in self._session.get_outputs() if output.type in NUMBERS]
        outputs = self._session.run(names, {self._session.get_inputs()[0].name: vectors})
        flat = [output.reshape(len(vectors), -1) for output in outputs]
        if not flat or not all(np.isfinite(output).all() for output in flat):
            raise RuntimeError(f"The model {self._model.name} {self._model.version} gives no finite numbers.")
        for at in range(len(vectors)):
            yield {
                name if output.shape[1] == 1 else f"{name}.{column}": float(output[at, column])
                for name, output in zip(names, flat)
                for column in range(output.shape[1])
            }

    def _prediction(self, values: dict[str, float]) -> str:
        said = {"model": self._model.name, "version": self._model.version, "kind": "onnx", "state": "done", "values": values}
        return json.dumps(said, separators=(",", ":"))
