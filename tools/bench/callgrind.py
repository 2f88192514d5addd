"""Counts the instructions of MicroPython with valgrind's callgrind: exact, and nearly the same in every run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.bench.workshop import BenchError, Workshop

# The `micropython` of PyPI is a CPython process that loads the interpreter as a library: only this function counts.
_ENTRY = "micropython_unix_main"
_START = "import sys; from micropython_unix import main; sys.argv[0] = 'micropython'; sys.exit(main())"
_COLLECTED = re.compile(r"Collected : (\d+)")
_LIMIT_S = 600


def is_there() -> bool:
    """Whether valgrind is on this machine."""
    return shutil.which("valgrind") is not None


def count(workshop: Workshop, config: dict[str, Any], out: Path | None = None) -> int:
    """Instructions of a whole process. `out`: where callgrind's own file goes."""
    done = subprocess.run(
        [
            "valgrind",
            "--tool=callgrind",
            f"--toggle-collect={_ENTRY}",
            f"--callgrind-out-file={out.absolute() if out else '/dev/null'}",
            *(sys.executable, "-c", _START),
            *workshop.arguments(),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        cwd=workshop.state_of(config),
        env=workshop.environment(),
        timeout=_LIMIT_S,
    )
    collected = _COLLECTED.search(done.stderr)
    if done.returncode or not collected:
        raise BenchError(f"{config['subject']} under valgrind failed:\n{done.stdout}{done.stderr}".strip())
    return int(collected[1])


def profile(workshop: Workshop, config: dict[str, Any], out: Path, lines: int = 40) -> str:
    """The functions that take the most, with what they call not counted in."""
    count(workshop, config, out)
    listed = subprocess.run(["callgrind_annotate", out], capture_output=True, text=True, check=True).stdout.splitlines()
    start = next(i for i, line in enumerate(listed) if "file:function" in line)
    return "\n".join(_shortened(line) for line in listed[start : start + lines])


def _shortened(line: str) -> str:
    """Without the folders of source files, and without the library's own path."""
    return re.sub(r"\S*/(?=[^/ ]+:)", "", re.sub(r" \[\S*\]$", "", line))
