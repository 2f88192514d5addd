"""A life of the board: from a start on a flash until hub and board have settled, with resets in it if there are any.

The agent is made of real parts, as telemetry.wiring does it; only the chip and its time are not real.
"""

import json
import time

import vfs
from flash import Flash
from hub import Hub, World, has_good_key
from telemetry import agent as agent_module
from telemetry import backlog, errors, health, notifier, once, store
from telemetry import clock as clock_module
from telemetry.clock import Clock
from telemetry.hub import Hub as Client
from telemetry.registration import Registration

ROOT = "/"
_MOST_STEPS = 60
_BEGIN = 1777636800  # 2026-05-01T12:00:00Z


class Reset(BaseException):
    """Nothing of the board's program sees it."""


class Board:
    hung = None

    def __init__(self):
        self.cause = "power on"

    def is_connected(self):
        return True

    def address(self):
        return "10.0.2.15"

    def is_pressed(self):
        return False

    def light(self, on):
        pass

    def feed(self):
        pass

    def reset_cause(self):
        return self.cause

    def restart(self):
        self.reset()

    def rest(self):
        pass

    def reset(self, cause="hard reset"):
        self.cause = cause
        raise Reset


class Ticks:
    now = 1000

    def __call__(self):
        return self.now

    def sleep(self, ms):
        self.now += ms


_copies = {}  # of flashes, by their sizes: a heap has little room in one piece
_ticks = agent_module.ticks_ms = backlog.ticks_ms = clock_module.ticks_ms = notifier.ticks_ms = Ticks()
agent_module.sleep_ms = _ticks.sleep
said = []  # on the console, in this life
errors.print = said.append
errors.print_exception = lambda error: None
health.add = lambda agent: None  # it would collect garbage each time


class Life:
    """What came of one: `world`, and what a flash that loses its power then makes of it, by `flash.cuts`."""

    def __init__(self, flow, driver, block, content, moment):
        """`content`: of the flash, which changes."""
        self.folder = ROOT
        self.flow = flow
        self.world = World(moment)
        self.flash = Flash(content, block, self.world.moment, flow.extra)
        self.driver = driver
        self.hub = Hub(self.world, _ticks.sleep)
        self.board = Board()
        self.reports = []
        self.held = None  # an incident, by the program

    def live(self, check=None):
        """`check(self)` is called at the end, while the flash is mounted. Raises AssertionError."""
        said.clear()
        while True:
            self._look()
            vfs.mount(self.driver(self.flash), ROOT)
            _ticks.now = self.world.now["ms"]
            try:
                self.flow.begins(self)
                self.agent = self._agent()
                self._script()
                self.flow.tidy(self)
                assert not self.world.now["wrong"], self.world.now["wrong"]
                if check:
                    check(self)
                return self
            except Reset:
                pass
            finally:
                vfs.umount(ROOT)

    def _look(self):
        # After a cut each file holds what was last saved, or what was being saved.
        now = self.world.now
        path, new = now["saving"] or (None, None)
        saved = now["saved"]
        # On a copy: who reads may mend.
        size = len(self.flash.content)
        if size not in _copies:
            _copies[size] = bytearray(size)
        content = _copies[size]
        content[:] = self.flash.content
        vfs.mount(self.driver(Flash(content, self.flash.block, None, self.flow.extra)), ROOT)
        for each in set(saved) | {path or "identity.json"}:
            try:
                found = store.load(ROOT + each)
                found = found or None  # {}: no more than room for one
            except errors.Corrupt as error:
                raise AssertionError("%s: %s" % (each, error))
            except errors.Missing:
                found = None
            old = saved.get(each)
            assert found == old or (each == path and found == new), (each, "old", old, "new", path, new, "found", found)
            if found is not None:
                saved[each] = found
        vfs.umount(ROOT)
        now["saving"] = None
        self.world.touch()

    def _agent(self):
        now = self.world.now
        settings = {"wifi_ssid": "n", "entry_url": now["entry_url"], "hardware_key": "k", "maker_key": self.flow.key}
        settings["outbox"] = self.flow.outbox
        firmware = once("firmware", "Firmware", ROOT + "version.json", now["running"])
        clock = Clock()
        clock.timestamp = self.timestamp
        client = Client(now["entry_url"], 10, self.hub)
        registration = Registration(
            client, ROOT + "identity.json", clock, {"sn": "SN", "firmware_version": now["running"]}
        )
        agent = agent_module.Agent(client, self.board, clock, registration, once("settings", "checked", settings), ROOT)
        report = agent.report

        def told(what, error, topic=None):
            self.reports.append("%s: %s" % (what, errors.described(error)))
            report(what, error, topic)

        agent.report = told
        agent.unsaved = firmware
        agent.guard("flash", once, "start", "keep", agent)
        self.flow.program(agent, self.world)
        return agent

    def timestamp(self, ago_ms=0):
        return stamp((_ticks.now if self.flow.keeps else 0) - ago_ms)

    def sleep(self, ms):
        _ticks.sleep(ms)

    def step(self):
        now = self.world.now
        _ticks.now += self.flow.step_ms
        if self.flow.keeps:
            now["ms"] = _ticks.now
            self.world.touch()
        self.agent.step()

    def _script(self):
        now = self.world.now
        self._settle()
        acts = self.flow.acts
        while now["acts"] < len(acts):
            acts[now["acts"]](self)
            now["acts"] += 1
            self.world.touch()
            self._settle()

    def _settle(self):
        agent = self.agent
        for _ in range(_MOST_STEPS):
            if self.world.now["down"]:
                return
            before = self.hub.other
            self.step()
            soon = agent.clock.uptime() + 4000
            if (
                self.hub.other == before
                and agent.hub.identity
                and agent.registration.is_accepted
                and agent.unsaved is None
                and agent.outbox is None
                and not [duty for duty in agent.due if agent.due[duty] < soon]
            ):
                return
            if (
                self.world.now["refuses"] or self.world.now["doubts"]
            ) and agent.registration.register_at > agent.clock.uptime():
                return
        raise AssertionError("never settled: %s" % agent.due)


def stamp(ms):
    """A timestamp, so many milliseconds after the first start."""
    utc = time.gmtime(_BEGIN + ms // 1000)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (utc[:6] + (ms % 1000,))


def saves(world_of):
    """Notes in `world_of()` what is saved."""

    def save(path, data):
        world = world_of()
        now = world.now
        name = path[len(ROOT) :]
        if name == "identity.json" and has_good_key(now) and data.get("access_key") != now["device"]["key"]:
            now["wrong"] = "writes over a good key"
        now["saving"] = name, data
        world.touch()
        written = real(path, data)
        now["saving"] = None
        now["saved"][name] = json.loads(json.dumps(data))
        world.touch()
        return written

    real = store.save
    store.save = save
