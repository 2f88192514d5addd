"""Everything in this folder runs twice from the same files: under CPython and under the real MicroPython.

A file that needs MicroPython's own file systems says so: `INTERPRETERS = ["micropython"]`; one that needs more memory
than an ESP32 with the least has, in words of 64 bits and with sources to compile: `HEAP = "2M"`.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import micropython  # noqa: F401 (of tests/shim: what CPython lacks)
import pytest

from tools.board.micropython import find_micropython

HERE = Path(__file__).parent
LIB = HERE.parent.parent / "lib"

os.environ["TZ"] = "UTC"  # as on every board, under MicroPython too
time.tzset()


def pytest_generate_tests(metafunc):
    metafunc.fixturenames.append("interpreter")
    metafunc.parametrize("interpreter", getattr(metafunc.module, "INTERPRETERS", ["cpython", "micropython"]))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if pyfuncitem.callspec.params["interpreter"] == "cpython":
        return None  # as pytest does it
    path = Path(pyfuncitem.path)
    done = subprocess.run(
        [
            find_micropython(None),
            "-X",
            "heapsize=" + getattr(pyfuncitem.module, "HEAP", "1M"),
            HERE / "run.py",
            LIB,
            path.parent,
            path.stem,
            pyfuncitem.originalname,
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
    sys.stdout.write(done.stdout)
    return True


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """A test's files go into the current folder: here an empty one, under MicroPython an empty LittleFS in memory."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def own_ticks(monkeypatch):
    """A test may put its own ticks into the modules; the next one gets the real ones back."""
    for name, module in list(sys.modules.items()):
        if name.startswith("telemetry."):
            for function in ("ticks_ms", "ticks_diff", "ticks_add", "sleep_ms"):
                if hasattr(module, function):
                    monkeypatch.setattr(module, function, getattr(module, function))
