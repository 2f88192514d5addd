"""Safe mode on the virtual ESP32: how a board comes into it, what the hub sees, what tools can do meanwhile, and each
way out."""

import binascii
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
CRASH = 'Traceback (most recent call last):\n  File "main.py", line 7, in read\nOSError: stuck\n'
# Fails at once, until somebody mounts a sensor. The watchdog, which boot.py has set, is made impatient.
FAILS = b"""\
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


def keep(rig, name, **state):
    """Puts a state file on the flash; the board must be off."""
    text = json.dumps(state).encode()
    rig.board.write_file(f"/{name}.json", b'{"crc32": "%08x", %s' % (binascii.crc32(text), text[1:]))


def starts(rig):
    """Those in a row that came to nothing so far."""
    try:
        return rig.state("/starts.json")["starts"]
    except FileNotFoundError:
        return 0


def mpremote(rig, *words):
    done = subprocess.run(
        [BIN / "mpremote", "connect", rig.board.port, *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_program_that_fails_at_once_ends_in_safe_mode_and_a_command_leads_out(rig):
    id = rig.begin()  # it came to something before
    rig.hub.claim(id)
    rig.board.power_off()
    shorten(rig)
    rig.board.write_file("/main.py", FAILS + (ROOT / "main.py").read_bytes())
    rig.hub.set_config(id, {"interval": 1})
    rig.hub.publish("9.0.0", b"new")
    rig.board.power_on()
    rig.board.wait_for(SAFE)
    assert rig.board.output.count("no sensor") == 3
    eventually(lambda: opened(rig, id, "safe_mode") == (1, 1))
    assert rig.hub.device(id)["state"]["status"] == "error"
    rig.more_telemetry(1)
    assert rig.hub.telemetries(id)[-1]["message"] == "safe mode: main.py failed 3 times, last: watchdog"
    # What is for main.py waits for it.
    assert rig.asked(id, "GET /config") == 0
    assert "is available" not in rig.board.output.rpartition(SAFE)[2]
    # Commands.
    assert ended(rig, rig.hub.queue_command(id, "dump"))[0] == "done"
    status, message = ended(rig, rig.hub.queue_command(id, "identify"))
    assert status == "failed" and message == "safe mode: name: expected one of dump, reboot, update_firmware"
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
    assert starts(rig) == 0


def test_power_cuts_lead_there_and_an_hour_out(rig):
    rig.board.power_off()
    shorten(rig, hour=2)
    rig.board.wifi_down()
    for number in (1, 2, 3):
        rig.board.power_on()
        eventually(lambda number=number: starts(rig) == number)
        rig.board.power_off()
    rig.board.wifi_up()
    rig.board.power_on()
    rig.board.wait_for(SAFE)
    rig.board.wait_for("safe mode: main.py failed 3 times, last: power on")
    id = eventually(lambda: rig.hub.devices())[0]["id"]  # it registers there, too
    rig.board.wait_for("safe mode: main.py gets another try")
    eventually(lambda: rig.hub.device(id)["state"].get("status") == "online")
    eventually(lambda: rig.hub.device(id)["firmware_version"] == "1.0.0")
    eventually(lambda: starts(rig) == 0)
    assert rig.board.output.count(SAFE) == 1


def test_a_program_that_fails_is_started_anew_and_tried_after_an_hour(rig):
    shorten(rig, hour=1)
    rig.board.write_file("/main.py", b"raise OSError('no sensor')\n")
    rig.board.hurry_watchdog(500)  # boot.py has set it
    rig.board.power_on()
    for _ in range(3):
        rig.board.wait_for("no sensor")
    rig.board.hurry_watchdog(1)
    rig.board.wait_for(SAFE)
    rig.board.wait_for("main.py gets another try")
    rig.board.wait_for("no sensor")
    assert starts(rig) == 3
    again(rig)


def test_boot_that_is_held_leads_there_for_one_start(rig):
    shorten(rig)
    keep(rig, "starts", starts=1)
    rig.board.press()
    rig.board.power_on()
    rig.board.wait_for("safe mode: BOOT was held")
    rig.board.release()
    rig.more_telemetry(1)
    assert starts(rig) == 1
    mark = len(rig.board.output)
    rig.board.reset()
    eventually(lambda: rig.device()["state"]["status"] == "online")
    eventually(lambda: starts(rig) == 0)
    assert SAFE not in rig.board.output[mark:]


def safely(rig, state):
    """Switches the board on, in safe mode, and waits until it is in this state of it."""
    rig.board.power_off()
    shorten(rig)
    keep(rig, "starts", starts=3)
    keep(rig, "crash", count=3, trace=CRASH)
    if state == "connecting":
        rig.board.wifi_down()
    elif state == "without settings":
        rig.board.write_file("/settings.json", b'{"watchdog": 1}')
    elif state == "crashed":
        rig.board.write_file("/lib/telemetry/wiring.py", b"1 // 0\n")
    rig.board.power_on()
    waits = {"waiting": "registered", "connecting": "last: OSError: stuck", "crashed": "ZeroDivisionError"}
    rig.board.wait_for(waits.get(state, "settings cannot be used"))


@pytest.mark.parametrize("state", ["waiting", "connecting", "crashed", "without settings"])
def test_tools_reach_it_in_every_state(rig, state, tmp_path):
    safely(rig, state)
    if state == "waiting":
        id = rig.device()["id"]
        rig.hub.claim(id)
        (incident,) = eventually(lambda: rig.hub.incidents(id))
        assert (incident["title"], incident["priority"]) == ("Safe mode", 4)
        assert incident["description"] == CRASH.strip()
        assert "starts.json" in mpremote(rig, "ls")
        again(rig)
        here = tmp_path / "here.txt"
        here.write_text("kept")
        subprocess.run([BIN / "ampy", "-p", rig.board.port, "-d", "0", "put", str(here)], check=True, timeout=60)
        assert rig.board.read_file("/here.txt") == b"kept"
    else:
        assert mpremote(rig, "exec", "import os; print(os.getcwd())").strip() == "/"
    if state in ("waiting", "connecting"):
        again(rig)
        rig.board.wifi_up()
        deploy(rig.board.port, say=lambda text: None)
        eventually(lambda: rig.hub.devices() and rig.device()["state"].get("status") == "online")
        eventually(lambda: starts(rig) == 0)


def again(rig):
    rig.board.power_cycle()
    rig.board.wait_for(SAFE)


def test_who_sits_at_the_console_has_the_repl(rig):
    safely(rig, "waiting")
    rig.board.send(b"\x03")
    rig.board.wait_for("to end safe mode there")
    rig.board.wait_for(">>> ")
    rig.board.send(b"\x04")
    rig.board.wait_for("RuntimeError: safe mode: main.py is not run")
    rig.board.wait_for(">>> ")
    rig.board.send(b"import os; print('in', os.getcwd()); os.remove('/starts.json')\r")
    rig.board.wait_for("in /\r\n>>> ")
    rig.board.send(b"\x04")
    eventually(lambda: rig.device()["state"].get("status") == "online")


def test_a_crash_in_safe_mode_is_a_new_start_after_a_while(rig):
    rig.board.power_off()
    shorten(rig, pause=1)
    keep(rig, "starts", starts=3)
    rig.board.write_file("/lib/telemetry/wiring.py", b"1 // 0\n")
    rig.board.power_on()
    for _ in range(2):
        rig.board.wait_for(SAFE)
        rig.board.wait_for("ZeroDivisionError")
        rig.board.wait_for("rst:")


def test_no_power_cut_while_a_start_is_counted_keeps_a_board_from_the_next(rig):
    rig.board.write_file("/main.py", b"print('main ' + 'runs')\n")
    rig.board.start()
    for number in range(1, 20):
        rig.board.power_off()
        keep(rig, "starts", starts=2)
        rig.board.cut_power_at(number, torn=number % 2 == 0)
        rig.board.power_on()
        eventually(lambda: not rig.board.powered or "main runs" in rig.board.output.rpartition("rst:")[2])
        if rig.board.powered:
            break
        rig.board.power_on()
        rig.board.wait_for(re.compile("main runs|" + SAFE))
    assert number > 3
