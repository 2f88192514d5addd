"""The power goes at every single operation of the flash, and again in the life after it: for each piece of state that a
board keeps and each way in which that changes, on MicroPython's own LittleFS2 and FAT.

One MicroPython process tries one state on one file system; what runs there is in tools/soak/cuts.
"""

import base64
import json
import os
import subprocess
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.board.micropython import find_micropython
from tools.deploy import ROOT
from tools.hub.maker import Maker
from tools.soak import Row

DEVICE = Path(__file__).parent / "cuts"
LIB = ROOT / "lib"
HARDWARE = {"board", "wiring"}  # modules that need a chip
# State -> what was true each time. What holds for all is said once, in the last row.
PROMISES = {
    "version": "each announced, none never, none more often than there were cuts",
    "identity": "a key that was stored is never lost: registered once",
    "config": "hub and board agree, what was refused was told",
    "licences": "each change in force and reported once",
    "commands": "none ran twice, the end of each reported once",
    "space": "as the hub has it",
}
_SIGNED = ("recording", '{"features": ["recording", "playback"]}', '{"feature": "export"}')
_LIMIT_S = 3600


def run(seed: int, full: bool) -> list[Row]:
    """The campaign. In short one file system of each kind, with a sample of the cuts; in full all of them, with blocks
    of both sizes, and more files beside. Raises AssertionError."""
    kinds = ["LittleFS2", "FAT"] + ["LittleFS2 of 4096", "FAT of 4096"] * full
    plan = {
        "seed": seed,
        "modules": [path.stem for path in sorted((LIB / "telemetry").glob("[!_]*.py")) if path.stem not in HARDWARE],
        "firsts": 1 if full else 0.5,  # of the cuts, so many are tried
        "seconds": 1000 if full else 1,  # after each, so many in the life after it, if there are as many
        "quiet": 1 if full else 0.1,
    }
    maker = Maker()
    plan["maker_key"] = base64.b64encode(maker.der).decode()
    plan["signed"] = {data: maker.sign(data.encode()) for data in _SIGNED}
    jobs = [plan | {"states": [state], "kind": kind} for state in PROMISES for kind in kinds]
    with ThreadPoolExecutor(os.cpu_count() if full else 1) as workers:
        found = sum(workers.map(_tried, jobs), [])
    return _rows(found)


def _tried(plan: dict) -> list[dict]:
    # For LittleFS2 it is of no matter what else is there; on FAT it moves the names about in their blocks.
    others = range(plan["seed"] % 3, 14, 3) if plan["firsts"] == 1 and "FAT" in plan["kind"] else [plan["seed"] % 14]
    done = subprocess.run(
        [find_micropython(None), "-X", "heapsize=64M", "main.py"],
        input=json.dumps(plan | {"others": list(others)}) + "\n",
        capture_output=True,
        text=True,
        cwd=DEVICE,
        env={"MICROPYPATH": f".frozen:{DEVICE}:{LIB}", "TZ": "UTC"},
        timeout=_LIMIT_S,
    )
    assert not done.returncode, f"{plan['states']} on {plan['kind']}:\n{done.stdout}{done.stderr}"
    return [json.loads(line[6:]) for line in done.stdout.splitlines() if line.startswith("FOUND ")]


def _rows(found: list[dict]) -> list[Row]:
    rows = []
    for state, promise in PROMISES.items():
        cuts: dict[str, int] = defaultdict(int)
        for each in found:
            if each["state"] == state:
                cuts[each["kind"].partition(" ")[0]] += each["cuts"]
        changes = {each["what"]: None for each in found if each["state"] == state}
        tried = " + ".join(f"{count} cuts on {kind}" for kind, count in cuts.items())
        rows.append(Row(f"power cut, {state}: {'; '.join(changes)}", tried, promise))
    cut = sum(each["cuts"] for each in found)
    started = sum(each["lives"] for each in found)
    rows.append(
        Row("power cut, all of these", f"{cut} cuts, {started} starts", "old or new on flash, every start came through")
    )
    return rows
