"""Firmware over the air, on the virtual ESP32 and over real sockets: what is got, verified, tried and kept; and what
becomes of that which does not work."""

import base64

import pytest
from conftest import Rig, eventually
from test_end_to_end_commands import ended
from test_end_to_end_reports import opened
from test_safe_mode import SAFE, shorten

from tools.board.board import VirtualBoard
from tools.board.image import make_image
from tools.bundle import make_bundle
from tools.deploy import ROOT, deploy, library
from tools.hub.maker import Maker
from tools.hub.testing import call

APP_BYTES = 192 * 1024
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

    def bundle(self, version="1.1.0", main=PROGRAM % "new", files=None):
        """With the whole library, unless there are other `files`."""
        return make_bundle(version, {**(self.compiled if files is None else files), "main.py": main.encode()})

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
    rig.board.wait_for("update: 1.1.0 done: runs 1.1.0")
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
    # Over the cable, while that runs: what came that way before runs again.
    deploy(rig.board.port, say=lambda text: None)
    eventually(lambda: updating.runs() == ("old", "1.0.0"))
    assert not [path for path in rig.board.list_files() if path.startswith("/slots")]
    image = updating.order(make_image({}), "1.3.0")  # for which there is no place
    why = "image: this board's partition table has no second place for one"
    assert ended(rig, image) == ("failed", why)


def test_safe_mode_takes_a_way_out_over_the_air(updating):
    rig = updating.rig
    updating.begin()
    rig.board.power_off()
    rig.board.write_file("/main.py", b"import machine\nmachine.reset()\n")
    shorten(rig)
    rig.board.power_on()
    rig.board.wait_for(SAFE)
    assert ended(rig, updating.order(updating.bundle(files={}))) == ("done", "runs 1.1.0")
    rig.board.power_cycle()
    rig.more_telemetry(2)
    assert updating.runs() == ("new", "1.1.0")


# What a maker may publish by mistake: the end of its program, and what the hub is told.
FAILING = {
    "crashes at import": ("import not_there", "no module named 'not_there'"),
    "crashes later": ("agent.hub.look_up = None\nagent.wait = None\nagent.run()", "'NoneType' object"),
    "hangs": ("while True:\n    pass", "watchdog"),
    "fills the heap": ("everything = []\nwhile True:\n    everything.append(bytes(1000))", "MemoryError"),
    "restarts": ("import machine\nmachine.reset()", "3 starts came to nothing"),
    "does not reach the hub": ("agent.hub.look_up = lambda: 1 // 0\nagent.run()", "took no telemetry in 0 minutes"),
}


def impatient(compiled):
    """The library, with a trial that is soon over."""
    source = (ROOT / "lib/telemetry/confirm.py").read_text()
    for line in ("_TRIAL = const(10)", "_MINUTE = const(60)"):
        assert source.count(line) == 1
        source = source.replace(line, line.split("(")[0] + f"({int('MINUTE' in line)})")
    files = {"lib/telemetry/confirm.py": source.encode()}
    return files | {name: data for name, data in compiled.items() if name != "lib/telemetry/confirm.mpy"}


@pytest.mark.parametrize("cases", [list(FAILING)[:3], list(FAILING)[3:]], ids=["first", "rest"])  # ten seconds each
def test_one_that_does_not_work_is_left_and_the_hub_is_told_why(updating, cases):
    rig = updating.rig
    rig.board.hurry_watchdog(75)
    updating.begin()
    for n, what in enumerate(cases):
        end, why = FAILING[what]
        version = f"1.1.{n}"
        files = impatient(updating.compiled) if "reach" in what else {}
        bundle = updating.bundle(version, PROGRAM.replace("agent.run()", end) % what, files)
        status, message = ended(rig, updating.order(bundle, version))
        assert status == "failed" and message.startswith("rolled back: ") and why in message, (what, message)
        rig.more_telemetry(2)
        assert updating.runs() == ("old", "1.0.0"), what
    assert opened(rig, updating.id, "update")[1] == 1
    # One that is published after it failed is neither announced nor taken.
    updating.publish(bundle, version)
    rig.more_telemetry(3)
    assert "is available" not in rig.board.output
    command = updating.order(updating.bundle("1.2.0", files={}), "1.2.0")
    assert ended(rig, command) == ("done", "runs 1.2.0")


# Whole images


def program(version, what, end="agent.run()"):
    return (PROGRAM % what).replace('"1.0.0"', f'"{version}"').replace("agent.run()", end).encode()


class Imaging(Updating):
    """The same with images: the library and the program are frozen."""

    def image(self, version="1.1.0", what="new", end="agent.run()", files=None, chip="ESP32"):
        files = self.compiled if files is None else files
        frozen = {name.removeprefix("lib/"): data for name, data in files.items() if name.endswith((".py", ".mpy"))}
        return make_image(frozen | {"app.py": program(version, what, end)}, chip)

    def partitions(self):
        return self.rig.board.firmware.running, self.rig.board.firmware.states()


@pytest.fixture
def imaging(tmp_path, maker, compiled):
    flash = tmp_path / "flash.img"
    with VirtualBoard(str(flash), ota=True, app_bytes=APP_BYTES) as board:
        board.wait_for(">>> ")
    rig = Rig(flash)
    try:
        imaging = Imaging(rig, maker, compiled)
        rig.board.firmware.write("ota_0", imaging.image("1.0.0", "old"))
        rig.board.write_file("/boot.py", (ROOT / "boot.py").read_bytes())
        rig.board.write_file("/main.py", b"import app\n")
        yield imaging
    finally:
        rig.close()


def test_an_image_by_the_command_and_one_by_the_button_over_a_line_that_breaks(imaging):
    rig = imaging.rig
    imaging.begin()
    image = imaging.image()
    # It breaks off twice, and the power goes, too.
    rig.hub.fault("cut", path="/files/*", bytes=len(image) // 3, count=2)
    command = imaging.order(image)
    rig.board.wait_for("breaks off")
    rig.board.power_cycle()
    rig.board.wait_for("update: starting 1.1.0")
    rig.hub.fault("drop", path="/telemetry", bytes=20, count=1)  # the answer that would have confirmed it
    assert ended(rig, command) == ("done", "runs 1.1.0")
    assert imaging.runs() == ("new", "1.1.0") and rig.count("fault") == 3
    assert imaging.partitions() == ("ota_1", {"ota_1": "VALID", "ota_0": "VALID"})
    parts = [event for event in rig.events if event.kind == "download"]
    assert len(parts) > 2 and any(part.detail.get("first") for part in parts)
    # The other place is the next.
    rig.hub.publish("1.2.0", image := imaging.image("1.2.0", "newer"), signature=imaging.maker.sign(image))
    rig.board.wait_for("press BOOT")
    rig.board.press()
    rig.board.wait_for("update: from 1.1.0 to 1.2.0")
    rig.board.release()
    before = rig.count("telemetry")
    rig.board.wait_for("update: 1.2.0 done: runs 1.2.0")
    assert imaging.runs() == ("newer", "1.2.0") and rig.count("telemetry") > before
    assert imaging.partitions()[0] == "ota_0" and imaging.partitions()[1]["ota_0"] == "VALID"
    assert "/update.bin" not in rig.board.list_files()


def test_an_image_that_does_not_work_is_left_by_the_bootloader(imaging):
    rig = imaging.rig
    rig.board.hurry_watchdog(75)
    imaging.begin()
    crashes = imaging.image("1.1.0", "crashes", "import not_there")
    reaches_nobody = imaging.image(
        "1.1.1", "reaches nobody", "agent.hub.look_up = lambda: 1 // 0\nagent.run()", impatient(imaging.compiled)
    )
    for version, image, why in (
        ("1.1.0", crashes, "watchdog"),
        ("1.1.1", reaches_nobody, "the hub took no telemetry in 0 minutes with Wi-Fi"),
    ):
        status, message = ended(rig, imaging.order(image, version))
        assert status == "failed" and message.startswith("rolled back: ") and why in message, (version, message)
        eventually(lambda: imaging.runs() == ("old", "1.0.0"))
        assert imaging.partitions()[0] == "ota_0"


def test_an_image_that_cannot_be_started_is_refused(imaging):
    rig = imaging.rig
    imaging.begin()
    files = {}
    not_valid = bytearray(imaging.image(files=files))
    not_valid[-40] ^= 1
    for image, why in (
        (imaging.image(files=files, chip="ESP32S3"), "image: chip: made for ESP32S3, not ESP32"),
        (imaging.image(files={"x.py": b"#" * APP_BYTES}), f"partition: of {APP_BYTES} bytes"),
        (bytes(not_valid), "ESP_ERR_OTA_VALIDATE_FAILED"),
        (bytes(not_valid[:500]), "ESP_ERR_OTA_VALIDATE_FAILED"),
    ):
        status, message = ended(rig, imaging.order(image))
        assert status == "failed" and why in message, message
    assert rig.board.reset_causes.count("PWRON_RESET") == len(rig.board.reset_causes) == 1
    assert imaging.partitions()[0] == "ota_0" and imaging.runs() == ("old", "1.0.0")
