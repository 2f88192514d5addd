"""A campaign's board: a MicroPython process that is told what to do, and heard, a line at a time."""

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from tools.board.micropython import find_micropython

_PATHS = {"MICROPYPATH": ".frozen:lib"}  # names as long as on a board: each module's path takes heap


def _command(module: str, heap: str) -> list[str]:
    return [find_micropython(None), "-X", f"heapsize={heap}", "-m", module]


def run(module: str, folder: Path, heap: str, line: str) -> None:
    """One that is told `line` and ends by itself. Raises CalledProcessError."""
    subprocess.run(_command(module, heap), check=True, input=line, text=True, cwd=folder, env=_PATHS)


class Process:
    """`module` as it runs in `folder`, which has all in its `lib`, with so much heap, as `192k`. A context manager;
    killed at its end, or after `limit_s` seconds."""

    def __init__(self, module: str, folder: Path, heap: str, limit_s: float) -> None:
        self._process = subprocess.Popen(
            _command(module, heap),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=folder,
            env=_PATHS,
        )
        self.pid = self._process.pid
        self._limit = threading.Timer(limit_s, self._process.kill)
        self._limit.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._limit.cancel()
        self._process.kill()
        self._process.communicate()

    def say(self, line: str) -> None:
        """Tells it."""
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def __iter__(self) -> Iterator[str]:
        """What it says, until it ends."""
        assert self._process.stdout
        return iter(self._process.stdout)
