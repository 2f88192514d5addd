"""The watchdog on the virtual board: what hangs is ended and named, and a person is left alone."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import eventually

MPREMOTE = Path(sys.executable).parent / "mpremote"
HURRY = 75  # of the default, 300 s, that leaves four
LONGER_S = 5  # than the watchdog waits

PROGRAM = """
import machine
import socket

stuck = False
blocked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


@agent.telemetry
def sensor():
    while stuck:
        pass
    return {"value": 1}


@agent.command("stick")
def stick(parameters):
    global stuck
    stuck = True


@agent.command("hang")
def hang(parameters):
    while True:
        pass


@agent.telemetry
def bus():
    if stuck is None:
        blocked.recv(1)  # in C, without a time-out
    return {"other": 2}


@agent.command("block")
def block(parameters):
    global stuck
    stuck = None
"""


@pytest.fixture
def hurried(rig):
    rig.board.hurry_watchdog(HURRY)
    return rig


def test_what_hangs_is_ended_and_named(hurried):
    rig = hurried
    rig.program(PROGRAM)
    id = rig.begin()
    rig.hub.claim(id)
    for resets, (command, description) in enumerate(
        (
            ("stick", "no progress for 300 s: a telemetry function"),
            ("hang", "no progress for 300 s: command hang"),
            ("block", "watchdog"),  # the third is a crash loop
        ),
        start=1,
    ):
        rig.hub.queue_command(id, command)
        eventually(lambda n=resets: rig.board.reset_causes.count("WDT_RESET") == n)
        eventually(lambda text=description: told(rig, id, text))
        rig.more_telemetry(1)
    assert rig.board.reset_causes.count("WDT_RESET") == 3


def told(rig, device_id, description):
    return any(each["description"].startswith(description) for each in rig.hub.incidents(device_id))


def test_a_person_at_the_repl_and_a_tool_are_left_alone(hurried):
    rig = hurried
    rig.program(PROGRAM + "\nif not machine.RTC().memory(): machine.RTC().memory(b'mine')\n")
    id = rig.begin()
    rig.hub.claim(id)
    rig.board.send(b"\x03")
    rig.board.wait_for(">>> ")
    rig.board.send(b"agent.step()\r")
    rig.board.wait_for(">>> ")
    time.sleep(LONGER_S)
    long = f"import time\ntime.sleep({LONGER_S})\nprint('through')"
    done = subprocess.run(
        [MPREMOTE, "connect", rig.board.port, "exec", long], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "through\n", done
    assert "WDT_RESET" not in rig.board.reset_causes
    rig.board.send(b"\x04")
    rig.more_telemetry(1)  # it watches again
    rig.hub.queue_command(id, "hang")
    eventually(lambda: "WDT_RESET" in rig.board.reset_causes)
    eventually(lambda: told(rig, id, "no progress for 300 s"))
    # What a program keeps in RTC memory is its own.
    assert rig.board.run("import machine\nprint(machine.RTC().memory())") == "b'mine'\n"
