"""A long time: a board's steps with its clock run fast, in one life of years and in many short ones, with all that
happens in them. Its heap, the largest hole in it, its files and its sockets are as before each time that nothing is
left to do; and no wrong clock, no wrap of the ticks and no year hurts it for longer than it lasts.
"""

import base64
import json
import random
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, linear_regression
from typing import Any

from tools.bench.workshop import compile_module
from tools.deploy import ROOT
from tools.hub.maker import Maker
from tools.soak import Row, process
from tools.soak.years_hub import Judge
from tools.soak.years_server import Server

_DEVICE = Path(__file__).parent / "device"
_FLASH_BYTES = 256 * 512
# KiB of heap, of 64-bit words, which are twice as wide as on the chip: of a board that does what most do, and of one
# that does all that there is; and what the campaign's own code on the board takes of it.
_USUAL, _ALL = 108, 124
_WATCH = 20
_LIMIT_S = 3600  # of one life
_WRAP = 1 << 30  # ms
_EPOCH_2000 = 946684800
_DAY = 86400
_NOW = 1780000000  # 2026
# When lives begin that come later: before 31 bits of seconds are full, those since 2000, and a century.
_WORLDS = ((1 << 31) - 2 * _DAY, _EPOCH_2000 + (1 << 31) - 2 * _DAY, 4102444800 - 20 * _DAY, 4102444800 + _DAY)
# What a chip's clock may say at a start: the epochs, the day that it kept, days that never were.
_CLOCKS = (0, _EPOCH_2000, None, None, (1 << 31) - 1, 4070908800, 4102444800 + _DAY)
# Steps of the two long lives, and between two samples of what they hold; steps of the short ones, and how many.
_FULL = (35000, 500, 1000, 30)
_SHORT = (500, 100, 200, 2)
# The most that there may be: lines of the log, incidents, events, duties, topics of failures, ...
_MOST = {"log": 12, "notices": 20, "events": 20, "due": 9, "versions": 5, "retries": 8, "faults": 8, "_said": 20}


@dataclass
class Life:
    """What one life said. `end`: why it ended."""

    begin: int = 0
    steps: int = 0
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
    heap: int  # KiB
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
            "is_narrow": self.random.random() < 0.3,
            "n": number * 1000000,
            "lies": True,
            "is_usual": self.judge.is_usual,
            "modules": [path.stem for path in (ROOT / "lib/telemetry").glob("*.py")],
            "cause": self._cause(),
        }
        life = Life(world, world=world)
        self.lives.append(life)
        _lived(life, plan | more, self.folder, self.heap + _WATCH)
        told = "".join(life.console[-160:])
        assert not self.judge.broken, f"life {number}: {self.judge.broken[0]}\n{told}"
        assert life.end != "broken", f"life {number} of {plan | more | dict(maker_key='')}\n{told}"
        for name, most in _MOST.items():
            assert life.most.get(name, 0) <= most, f"{name}: {life.most}"
        return life

    def _cause(self) -> str:
        end = self.lives[-1].end if self.lives else "over"
        return "power on" if end == "over" else end


def _lived(life: Life, plan: dict[str, Any], folder: Path, heap: int) -> None:
    with process.Process("years", folder, f"{heap}k", _LIMIT_S) as board:
        board.say(json.dumps(plan))
        for line in board:
            _heard(life, line)
            if life.end:
                break
    assert life.end, "it ended by itself:\n" + "".join(life.console[-60:])


def _heard(life: Life, line: str) -> None:
    kind, _, rest = line.rstrip("\n").partition(" ")
    if kind == "SAMPLE":
        life.samples.append(json.loads(rest))
    elif kind == "MOST":
        life.most = json.loads(rest)
    elif kind == "RAN":
        life.ran.append(int(rest))
    elif kind == "WORLD":
        life.world, life.steps = (int(each) for each in rest.split())
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
    process.run("years", folder, f"{_ALL}k", plan)


def run(seed: int, full: bool) -> list[Row]:
    """See `Row`. Raises AssertionError for a promise that was not kept."""
    return _run(seed, full, True, _USUAL) + _run(seed, full, False, _ALL)


def _run(seed: int, full: bool, is_usual: bool, heap: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared(folder)
        judge = Judge(seed, Maker())
        judge.is_usual = is_usual
        with Server(judge, seed) as server:
            campaign = Campaign(folder, judge, server, random.Random(seed), heap)
            long, every, short, lives = _FULL if full else _SHORT
            for kind, begin in (("memory", _NOW), ("flash", (1 << 31) - 200 * _DAY)):
                campaign.live(long, every, begin, is_long=True, outbox={"size": 2048, "in": kind})
            for number in range(lives):
                begin = campaign.lives[-1].world + campaign.random.randrange(60, 90 * _DAY)
                era = number * (len(_WORLDS) + 1) // lives
                world = max(begin, _WORLDS[era - 1]) if era else begin
                campaign.live(short, short // 2, world, is_long=False)
        return _judged(campaign, 128 if full else 2048)


def _judged(campaign: Campaign, doubt: int) -> list[Row]:
    ran = [number for life in campaign.lives for number in life.ran]
    announced = [version for life in campaign.lives for version in life.announced]
    assert len(set(ran)) == len(ran), "a command ran twice"
    assert len(set(announced)) == len(announced), f"announced twice: {announced}"
    for life in campaign.lives[:2]:
        _flat(life.samples, doubt)
    steps = sum(life.steps for life in campaign.lives)
    last = campaign.lives[0].samples[-1]
    seconds = sum(life.world - life.begin for life in campaign.lives)
    what = f"{steps:,} steps, {campaign.server.requests:,} requests, {len(campaign.lives)} starts"
    time = f"{seconds / _DAY / 365:.1f} years by the board's clock, {seconds * 1000 / _WRAP:.0f} wraps of its ticks"
    use = "what most use" if campaign.judge.is_usual else "all in use"
    return [
        Row(
            f"a long time, {use}, in {campaign.heap} KiB of heap",
            f"{what}; {time}",
            f"{last['free'] - _WATCH * 1024:,} bytes free, as after a third of it, and a hole of {last['hole']:,}; "
            f"{len(last['files'])} files, {last['fds']} file descriptors, as at the start; "
            f"{len(ran)} commands once, {len(announced)} firmwares announced once",
        )
    ]


def _flat(samples: list[dict[str, Any]], doubt: int) -> None:
    """Whether the last third is as the one before it, but for `doubt` bytes of heap; in the first a board comes to know
    all that it will hold."""
    third = len(samples) // 3
    before, after = samples[third:-third], samples[-third:]
    for name, most in (("free", doubt), ("flash", 8)):
        # The mean: what is held for a while makes of a median that of one of two crowds.
        was, now = (fmean(each[name] for each in part) for part in (before, after))
        assert now >= was - most, f"{name}: {was:.0f} became {now:.0f}: {[each[name] for each in samples]}"
    # Where the few things lie that are made anew now and then is chance: the hole is another one after a while.
    was, now = (max(each["hole"] for each in part) for part in (before, after))
    assert now >= was // 2, f"hole: {was} became {now}: {[each['hole'] for each in samples]}"
    slope = linear_regression([each["step"] for each in samples[third:]], [each["free"] for each in samples[third:]])[0]
    lost = -slope * (samples[-1]["step"] - samples[third]["step"])
    assert lost < 2 * doubt, f"free: {lost:.0f} bytes lost: {[each['free'] for each in samples]}"
    assert len({each["fds"] for each in samples}) == 1, "file descriptors"
    assert max(sum(each["files"].values()) for each in samples) < 4096, samples[-1]["files"]
