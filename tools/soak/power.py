"""The power goes at every single operation of the flash, and again in the life after it: for each piece of state that a
board keeps and each way in which that changes, on MicroPython's own LittleFS2 and FAT.

One MicroPython process tries one state on one file system; what runs there is in tools/soak/cuts.
"""

import base64
import hashlib
import json
import os
import random
import subprocess
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tools.board.image import make_image
from tools.board.micropython import find_micropython
from tools.bundle import make_bundle
from tools.deploy import ROOT
from tools.hub.maker import Maker
from tools.soak import Row

DEVICE = Path(__file__).parent / "cuts"
LIB = ROOT / "lib"
HARDWARE = {"board", "wiring"}  # modules that need a chip
# State -> what was true each time. What holds for all is said once, in the last row of the table.
PROMISES = {
    "version": "each announced, none never, none more often than there were cuts",
    "identity": "a key that was stored is never lost: registered once",
    "config": "hub and board agree, what was refused was told",
    "licences": "each change in force and reported once",
    "commands": "none ran twice, the end of each reported once",
    "space": "as the hub has it",
    "incidents": "open at the hub is what the program holds open",
    "outbox": "what had gone to flash came, in order, with its time, at most 10 of it twice",
    "update": "the old version or the new one, whole, at each start; in the end the new one, or why not, told once",
    "starts": "safe mode after three that came to nothing, and not before",
}
_SIGNED = ("recording", '{"features": ["recording", "playback"]}', '{"feature": "export"}')
_LIMIT_S = 3600
_VERSIONS = ("1.1.0", "1.2.0", "1.1.6", "1.1.7", "1.1.8", "1.1.9")  # tools/soak/cuts/updates.py has what they do
_BYTES = 6000  # of a file that cannot be compressed, so that a firmware comes in several parts
_OTHERS = 14  # files beside, fewer than
_ALL = 10000


@dataclass(frozen=True)
class Trial:
    """What came of the cuts of one state."""

    state: str
    changes: list[str]
    cuts: dict[str, int]  # file system -> how many
    starts: int

    def row(self) -> Row:
        tried = " + ".join(f"{count} cuts on {kind}" for kind, count in self.cuts.items())
        return Row(f"power cut, {self.state}: {'; '.join(self.changes)}", tried, PROMISES[self.state])


def run(seed: int, full: bool) -> list[Row]:
    """The campaign. Raises AssertionError."""
    with ThreadPoolExecutor(os.cpu_count() if full else 1) as workers:
        trials = list(workers.map(lambda state: tried(state, seed, full), PROMISES))
    total = sum(sum(trial.cuts.values()) for trial in trials)
    starts = sum(trial.starts for trial in trials)
    all_of_them = Row(
        "power cut, all of these", f"{total} cuts, {starts} starts", "old or new on flash, no start failed"
    )
    return [trial.row() for trial in trials] + [all_of_them]


def tried(state: str, seed: int, full: bool) -> Trial:
    """In short a sample of the cuts; in full each one, and each one in the life after it, and a sample of these with
    larger blocks and with other files beside. Raises AssertionError."""
    cuts: dict[str, int] = defaultdict(int)
    changes: dict[str, None] = {}
    starts = 0
    for kind, others, firsts, seconds in _runs(state, seed, full):
        plan = {"seed": seed, "states": [state], "kind": kind, "others": others, "firsts": firsts, "seconds": seconds}
        for each in _found(_plan() | plan | {"quiet": 1 if full else 0.1}):
            cuts[kind.partition(" ")[0]] += each["cuts"]
            changes[each["what"]] = None
            starts += each["lives"]
    return Trial(state, list(changes), cuts, starts)


def _runs(state: str, seed: int, full: bool) -> list[tuple[str, list[int], float, int]]:
    # File system; how many files beside, each tried: on FAT they move the names about in their blocks; the share of the
    # first cuts; and how many second ones after each, if there are as many.
    here = [seed % _OTHERS]
    if state == "update":  # hundreds of operations, and several starts, in each life
        if not full:
            return [("LittleFS2", here, 0.005, 1), ("FAT", here, 0.009, 1)]
        large = [("LittleFS2 of 4096", here, 0.25, 1), ("FAT of 4096", here, 0.25, 1)]
        return [("LittleFS2", here, 1, 1), ("FAT", here, 1, 1), *large]
    if not full:
        return [("LittleFS2", here, 0.4, 1), ("FAT", here, 0.4, 1)]
    return [
        ("LittleFS2", here, 1, _ALL),
        ("FAT", here, 1, _ALL),
        ("LittleFS2 of 4096", here, 1, 4),
        ("FAT of 4096", here, 1, 4),
        ("FAT", list(range(seed % 3, _OTHERS, 3)), 1, 4),
    ]


@cache
def _plan() -> dict[str, Any]:
    maker = Maker()
    return {
        "modules": [path.stem for path in sorted((LIB / "telemetry").glob("[!_]*.py")) if path.stem not in HARDWARE],
        "maker_key": base64.b64encode(maker.der).decode(),
        "signed": {data: maker.sign(data.encode()) for data in _SIGNED},
        "bundles": {version: _published(maker, _bundle(version)) for version in _VERSIONS},
        "images": {version: _published(maker, _image(version)) for version in ("1.0.0", *_VERSIONS)},
        "factory": _factory(),
    }


def _published(maker: Maker, data: bytes) -> dict[str, str]:
    checksum = hashlib.sha256(data).hexdigest()
    return {"data": base64.b64encode(data).decode(), "checksum": checksum, "signature": maker.sign(data)}


def _program(version: str) -> dict[str, bytes]:
    return {"main.py": b"import part\nimport program\n\nprogram.runs(part.VERSION)\n", "lib/part.py": _part(version)}


def _part(version: str) -> bytes:
    return f"VERSION = {version!r}\n".encode()


def _bundle(version: str) -> bytes:
    page = random.Random(version).randbytes(_BYTES)
    return make_bundle(version, _program(version) | {"page.bin": page}, chip=None)


def _image(version: str) -> bytes:
    return make_image({"app.py": _part(version), "page.mpy": random.Random(version).randbytes(_BYTES)})


def _factory() -> dict[str, str]:
    files = {name: data.decode() for name, data in _program("1.0.0").items()}
    files |= {"settings.json": '{"watchdog": 300}', "lib/telemetry/safe/main.py": ""}
    return files | {name: (ROOT / name).read_text() for name in ("boot.py", "lib/telemetry/new/main.py")}


def _found(plan: dict[str, Any]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [find_micropython(None), "-X", "heapsize=64M", "main.py"],
        input=json.dumps(plan) + "\n",
        capture_output=True,
        text=True,
        cwd=DEVICE,
        env={"MICROPYPATH": f".frozen:{DEVICE}:{LIB}", "TZ": "UTC"},
        timeout=_LIMIT_S,
    )
    assert not done.returncode, f"{plan['states']} on {plan['kind']}:\n{done.stdout}{done.stderr}"
    return [json.loads(line[6:]) for line in done.stdout.splitlines() if line.startswith("FOUND ")]
