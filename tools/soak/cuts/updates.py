"""A new firmware: a bundle into a slot, or an image into the other partition. What runs is what boot.py has decided."""

import gc
import json
import os
import sys
from binascii import hexlify
from hashlib import sha256

import chip
import shelf
from acts import publish
from flow import Flow
from telemetry import download, image, once, trial

_DATA = {"data.json": '{"mine": true}', "mine/notes.txt": "not of any slot"}
_FACTORY = "1.0.0"
_STEPS = 14  # minutes, of a program that the hub does not hear


class Updating(Flow):
    """`acts` order it, `check` says what is to come of it. In `bytes` of files there is room for two slots."""

    step_ms = 4000 * 1000
    bytes = 320 * 1024

    def __init__(self, what, acts, check, before=(), reports=(), is_image=False):
        before = [lambda life: None] + list(before)
        super().__init__("update", what, acts, check, before, reports)
        self.rests = False  # each start is counted
        self.extra = chip.OTA_BYTES if is_image else 0

    def files(self):
        """What came over the cable, and what is the user's."""
        files = dict(shelf.factory)
        if self.extra:
            files["main.py"] = "import program\n\nprogram.runs_image()\n"
        files.update(_DATA)
        return files

    def lay_out(self, flash):
        """The image that is there from the beginning."""
        shelf.files = shelf.images if self.extra else shelf.bundles
        if self.extra:
            data = shelf.files[_FACTORY]["data"]
            at = flash.size + 2 * chip.SECTOR
            flash.content[at : at + len(data)] = data

    def begins(self, life):
        """From the reset to the end of main.py, as the board does it."""
        chip.Machine.board = life.board
        chip.Partition.flash, chip.Partition.at = life.flash, life.flash.size
        if self.extra:
            chip.start()
        Program.life = life
        sys.path[:] = ["", ".frozen", "/lib"]
        sys.modules.pop("part", None)
        life.version = None
        _run("/boot.py")
        if os.getcwd() == "/lib/telemetry/safe":
            _leave_safe_mode(life)
        _run("main.py")
        assert life.version, "no program runs"
        _look_at_files(once("slots", "running"))
        now = life.world.now
        if now["running"] != life.version:
            now["running"] = life.version
            life.world.touch()

    def program(self, agent, world):
        super().program(agent, world)
        life = Program.life
        ends = life.version[-2:]
        if ends == ".7":  # its loop fails
            step = agent.step
            agent.hub.look_up = lambda: 1 // 0
            agent.step = lambda: step() // 0
            agent.run()
        if ends == ".8":

            @agent.telemetry
            def hang():
                life.board.cause = "watchdog"
                life.board.reset("watchdog")

        if ends == ".9":  # nobody hears it
            agent.hub.look_up = lambda: 1 // 0
            for _ in range(_STEPS):
                agent.step()
                life.sleep(60 * 1000)
                agent.wait(0)
            raise AssertionError("still on trial")

    def tidy(self, life):
        """Nothing is left of what was got, and a slot has what its manifest says."""
        if "slots" not in self.others and "slots" in os.listdir("/"):
            self.others.append("slots")
        super().tidy(life)
        state = life.world.now["saved"].get("slots.json", {})
        for name in state.get("order", []):
            _look_at_files("/slots/" + name)


class Program:
    """The module `program`, which each version's main.py imports."""

    life = None

    @staticmethod
    def runs(version):
        """The last digit of a version is what is wrong with it."""
        if version[-2:] == ".6":
            raise ValueError("no such sensor")
        Program.life.version = version

    @staticmethod
    def runs_image():
        content = chip.Partition(chip.Partition.RUNNING).content()
        at = content.find(b"VERSION = ")
        version = content[at:].split(b"'")[1].decode()
        if version[-2:] == ".6":
            Program.life.board.reset("watchdog")
        Program.life.version = version


class _Gc:
    # To collect garbage at each start takes most of the time.
    threshold = collect = staticmethod(lambda *arguments: None)


def _run(path):
    sys.modules["gc"] = _Gc
    try:
        execfile(path, {"__name__": "__main__"})  # noqa: F821 - MicroPython's
    finally:
        sys.modules["gc"] = gc


def _leave_safe_mode(life):
    # By the hub's command `reboot`.
    now = life.world.now
    now["safe"] += 1
    assert now["safe"] < now["cuts"], "safe mode, though the power went too seldom for it"
    life.world.touch()
    once("starts", "survived", "/")
    life.board.reset()


def _look_at_files(slot):
    # Old or new, and whole.
    for name, text in _DATA.items():
        with open("/" + name) as file:
            assert file.read() == text, name
    if slot:
        with open(slot + "/manifest.json") as file:
            files = json.load(file)["files"]
        for name, (_, digest) in files.items():
            with open(slot + "/" + name, "rb") as file:
                assert hexlify(sha256(file.read()).digest()).decode() == digest, (slot, name)


_enter = trial.enter


def enter(slot):
    """As it is, but that the modules stay, which are patched."""
    modules = dict(sys.modules)
    sys.modules.pop("part", None)
    modules.pop("part", None)
    _enter(slot)
    sys.modules.update(modules)


class _Sys:
    class implementation:
        _machine = "Generic ESP32 module with ESP32"


trial.enter = enter
trial.sleep = lambda seconds: None
trial.print = download.print = lambda *arguments, end="": None
image.sys = _Sys
sys.modules["program"] = Program


# What is done


def order(version, signed=None):
    """By the command. `signed`: the version whose signature it has."""

    def act(life):
        now = life.world.now
        now["queued"] = n = now["queued"] + 1
        now["served"] = now["slices"] = 0
        parameters = {"n": n, "version": version, "url": shelf.URL + version}
        parameters["checksum"] = shelf.files[version]["checksum"]
        parameters["signature"] = shelf.files[signed or version]["signature"]
        command = {"id": "c-%d" % n, "name": "update_firmware", "parameters": parameters}
        now["device"]["commands"].append(dict(command, status="pending", history=[]))

    return act


def accept(life):
    """By its user."""
    agent = life.agent
    is_done = life.world.now["saved"].get("update.json", {}).get("step") == "done"  # he said so before the power went
    assert is_done or agent.upgrade and agent.accept_upgrade(), agent.upgrade


# What came of it


def installed(version, ends=("done",)):
    """It runs, and the hub knows."""

    def check(life):
        now = life.world.now
        _check(life, version, ends)
        state = now["saved"]["update.json"]
        assert (state["version"], state["step"]) == (version, "done"), state
        if not now["cuts"]:
            size = len(shelf.files[version]["data"])
            assert life.world.now["served"] == size and life.world.now["slices"] >= 2, life.world.now["slices"]

    return check


def refused(why):
    """It was never started, and the hub knows why."""

    def check(life):
        _check(life, _FACTORY, ("failed",))
        state = life.world.now["saved"]["update.json"]
        assert state["step"] == "failed" and why in state["message"], state

    return check


def rolled_back(version, to, why, ends=("failed",)):
    """It does not run, and the hub knows why."""

    def check(life):
        _check(life, to, ends)
        state = life.world.now["saved"]["update.json"]
        assert (state["version"], state["step"]) == (version, "failed"), state
        message = state["message"]
        # Of an image nobody knows more than what ended its last start.
        is_cut = life.world.now["cuts"] and message[13:] in ("power on", "hard reset")
        assert message[:13] == "rolled back: " and (why in message or is_cut), state

    return check


def _check(life, version, ends):
    now = life.world.now
    assert life.version == version == now["saved"]["identity.json"]["firmware_version"], (life.version, version)
    assert now["device"]["told"]["firmware_version"] == version
    found = []
    for command in now["device"]["commands"]:
        found += [each[0] for each in command["history"] if each[0] != "in_progress"]
    assert tuple(found) == ends, now["device"]["commands"]


ONE = [order("1.1.0")]
UPDATE = (
    Updating("by command", ONE, installed("1.1.0")),
    Updating("by its user", [publish("1.1.0"), accept], installed("1.1.0", ())),
    Updating("into the other slot", [order("1.2.0")], installed("1.2.0", ("done", "done")), ONE),
    Updating("not signed by the maker", [order("1.1.0", "1.2.0")], refused("signature"), (), ["update"]),
    Updating("crashes", [order("1.1.6")], rolled_back("1.1.6", "1.0.0", "no such sensor"), (), ["update"]),
    Updating(
        "crashes later, after another",
        [order("1.1.7")],
        rolled_back("1.1.7", "1.1.0", "ZeroDivisionError", ("done", "failed")),
        ONE,
        ["update", "crash", "hub"],
    ),
    Updating("hangs", [order("1.1.8")], rolled_back("1.1.8", "1.0.0", "watchdog"), (), ["update"]),
    Updating("is not heard", [order("1.1.9")], rolled_back("1.1.9", "1.0.0", "no telemetry"), (), ["update", "hub"]),
    Updating("image", ONE, installed("1.1.0"), is_image=True),
    Updating("image", [order("1.2.0")], installed("1.2.0", ("done", "done")), ONE, is_image=True),
    Updating("image crashes", [order("1.1.6")], rolled_back("1.1.6", "1.0.0", "watchdog"), (), ["update"], True),
    Updating(
        "image crashes later",
        [order("1.1.7")],
        rolled_back("1.1.7", "1.0.0", "ZeroDivisionError"),
        (),
        ["update", "crash", "hub"],
        True,
    ),
)
