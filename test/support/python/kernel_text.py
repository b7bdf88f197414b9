"""Steps a window with the kernel's bundle in mini-racer and writes the answer. Arguments: kernel.js, a JSON file of the call."""

import json
import sys
from pathlib import Path

import numpy as np
from py_mini_racer import MiniRacer

TYPES = {"patient": "i4", "vital": "u1", "time": "f8", "value": "f8", "source": "u1", "superseded": "u1"}

bundle, call = (Path(name).read_text("utf-8") for name in sys.argv[1:])
given = json.loads(call)
rows = len(given["columns"]["time"])
# Closed before the interpreter ends: its thread would keep the process alive.
with MiniRacer() as context:
    context.eval(bundle)
    columns = context.eval("iomtKernel.columns")(rows + 5)
    for name, kind in TYPES.items():
        np.frombuffer(columns[name], kind)[:rows] = given["columns"][name]
    sys.stdout.write(context.eval("iomtKernel.stepColumns")(given["request"], columns, rows))
