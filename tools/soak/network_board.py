"""The board of the campaign `network`: a MicroPython process, what it says, and what it has then and in the end."""

import itertools
import json
import os
import shutil
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tools.bench.workshop import compile_module
from tools.deploy import ROOT
from tools.hub.server import LocalHub
from tools.hub.testing import register
from tools.soak.ledger import Ledger
from tools.soak.process import Process, run

HEAP = "192k"
_DEVICE = Path(__file__).parent / "device"
_FLASH_BYTES = 512 * 512
_SINCE_MS = 1_767_225_600_000  # 1970 to the board's tick 0, as network_life.py has it
_INTERVAL_S = 30
_FAILURE_MS = 5000  # of the board's time, for a request that fails
_WINDOW_MS = 30_000
_LIMIT_S = 1200  # for a whole life
_SAME_BYTES = 1024  # of heap, that what is known of the last troubles and so on may differ by
_SAME_HOLE = 8192  # as something that stays may lie elsewhere
_STATE = "/f/outbox.json"  # there once something waited for long
_SAME_FILE = 16  # bytes, that numbers in it may differ by


def compile_library(folder: Path) -> None:
    """Our library and what runs beside it as .mpy, as on a board, and a flash without files."""
    library = sorted((ROOT / "lib/telemetry").glob("*.py"))
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        list(workers.map(compile_module, library, itertools.repeat(folder / "lib/telemetry")))
        list(workers.map(compile_module, _DEVICE.glob("network_*.py"), itertools.repeat(folder / "lib")))
    image = folder / "formatted.img"
    image.write_bytes(b"\xff" * _FLASH_BYTES)
    plan = json.dumps({"format": True, "flash": str(image)})
    run("network_life", folder, HEAP, plan)


class BoardRun:
    """A board with an empty flash, registered at the hub, which it reaches by `port`.

    `ledger` has what the board said of its telemetries, `asked_ms` when it made its requests, by its ticks, `failures`
    why some failed, `held` what it had whenever nothing waited.
    """

    def __init__(self, hub: LocalHub, port: int, lib: Path, seed: int, outbox: dict[str, Any], timeout_s: float):
        identity = register(hub.url, hub.ca).raise_for_status().json()
        url = f"{'https' if hub.ca else 'http'}://localhost:{port}"
        flash = lib / f"flash-{seed}.img"
        shutil.copyfile(lib / "formatted.img", flash)
        self._lib = lib
        self._plan = {
            "flash": str(flash),
            "identity": identity | {"entry_url": url, "hub_url": url},
            "ca": hub.ca.hex() if hub.ca else None,
            "seed": seed,
            "outbox": outbox,
            "timeout_s": timeout_s,
            "interval": _INTERVAL_S,
            "failure_ms": _FAILURE_MS,
        }
        self.ledger = Ledger(_SINCE_MS)
        self.failures: Counter[str] = Counter()
        self.asked_ms: list[int] = []
        self.held: list[dict[str, Any]] = []
        self.console = ""  # what else it said

    def live(self, phases: Sequence[tuple[int, float, float, bool]], begin: Callable[[int], object]) -> None:
        """The whole plan; `begin(number)` is called before each phase. Raises AssertionError if the board fails."""
        with Process("network_life", self._lib, HEAP, _LIMIT_S) as process:
            process.say(json.dumps(self._plan | {"phases": phases}))
            for line in process:
                kind, _, rest = line.rstrip("\n").partition(" ")
                if kind == "P":
                    self._note_sockets(process.pid)
                    if int(rest) >= 0:
                        begin(int(rest))
                    process.say("")
                elif kind == "END":
                    self._end(json.loads(rest))
                    return
                elif not self._heard(kind, rest):
                    self.console += line
        raise AssertionError(f"the board ended:\n{self.console[-5000:]}")

    def _heard(self, kind: str, rest: str) -> bool:
        ledger = self.ledger
        words = rest.split()
        if kind == "T":
            ledger.taken[int(words[1])] = int(words[0])
        elif kind == "K":
            ledger.kept.append(int(rest))
        elif kind == "D":
            ledger.drops.append((int(words[0]), int(words[1])))
        elif kind in ("A", "F"):
            self.asked_ms.append(int(words[0]))
            if kind == "F":
                self.failures[words[1]] += 1
            elif int(words[1]):
                ledger.acknowledged.append(int(words[1]))
        elif kind == "M":
            self.held.append(json.loads(rest))
        else:
            return False
        return True

    def _note_sockets(self, pid: int) -> None:
        if self.held:
            self.held[-1].setdefault("fds", len(os.listdir(f"/proc/{pid}/fd")))

    def _end(self, end: dict[str, int]) -> None:
        assert end["taken"] == len(self.ledger.taken)
        assert not end["waiting"], f"{end['waiting']} wait although all has been well for long\n{self.console[-3000:]}"
        assert end["dropped"] == self.ledger.dropped

    def check_same(self) -> None:
        """Raises AssertionError unless files, sockets and heap are in the end as they were when all was warm: halfway,
        as by then each kind of trouble has come."""
        last = self.held[-1]
        fds = [each["fds"] for each in self.held]
        assert max(fds) - min(fds) <= 1, f"files and sockets that are open: {fds}"  # one for the hub, if it is kept
        for name, size in last["files"]:
            before = dict(self.held[len(self.held) // 2]["files"])
            assert name in before or name == _STATE, f"on flash at last: {name}, {size} bytes"
            assert size <= before.get(name, size) + _SAME_FILE, f"{name}: {before[name]} bytes, in the end {size}"
        for name, less in (("free", _SAME_BYTES), ("hole", _SAME_HOLE)):
            warm, end = self._compared(name)
            assert end >= warm - less, f"heap, {name}: {warm}, in the end {end}: {[it[name] for it in self.held]}"

    def same(self) -> str:
        """For people: what was compared."""
        free, hole = self._compared("free"), self._compared("hole")
        return (
            f"heap free {free[0]} then {free[1]}, its largest hole {hole[0]} then {hole[1]}, "
            f"{self.held[-1]['fds']} files and sockets open, {len(self.held[-1]['files'])} files on flash"
        )

    def busiest(self) -> int:
        """The most requests within 30 s, which is what a hub counts."""
        times = self.asked_ms
        return max(bisect_left(times, at + _WINDOW_MS) - number for number, at in enumerate(times))

    def _compared(self, name: str) -> tuple[int, int]:
        # The best of two thirds: what is larger for a while is given back.
        third = max(len(self.held) // 3, 1)
        values = [each[name] for each in self.held]
        return max(values[third : 2 * third]), max(values[-third:])
