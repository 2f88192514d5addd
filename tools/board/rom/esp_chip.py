# ruff: noqa: SIM115 - open as long as the board runs
# The wire to the chip, which lives in the supervisor: one JSON line there, one back.
import json
import os
from array import array

# Three files, and where the file system begins on the flash and how many blocks it has.
_wire_fd, _flash_fd, _control_fd, vfs_start, vfs_blocks = [int(it) for it in os.getenv("BOARD").split(",")]
os.unsetenv("BOARD")
_wire = open(_wire_fd, "r+b") if _wire_fd >= 0 else None  # none in one_shot.py
_sequence = 0
image = open(_flash_fd, "r+b")
control = open(_control_fd, "r+b")
_orders = array("Q", [0] * 3)  # what the supervisor writes into the control page: cut at, torn, link up
_errors = {
    "OSError": OSError,
    "ValueError": ValueError,
    "TypeError": TypeError,
    "RuntimeError": RuntimeError,
    "NotImplementedError": NotImplementedError,
}


def call(name, *args):
    global _sequence
    _sequence += 1
    mine = _sequence
    _wire.write(json.dumps((mine, name, args)) + "\n")
    while True:
        # A Ctrl-C may have cut an earlier call short: its reply, or the rest of it, is still to come.
        try:
            reply = json.loads(_wire.readline())
            if reply[0] == mine:
                break
        except (ValueError, TypeError, IndexError):
            pass
    if reply[1]:
        raise _errors[reply[1]](*reply[2])
    return reply[2]


def orders():
    control.seek(0)
    control.readinto(_orders)
    return _orders


def link_up():
    return orders()[2] != 0


def die(name, *args):
    # The supervisor ends this process, and nothing may happen here until it does.
    while True:
        try:
            call(name, *args)
        except KeyboardInterrupt:
            pass


def hexed(data):
    return bytes(data).hex()
