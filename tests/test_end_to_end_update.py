"""Firmware over the air, on the virtual ESP32 and over real sockets: a bundle that is got, verified, tried and kept; and
what becomes of one that does not work."""

import base64
import hashlib
import shutil
from pathlib import Path

import pytest
from conftest import Rig, eventually
from test_end_to_end_commands import ended

from tools.bundle import make_bundle
from tools.deploy import ROOT, library
from tools.hub.maker import Maker
from tools.hub.testing import call

PROGRAM = """\
from telemetry import Agent

agent = Agent.from_settings(version="1.0.0")


@agent.telemetry
def read():
    return {"program": %r}


agent.run()
"""


@pytest.fixture(scope="session")
def maker():
    return Maker()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """The library as a bundle has it."""
    found = library(ROOT / "lib", True, tmp_path_factory.mktemp("mpy"))
    return {name: file.read_bytes() for name, file in found.items()}


class Updating:
    """A board that runs 1.0.0, and its maker's key and hub."""

    def __init__(self, rig: Rig, maker: Maker, compiled: dict[str, bytes]) -> None:
        self.rig = rig
        self.maker = maker
        self.compiled = compiled
        rig.board.write_file("/main.py", (PROGRAM % "old").encode())
        self.settings()
        self.id = ""

    def settings(self, **changes):
        self.rig.settings(maker_key=base64.b64encode(self.maker.der).decode(), **changes)

    def begin(self):
        self.id = self.rig.begin()
        self.rig.hub.claim(self.id)

    def bundle(self, version="1.1.0", main=PROGRAM % "new", **files):
        return make_bundle(version, self.compiled | {"main.py": main.encode()} | files)

    def publish(self, data, version="1.1.0", signature=None):
        return self.rig.hub.publish(version, data, signature=signature or self.maker.sign(data))

    def order(self, data, version="1.1.0", **changes):
        """By the command."""
        file = self.rig.hub.publish_file(f"app-{version}.tar.gz", data)
        parameters = {"version": version, "checksum": file["checksum"], "signature": self.maker.sign(data)}
        parameters["url"] = self.url(file["id"])
        return self.rig.hub.queue_command(self.id, "update_firmware", parameters | changes)

    def url(self, file_id):
        key = self.rig.state("/identity.json")["access_key"]
        address = f"{self.rig.hub.url}/v1/devices/{self.id}/files/{file_id}"
        return call("GET", address, self.rig.hub.ca, headers={"Authorization": key}).json()["url"]

    def runs(self):
        return self.rig.hub.device(self.id)["state"].get("program"), self.rig.hub.device(self.id)["firmware_version"]


@pytest.fixture
def updating(rig, maker, compiled):
    return Updating(rig, maker, compiled)


def test_a_bundle_by_the_button(updating):
    rig = updating.rig
    updating.begin()
    updating.publish(updating.bundle())
    rig.board.wait_for("press BOOT")
    rig.board.press()
    rig.board.wait_for("update: from 1.0.0 to 1.1.0")
    rig.board.release()
    rig.board.wait_for("100 %")
    rig.board.wait_for("update: starting 1.1.0")
    rig.board.wait_for("update: 1.1.0 is confirmed")
    rig.board.wait_for("update: done: runs 1.1.0")
    assert updating.runs() == ("new", "1.1.0")
    assert "/update.bin" not in rig.board.list_files()


def test_a_bundle_by_the_command(updating):
    rig = updating.rig
    updating.begin()
    command = updating.order(updating.bundle())
    assert ended(rig, command) == ("done", "runs 1.1.0")
    assert updating.runs() == ("new", "1.1.0")
    reboot = rig.hub.queue_command(updating.id, "reboot")
    assert ended(rig, reboot) == ("done", "restarted")
    rig.more_telemetry(2)
    assert updating.runs() == ("new", "1.1.0")
    again = updating.order(updating.bundle("1.2.0", PROGRAM % "newer"), "1.2.0")
    assert ended(rig, again) == ("done", "runs 1.2.0")
    assert updating.runs() == ("newer", "1.2.0") and rig.state("/slots.json")["order"] == ["b", "a"]


# What a maker may publish by mistake: the end of its program, and what the hub is told.
FAILING = {
    "crashes at import": ("import not_there", "no module named 'not_there'"),
    "crashes later": ("agent.hub.look_up = None\nagent.wait = None\nagent.run()", "'NoneType' object"),
    "hangs": ("while True:\n    pass", "rolled back: watchdog"),
    "hangs in a function": ("@agent.telemetry\ndef hang():\n    while True:\n        pass\nagent.run()", "watchdog"),
    "fills the heap": ("everything = []\nwhile True:\n    everything.append(bytes(1000))", "MemoryError"),
    "does not reach the hub": ("agent.hub.look_up = agent.hub.nowhere = lambda: 1 / 0", ""),
    "ends": ("", "rolled back: watchdog"),
    "restarts": ("import machine\nmachine.reset()", "3 starts came to nothing"),
}


def test_one_that_does_not_work_is_left_and_the_hub_is_told_why(updating):
    rig = updating.rig
    rig.board.hurry_watchdog(60)
    updating.begin()
    for n, (what, (end, why)) in enumerate(FAILING.items()):
        version = f"1.1.{n}"
        main = PROGRAM.replace("agent.run()", end) % what
        command = updating.order(updating.bundle(version, main), version)
        try:
            status, message = ended(rig, command)
        finally:
            open("/tmp/out.txt","a").write(what+"\n"+rig.board.output[-2500:])
        assert status == "failed" and why in message, (what, message)
        rig.more_telemetry(2)
        assert updating.runs() == ("old", "1.0.0"), what
    found = [each["issue"] for each in rig.hub.incidents(updating.id) if each["status"] == "open"]
    assert found == ["update"]
    # It was published, too: it is neither announced nor taken again.
    assert rig.board.output.count("is available") == 0
    command = updating.order(updating.bundle("1.2.0"), "1.2.0")
    assert ended(rig, command) == ("done", "runs 1.2.0")
