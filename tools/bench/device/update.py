"""A firmware update over TLS: what it takes of heap, flash and time."""

import gc
import sys
from time import ticks_diff, ticks_us

from bench import ours
from bench.flash import Flash

_MODULES_MOST = 80
_USED = ("update", "download", "bundle", "verify", "unpack", "slots")
PHASES = ("download", "verify", "unpack")  # each a module


class Peak:
    """The heap at the most, and the modules that were loaded then. What it needs itself is there from the start."""

    def __init__(self):
        self.heap = 0
        self.modules = [None] * _MODULES_MOST

    def sample(self):
        now = gc.mem_alloc()
        if now > self.heap:
            self.heap = now
            count = 0
            for name in sys.modules:
                self.modules[count] = name
                count += 1
            self.modules[count] = None


class Board(ours.Board):
    """With `peaks` set, a Peak for each phase, it samples the heap whenever it is fed: an update does it with each
    piece."""

    peaks = None

    def feed(self):
        if self.peaks:
            gc.collect()
            for phase in PHASES:
                if "telemetry." + phase in sys.modules:
                    self.peaks[phase].sample()

    def reset(self):
        raise SystemExit


def update(config):
    """Bytes of heap beyond that of an agent that is connected, phase by phase and at the end; flash operations;
    microseconds of the update, and of a plain download. With `sampled` only the heap counts, else all but that."""
    flash = Flash("flash.img", 4 * config["size"] + 512 * 1024)
    agent = ours.build(config)
    agent.folder = "/flash/"
    agent.board = board = Board()
    agent.telemetry(lambda: {"temp": 21.5})
    agent.step()
    file = agent.file(config["file"])
    plain = min(_plain(agent.hub.requests, file["url"], config["size"]) for _ in range(3))
    agent.step()
    _order(agent, file)
    names = _names()
    loaded = set(sys.modules)
    peaks = {phase: Peak() for phase in PHASES}
    writes, erases = flash.writes, flash.erases
    base = _settled()
    if config["sampled"]:
        board.peaks = peaks
    begun = ticks_us()
    try:
        for _ in range(9):
            agent.step()
        raise RuntimeError("the update came to no end")
    except SystemExit:
        taken = ticks_diff(ticks_us(), begun)
    found = {"us": taken, "plain_us": plain, "writes": flash.writes - writes, "erases": flash.erases - erases}
    if config["sampled"]:
        board.peaks = None
        found["stays"] = _settled() - base
        for phase in PHASES:
            modules = peaks[phase].modules
            modules = [name for name in modules[: modules.index(None)] if name not in loaded]
            found[phase] = {"heap": peaks[phase].heap - base, "code": _heap_of(modules)}
        found["names"] = names
    return found


def _order(agent, file):
    from telemetry import once

    file["version"] = "2.0.0"
    once("update", "order", agent, file)


def _plain(requests, url, size):
    piece = memoryview(bytearray(1024))
    begun = ticks_us()
    response = requests.request("GET", url, timeout=30, stream=True)
    while size:
        size -= response.readinto(piece)
    response.close()
    return ticks_diff(ticks_us(), begun)


def _names():
    # The heap that the names in the modules of an update take, for ever, once they were loaded.
    before = _settled()
    for name in _USED:
        _loaded_once("telemetry." + name)
    return _settled() - before


def _heap_of(names):
    before = _settled()
    for name in names:
        __import__(name, None, None, ("x",))
    found = _settled() - before
    for name in names:
        _loaded_once(name)
    return found


def _loaded_once(name):
    import telemetry

    __import__(name, None, None, ("x",))
    del sys.modules[name]
    telemetry.__dict__.pop(name.split(".")[1], None)


def _settled():
    # The heap in use, when nothing of before is in sight of the collector: it takes whatever lies on C's stack for a
    # reference.
    _deep(80)
    gc.collect()
    return gc.mem_alloc()


def _deep(n):
    return n and _deep(n - 1) + 1
