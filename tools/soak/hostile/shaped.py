"""Every target under hypothesis, and what each input costs: `python -m tools.soak.hostile.shaped PLAN`.

PLAN is JSON with `seed`, `examples` for each target by name, its `limits`, and the `corpus` folder. It counts the lines
of the library that an input has run, and the memory that it took at once; ends with 1, and says by which input, when a
target does not end well.
"""

import importlib
import json
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cpython  # before the library
import hypothesis
import micropython  # noqa: F401 - of tests/shim: what CPython lacks

from tools.soak.hostile.shapes import SHAPES, Shape


class Meter:
    """What the dearest inputs took, beside a fixed part and one by their length."""

    def __init__(self, function: Callable[[bytes], None], lines: tuple[int, int], memory: tuple[int, int]) -> None:
        self.function = function
        self.lines_most, self.memory_most = lines, memory
        self.lines = self.memory = self.tried = 0
        self._count = 0

    def _line(self, frame: Any, event: str, _argument: object) -> Any:
        if event == "call" and "/telemetry/" not in frame.f_code.co_filename:
            return None
        self._count += event == "line"
        return self._line

    def __call__(self, data: bytes) -> None:
        self.tried += 1
        self._count = 0
        tracemalloc.start()
        sys.settrace(self._line)
        try:
            self.function(data)
        finally:
            sys.settrace(None)
            memory = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        self.lines, self.memory = max(self.lines, self._count), max(self.memory, memory)
        for what, took, (fixed, each) in (
            ("lines", self._count, self.lines_most),
            ("bytes", memory, self.memory_most),
        ):
            assert took <= fixed + each * len(data), f"{took} {what} for an input of {len(data)} bytes"


def _draw(meter: Meter, shape: Shape, seed: int, examples: int) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(shape)
    def test(data: bytes) -> None:
        meter(data)

    test()


def main() -> None:
    plan = json.loads(sys.argv[1])
    cpython.load_all()
    found = {}
    for target, examples in plan["examples"].items():
        module, _, name = target.partition(".")
        meter = Meter(getattr(importlib.import_module(module), name), *plan["limits"][target])
        for path in sorted(Path(plan["corpus"], target).iterdir()):
            meter(path.read_bytes())
        _draw(meter, SHAPES[target], plan["seed"], examples)
        found[target] = {"tried": meter.tried, "lines": meter.lines, "memory": meter.memory}
    print(json.dumps(found))


main()
