"""Bad input: whatever a hub, a server, a file or a redirect says, nothing but the documented exceptions comes of it, in
bounded time and memory.

Each target (device/targets.py, wire.py, whole.py) gets the inputs of corpus.py, and then others: of a shape that a hub
might give (hypothesis; lines and memory are counted, too), by what the library's code looks at (atheris), and at random
under MicroPython with the heap of a board. At last a whole board meets a hub that lies (liar.py).
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tools.bench.workshop import compile_module
from tools.board.micropython import find_micropython
from tools.deploy import ROOT
from tools.soak import Row
from tools.soak.hostile.corpus import CORPUS
from tools.soak.hostile.liar import lie_to, lies

_DEVICE = Path(__file__).parent / "device"
_HEAP = "96k"  # of 64-bit words: half as much on the chip
_HEAP_OF_ALL = "192k"  # for a whole agent and, beside it, all that tries it
_GROWN_MOST = 8192  # bytes in use after as many inputs again; the last one may hold some
# What one input may take: lines of the library, and bytes at once, fixed and for each byte of it. CPython's objects are
# larger than MicroPython's by far, and what is made once counts as well.
_LIMITS = {
    "targets.reply": ((300, 0), (200_000, 150)),
    "targets.canned": ((2_000, 6), (200_000, 150)),
    "targets.identities": ((1_000, 4), (200_000, 150)),
    "targets.settings_file": ((2_000, 1), (200_000, 150)),
    "targets.settings_fields": ((2_000, 4), (200_000, 150)),
    "targets.stored": ((3_000, 10), (200_000, 150)),
    "targets.versions": ((2_000, 60), (200_000, 300)),
    "targets.urls": ((500, 2), (200_000, 100)),
    "targets.redirects": ((1_000, 2), (200_000, 100)),
    "targets.signed": ((500, 1), (200_000, 100)),
    "targets.texts": ((3_000, 30), (200_000, 300)),
    "waiting.spooled": ((5_000, 100), (200_000, 100)),
    "wire.answered": ((4_000, 150), (200_000, 50)),
    "whole.lived": ((150_000, 100), (400_000, 300)),
}
# How many times as long as the others an input takes.
_SLOW = {
    "targets.canned": 4,
    "targets.settings_file": 10,
    "targets.stored": 20,
    "targets.versions": 4,
    "targets.signed": 8,
    "waiting.spooled": 40,
    "wire.answered": 40,
    "whole.lived": 100,
}

_GUIDED_IN_SHORT = ("targets.redirects", "wire.answered")


def run(seed: int, full: bool, only: Iterable[str] = tuple(CORPUS)) -> list[Row]:
    """A row for each target. Raises AssertionError, with the input, for one that did not end well."""
    shaped, guided, random = (1000, 100_000, 20_000) if full else (12, 400, 300)
    memory = "/dev/shm"  # a disk would take most of the time
    with tempfile.TemporaryDirectory(prefix="hostile-", dir=memory if os.path.isdir(memory) else None) as name:
        folder = Path(name)
        for target in only:
            (folder / "corpus" / target).mkdir(parents=True)
            for number, data in enumerate(CORPUS[target]):
                (folder / "corpus" / target / f"{number:03}").write_bytes(data)
        lib = folder / "lib"
        for path in _DEVICE.glob("*.py"):
            compile_module(path, lib)
        for path in (ROOT / "lib/telemetry").glob("*.py"):
            compile_module(path, lib / "telemetry")
        costs = _shaped(folder, seed, {target: _share(shaped, target, 3) for target in only})
        rows = []
        for target in only:
            tried = costs[target]["tried"]
            if full or target in _GUIDED_IN_SHORT:  # to instrument the library takes longer than all the rest
                tried += _guided(folder, seed, target, _share(guided, target, 40))
            native = _native(folder, seed, target, _share(random, target, 20))
            line = f"{tried} inputs by CPython, {native} by MicroPython"
            cost = f"at most {costs[target]['lines']} lines, {costs[target]['memory'] // 1024} KiB of CPython's"
            rows.append(Row("bad input: " + _what(target), line, f"all ended as documented; {cost}"))
        names = list(lies()) if full else list(lies())[seed % 8 :: 8]
        for name in names:
            lie_to(folder, lib, name)
        told = "the board survived, showed no secret, was not made to restart; telemetry went on"
        return rows + [Row("a hub that lies to a whole board of 96 KiB", f"{len(names)} lies", told)]


def _share(count: int, target: str, least: int) -> int:
    return max(least, count // _SLOW.get(target, 1))


def _what(target: str) -> str:
    return target.partition(".")[2].replace("_", " ")


def _environment() -> dict[str, str]:
    paths = (ROOT, ROOT / "lib", ROOT / "tests/shim", _DEVICE)
    return os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}


def _work(folder: Path, name: str) -> Path:
    work = folder / name
    work.mkdir()
    return work


def _ended(done: subprocess.CompletedProcess[bytes], what: str) -> str:
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert not done.returncode, f"{what}:\n{said[-8000:]}"
    return said


def _shaped(folder: Path, seed: int, examples: dict[str, int]) -> dict[str, dict[str, int]]:
    plan = {"seed": seed, "examples": examples, "limits": _LIMITS, "corpus": str(folder / "corpus")}
    done = subprocess.run(
        [sys.executable, "-m", "tools.soak.hostile.shaped", json.dumps(plan)],
        cwd=_work(folder, "shaped"),
        env=_environment() | {"HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis")},
        capture_output=True,
    )
    _ended(done, f"hypothesis, seed {seed}")
    return json.loads(done.stdout.splitlines()[-1])


def _guided(folder: Path, seed: int, target: str, runs: int) -> int:
    """How many inputs atheris tried; 0 where there is none of it."""
    if importlib.util.find_spec("atheris") is None:
        print(f"{target}: NOT TRIED BY WHAT THE CODE LOOKS AT: atheris is not for this platform", file=sys.stderr)
        return 0
    command = [sys.executable, "-m", "tools.soak.hostile.guided", target, str(folder / "corpus" / target)]
    work = _work(folder, "guided-" + target)
    done = subprocess.run(
        [*command, str(runs), str(seed & 0x7FFFFFFF or 1)], cwd=work, env=_environment(), capture_output=True
    )
    found = [path.read_bytes()[:2000].hex() for path in (folder / "corpus").glob(f"{target}.found-*")]
    _ended(done, f"{target}, seed {seed}, found by {found}")
    return runs


def _native(folder: Path, seed: int, target: str, random: int) -> int:
    """How many inputs MicroPython was tried with."""
    heap = _HEAP_OF_ALL if target.startswith("whole.") else _HEAP
    plan = {"target": target, "folder": str(folder / "corpus" / target), "seed": seed, "random": random}
    done = subprocess.run(
        [find_micropython(None), "-X", f"heapsize={heap}", "-m", "replay"],
        input=json.dumps(plan).encode() + b"\n",
        cwd=_work(folder, "native-" + target),
        env={"MICROPYPATH": f".frozen:{folder / 'lib'}"},
        capture_output=True,
    )
    said = _ended(done, f"{target} under MicroPython, seed {seed}")
    end = json.loads(done.stdout.splitlines()[-1])
    assert not end["found"], f"{target} under MicroPython, seed {seed}: {said[-4000:]}"
    assert end["grown"] <= _GROWN_MOST, f"{target}: {end['grown']} bytes more in use after {end['tried']} inputs"
    return end["tried"]
