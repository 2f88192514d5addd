"""Safe mode on the virtual ESP32: how a board comes into it, what the hub sees, what tools can do meanwhile, and each
way out."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import eventually
from test_end_to_end_commands import ended
from test_end_to_end_reports import opened

from tools.deploy import ROOT, deploy

BIN = Path(sys.executable).parent
SAFE = "Safe mode: main.py is not run."
# Fails before its agent is made, or hangs; the watchdog that boot.py has set is made impatient.
FAILS = """
import machine

machine.WDT(timeout=300)
raise OSError("no sensor")
"""
HANGS = """
import machine

machine.WDT(timeout=300)
while True:
    pass
"""
CRASHES = """
@agent.telemetry
def read():
    agent.wait = lambda seconds: 1 // 0
    agent.compose = lambda: 1 // 0
    return {}
"""
# As above, until somebody puts a sensor there.
WAITS = """
import machine
import os

if "sensor" not in os.listdir("/"):
    machine.WDT(timeout=300)
    raise OSError("no sensor")
"""


def shorten(rig, hour=3600, interval=1, pause=600):
    """Makes safe mode's waits those of a test; the board must be off."""
    source = (ROOT / "lib/telemetry/safemode.py").read_text()
    for name, seconds in (("_HOUR", hour), ("_INTERVAL", interval), ("_PAUSE", pause)):
        source, count = re.subn(rf"(?m)^{name} = const\(\d+\)", f"{name} = const({seconds})", source)
        assert count == 1
    rig.board.write_file("/lib/telemetry/safemode.py", source.encode())


def stuck(rig, **state):
    """The board is off, and its last three starts came to nothing."""
    state = {"starts": 3, **state}
    rig.board.write_file("/starts.json", with_check_sum(state))


def with_check_sum(state):
    import binascii

    text = json.dumps(state)
    return b'{"crc32": "%08x", %s' % (binascii.crc32(text.encode()), text[1:].encode())


def device(rig):
    return eventually(lambda: rig.hub.devices())[0]["id"]


def mpremote(rig, *words):
    done = subprocess.run(
        [BIN / "mpremote", "connect", rig.board.port, *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_program_that_fails_at_once_ends_in_safe_mode_and_a_command_leads_out(rig):
    rig.begin()  # it has registered before
    id = device(rig)
    rig.hub.claim(id)
    rig.board.power_off()
    shorten(rig)
    rig.board.write_file("/main.py", WAITS.encode() + (ROOT / "main.py").read_bytes())
    rig.hub.set_config(id, {"interval": 1})
    rig.hub.publish("9.0.0", b"new")
    rig.board.power_on()
    rig.board.wait_for(SAFE)
    assert rig.board.output.count("no sensor") == 3
    eventually(lambda: opened(rig, id, "safe_mode") == (1, 1))
    state = rig.hub.device(id)
    assert state["state"]["status"] == "error"
    last = rig.more_telemetry(2)[-1]
    assert "safe mode: main.py failed 3 times, last: watchdog" in str(rig.hub.telemetries(id)[-1]), last
    # What is for main.py waits for it.
    assert rig.asked(id, "GET /config") == 0
    assert "is available" not in rig.board.output.rpartition(SAFE)[2]
    # Commands.
    assert ended(rig, rig.hub.queue_command(id, "dump"))[0] == "done"
    status, message = ended(rig, rig.hub.queue_command(id, "identify"))
    assert status == "failed" and message == "safe mode: name: expected one of dump, reboot"
    # A way out that leads back, as there is no sensor; the incident stays the same.
    assert ended(rig, rig.hub.queue_command(id, "reboot")) == ("failed", "interrupted: watchdog")
    rig.board.wait_for(SAFE)
    rig.more_telemetry(1)
    assert opened(rig, id, "safe_mode") == (1, 1)
    mpremote(rig, "exec", "open('/sensor', 'w').close()")
    mpremote(rig, "reset")
    rig.board.wait_for(SAFE)
    assert ended(rig, rig.hub.queue_command(id, "reboot")) == ("done", "restarted")
    rig.board.wait_for("New firmware 9.0.0 is available")
    eventually(lambda: opened(rig, id, "safe_mode") == (1, 0))
    eventually(lambda: rig.hub.device(id)["config_version"] == 1)
    assert rig.hub.device(id)["state"]["status"] == "online"
    assert rig.state("/starts.json")["starts"] == 0
