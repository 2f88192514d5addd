"""The hub's commands on the virtual ESP32, over real sockets: each is done once, whatever happens on the way."""

import base64

import pytest
from conftest import HARDWARE_KEY, WIFI_PASSWORD, eventually
from test_hub_cli import Serve, run

BLINK = """
@agent.command("blink")
def blink(parameters):
    print("blinks", parameters["n"], "in", parameters["colour"])
    return "blinked %d times" % parameters["n"]
"""

RESTARTS = """
import machine
import os
import time


@agent.command("long")
def long(parameters):
    print("long begins")
    while True:
        time.sleep_ms(50)


@agent.command("safe", safe=True)
def safe(parameters):
    print("safe begins")
    while "second" not in os.listdir("/"):
        time.sleep_ms(50)
    return "at last"


@agent.command("calibrate", restarts=True)
def calibrate(parameters):
    print("calibrates")
    machine.reset()


@agent.command("crash")
def crash(parameters):
    print("crashes")
    machine.reset()
"""


def outcome(rig, command):
    """The command at the hub, once it ended."""

    def found():
        for each in rig.hub.commands(command["device_id"]):
            if each["id"] == command["id"] and each["status"] in ("done", "failed"):
                return each
        return None

    return eventually(found)


def ended(rig, command):
    """Its status and message, once it ended; it was reported so once."""
    found = outcome(rig, command)
    assert [each["status"] for each in found["history"]].count(found["status"]) == 1
    return found["status"], found["message"]


def test_commands_are_done_with_their_parameters_or_say_why_not(rig):
    rig.program(BLINK)
    id = rig.begin()
    blink = rig.hub.queue_command(id, "blink", {"n": 3, "colour": "grün"})
    wrong = rig.hub.queue_command(id, "blink")
    unknown = rig.hub.queue_command(id, "fly")
    assert ended(rig, blink) == ("done", "blinked 3 times")
    assert ended(rig, wrong) == ("failed", "KeyError: n")
    assert ended(rig, unknown) == ("failed", "name: expected one of blink, dump, reboot, update_firmware")
    assert [each["status"] for each in outcome(rig, blink)["history"]] == ["in_progress", "done"]
    rig.more_telemetry(2)
    assert rig.board.output.count("blinks 3 in grün") == 1
    assert rig.board.output.count("command blink: KeyError: n") == 1


def test_a_cancelled_command_is_not_run(rig):
    rig.program(BLINK)
    id = rig.begin()
    rig.board.power_off()
    cancelled = rig.hub.queue_command(id, "blink", {"n": 1, "colour": "red"})
    rig.hub.cancel_command(id, cancelled["id"])
    after = rig.hub.queue_command(id, "blink", {"n": 2, "colour": "red"})
    rig.board.power_on()
    assert ended(rig, after)[0] == "done"
    assert "blinks 1" not in rig.board.output


def test_reboot_and_dump(rig):
    id = rig.begin()
    starts = len(rig.board.reset_causes)
    reboot = rig.hub.queue_command(id, "reboot")
    assert ended(rig, reboot) == ("done", "restarted")
    rig.more_telemetry(2)
    assert len(rig.board.reset_causes) == starts + 1
    assert rig.hub.device(id)["state"]["reset_cause"] == "hard reset"

    dump = rig.hub.queue_command(id, "dump")
    status, message = ended(rig, dump)
    (sent,) = rig.hub.dumps(id)
    assert (status, message) == ("done", f"dump {sent['id']}, {sent['size']} bytes")
    assert sent["mime_type"] == "text/plain" and sent["filename"].startswith("240AC4123456-")
    text = rig.hub.dump(id, sent["id"]).decode()
    for part in (
        "telemetry ",  # versions
        "name='micropython'",
        "'firmware_version': '1.0.0'",
        "heap_free ",
        "reset_cause hard reset",
        f"url {rig.hub.url}",
        "interval 1\n",
        "Wi-Fi: connected to virtual",  # the log
        "/identity.json ",
        "/lib/telemetry/agent.py ",
    ):
        assert part in text, text
    for secret in (HARDWARE_KEY, WIFI_PASSWORD, rig.state("/identity.json")["access_key"]):
        assert secret not in text


def test_power_and_resets_while_a_command_runs(rig):
    rig.program(RESTARTS)
    id = rig.begin()
    long = rig.hub.queue_command(id, "long")
    rig.board.wait_for("long begins")
    rig.board.power_cycle()
    assert ended(rig, long) == ("failed", "interrupted: power on")

    safe = rig.hub.queue_command(id, "safe")
    rig.board.wait_for("safe begins")
    rig.board.power_off()
    rig.board.write_file("/second", b"")
    rig.board.power_on()
    assert ended(rig, safe) == ("done", "at last")

    calibrate = rig.hub.queue_command(id, "calibrate")
    assert ended(rig, calibrate) == ("done", "restarted")
    crash = rig.hub.queue_command(id, "crash")
    assert ended(rig, crash) == ("failed", "interrupted: hard reset")
    rig.more_telemetry(2)
    for begun, times in (("long begins", 1), ("safe begins", 2), ("calibrates", 1), ("crashes", 1)):
        assert rig.board.output.count(begun) == times, begun


@pytest.mark.parametrize("rig", [True], indirect=True)
def test_a_report_that_goes_wrong_over_https_is_made_again(rig):
    rig.settings(timeout=3)
    rig.program(BLINK)
    id = rig.begin()
    for n, (kind, options) in enumerate((("reset", {}), ("drop", {"bytes": 20}), ("stall", {"delay": 5.0}))):
        rig.hub.fault(kind, id, "POST", "/command", skip=1, count=1, **options)  # after `in_progress`
        command = rig.hub.queue_command(id, "blink", {"n": n, "colour": "red"})
        assert ended(rig, command) == ("done", f"blinked {n} times")
        eventually(lambda n=n: rig.asked(id, "POST /command") == 3 * (n + 1))
        assert rig.count("fault") == n + 1
        assert rig.board.output.count(f"blinks {n}") == 1
        assert ended(rig, command)[0] == "done"  # once, though it was told twice


@pytest.mark.parametrize("rig", [True], indirect=True)
def test_a_command_a_configuration_and_a_licence_over_https(rig):
    rig.settings(maker_key=base64.b64encode(rig.hub.license_key).decode())
    rig.program(
        BLINK
        + """
@agent.on_config
def apply(config):
    print("applied", config)


@agent.telemetry
def licensed():
    return {"recording": agent.licensed("recording")}
"""
    )
    id = rig.begin()
    rig.hub.set_config(id, {"mode": "day"})
    rig.hub.give_license(id, '{"feature": "recording"}')
    command = rig.hub.queue_command(id, "blink", {"n": 1, "colour": "red"})
    assert ended(rig, command) == ("done", "blinked 1 times")
    eventually(lambda: rig.hub.device(id)["config_version"] == 1)
    eventually(lambda: rig.hub.device(id)["state"]["recording"] is True)
    assert rig.board.output.count("applied {'mode': 'day'}") == 1
    assert "Error" not in rig.board.output


def test_the_command_line_plays_the_cloud(rig, tmp_path):
    with Serve(tmp_path) as serve:
        key = (tmp_path / "build/hub-license-key.der").read_bytes()
        encoded = {name: base64.b64encode(der).decode() for name, der in (("ca", serve.ca), ("maker_key", key))}
        rig.settings(entry_url=serve.url, **encoded)
        rig.program(BLINK + "\nprint('licensed:', agent.licensed('recording'))\n")
        rig.board.start()
        rig.board.wait_for("registered: device ")
        id = rig.state("/identity.json")["id"]

        def do(command, *arguments):
            done = run(tmp_path, command, id, *arguments)
            assert done.returncode == 0, done.stderr
            return done.stdout

        do("claim", '{"name": "Hall"}')
        do("set-config", '{"mode": "night"}')
        do("give-license", "recording")
        do("command", "blink", '{"n": 4, "colour": "blue"}')
        rig.board.wait_for("blinks 4 in blue")
        do("command", "reboot")
        rig.board.wait_for("licensed: True")
        said = eventually(lambda: '"restarted"' in (commands := do("commands")) and commands)
        assert '"blinked 4 times"' in said
        shown = eventually(lambda: '"config_version": 1' in (text := run(tmp_path, "show", id).stdout) and text)
        assert '"space_version": 1' in shown
        assert '"inuse"' in do("licenses")
        assert not rig.hub.devices()
