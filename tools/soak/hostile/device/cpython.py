"""What keeps CPython from being tried as MicroPython is: import this first, there only."""

import importlib
import json
import os
from pathlib import Path

os.environ["TZ"] = "UTC"
_loads, _load = json.loads, json.load


def _without_depth(parse):
    # MicroPython's JSON knows no depth but that of the memory, and what comes of that `replay` shows.
    def parsed(source):
        try:
            return parse(source)
        except RecursionError:
            raise ValueError("deep")

    return parsed


json.loads, json.load = _without_depth(_loads), _without_depth(_load)


def load_all():
    """Every module of the library that needs no board, so that `once` finds them and loads none."""
    import telemetry

    for path in sorted(Path(telemetry.__file__).parent.glob("*.py")):
        if path.stem not in ("__init__", "board", "image", "wiring"):
            importlib.import_module("telemetry." + path.stem)
