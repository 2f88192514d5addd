"""A long time: a board's steps with its clock run fast, in one life of many months and in many short ones, with all that
happens in them. Its heap, the largest hole in it, its files and its sockets are as at the start, each time that there
is nothing left to do; and no wrong clock, no wrap of the ticks and no year hurts it for longer than it lasts.
"""

import base64
import json
import random
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.bench.workshop import compile_module
from tools.board.micropython import find_micropython
from tools.deploy import ROOT
from tools.hub.maker import Maker
from tools.soak import Row
from tools.soak.years_hub import Judge
from tools.soak.years_server import Server

_DEVICE = Path(__file__).parent / "device"
_FLASH_BYTES = 256 * 512
_HEAP = "128k"  # of 64-bit words, twice as wide as on the chip: 96 KiB for the board, and what watching it takes
_PATHS = {"MICROPYPATH": ".frozen:lib"}  # names as long as on a board: each module's path takes heap
_WRAP = 1 << 30  # ms
_EPOCH_2000 = 946684800
# Where lives begin: any day, the last ones of 31 bits, of 31 bits since 2000, of 32 bits, of a century.
_WORLDS = (1780000000, (1 << 31) - 200000, _EPOCH_2000 + (1 << 31) - 200000, (1 << 32) - 86400 * 20000, 4102444800 - 86400)
# What a chip's clock may say at a start: the epochs, a day that it kept, days that never were.
_CLOCKS = (0, _EPOCH_2000, None, None, 2147483647, 4070908800, 4102444800 + 86400)


@dataclass
class Life:
    """What one life said. `end`: why it ended."""

    end: str = ""
    world: int = 0
    samples: list[dict[str, Any]] = field(default_factory=list)
    most: dict[str, int] = field(default_factory=dict)
    ran: list[int] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)


@dataclass
class Campaign:
    """One board with its flash, and its hub."""

    folder: Path
    judge: Judge
    server: Server
    random: random.Random
    lives: list[Life] = field(default_factory=list)

    def live(self, steps: int, sample_every: int, world: int, **more: Any) -> Life:
        """A life of so many steps, unless it ends before. Raises AssertionError for a promise that was not kept."""
        number = len(self.lives)
        clock = self.random.choice(_CLOCKS)
        self.judge.base = world
        self.judge.may_reboot = not more["is_long"]
        plan = {
            "flash": "flash.img",
            "url": self.server.url,
            "maker_key": base64.b64encode(self.judge.maker.der).decode(),
            "seed": self.random.randrange(1 << 30),
            "ticks": self.random.choice((_WRAP - 30000, _WRAP // 2 - 30000, self.random.randrange(_WRAP))),
            "world": world,
            "base": world,
            "clock": world if clock is None else clock,
            "epoch": self.random.choice((0, _EPOCH_2000)),
            "outbox": {"size": 2048, "in": self.random.choice(("memory", "flash"))},
            "steps": steps,
            "sample_every": sample_every,
            "n": number * 1000000,
            "lies": True,
            "cause": "power on",
        }
        life = Life()
        self.lives.append(life)
        _lived(life, plan | more, self.folder)
        told = "".join(life.console[-160:])
        assert not self.judge.broken, f"life {number}: {self.judge.broken[0]}\n{told}"
        assert life.end != "broken", f"life {number} of {plan | more | dict(maker_key='')}\n{told}"
        return life


def _lived(life: Life, plan: dict[str, Any], folder: Path) -> None:
    process = subprocess.Popen(
        [find_micropython(None), "-X", f"heapsize={_HEAP}", "-m", "years"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd=folder,
        env=_PATHS,
    )
    try:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(plan) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            _heard(life, line)
            if life.end:
                break
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
    assert life.end, "it ended by itself:\n" + "".join(life.console[-60:])


def _heard(life: Life, line: str) -> None:
    kind, _, rest = line.rstrip("\n").partition(" ")
    if kind == "SAMPLE":
        life.samples.append(json.loads(rest))
    elif kind == "MOST":
        life.most |= json.loads(rest)
    elif kind == "RAN":
        life.ran.append(int(rest))
    elif kind == "WORLD":
        life.world = int(rest)
    elif kind == "SET":
        life.most["SET "+rest] = life.most.get("SET "+rest,0)+1
    elif kind == "END":
        life.end = rest
    else:
        if line.startswith("New firmware "):
            life.announced.append(line.split()[2])
        life.console.append(line)
        del life.console[:-200]


def prepared(folder: Path) -> None:
    """Our library and the device's side of this as .mpy, as `make deploy MPY=1` puts them on a board, and a flash
    without files."""
    for module in (ROOT / "lib/telemetry").glob("*.py"):
        compile_module(module, folder / "lib/telemetry")
    for module in _DEVICE.glob("years*.py"):
        compile_module(module, folder / "lib")
    image = folder / "flash.img"
    image.write_bytes(b"\xff" * _FLASH_BYTES)
    plan = json.dumps({"format": True, "flash": str(image)})
    subprocess.run([find_micropython(None), "-m", "years"], check=True, input=plan, text=True, cwd=folder, env=_PATHS)


if __name__ == "__main__":
    import sys, time
    seed=int(sys.argv[1]); steps=int(sys.argv[2]); every=int(sys.argv[3])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared(folder)
        judge = Judge(seed, Maker())
        with Server(judge, seed) as server:
            c = Campaign(folder, judge, server, random.Random(seed))
            t=time.time()
            try:
                life = c.live(steps, every, 1780000000, is_long=True)
            finally:
                for l in c.lives:
                    for s in l.samples: print(s)
                print(judge.counts, time.time()-t, server.requests)
            print("".join(life.console[-40:]))
            for s in life.samples: print(s)
            print(life.most, life.world-1780000000)
