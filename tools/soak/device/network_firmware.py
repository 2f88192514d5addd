"""A board that gets firmware over bad networks: the agent and the board of network_life.py.

Its plan is a line of JSON on standard input; each line after that is an order, as the command `update_firmware` has it,
an empty one is the end. It says on standard output, a line each: P and the number of its step when the network is to
change, and waits for a line on standard input; I and how many steps it took when the version is installed.
"""

import gc
import json
import os
import sys
from binascii import hexlify
from hashlib import sha256

import vfs
from network_chip import Flash
from network_life import build

_MOST = 300  # steps


def get(plan, order):
    """Orders it, and lives until the board restarts for it."""
    from telemetry import once

    agent, ticks, _ = build(dict(plan))
    agent.hub.requests.piece_ms = plan["piece_ms"]
    once("update", "order", agent, order)
    try:
        for number in range(_MOST):
            if number in plan["changes"]:
                print("\nP", number)  # behind a bar that goes on
                sys.stdin.readline()
            agent.wait(agent.step())
    except SystemExit:
        print("\nI", number)
        return
    raise AssertionError("not installed in %d steps: %s" % (_MOST, agent.load("update", True)))


def look(version):
    """What is there is whole; and it goes, so that the next one is the first again."""
    from telemetry import slots, store

    state = slots.load("/f/")
    place = slots.path("/f/", state["order"][0])
    assert state["trial"] and slots.manifest(place)["version"] == version, state
    with open(place + "/manifest.json") as file:
        files = json.load(file)["files"]
    for name in files:
        with open(place + "/" + name, "rb") as file:
            assert hexlify(sha256(file.read()).digest()).decode() == files[name][1], name
    slots.remove("/f/slots")
    assert store.load("/f/update.json")["step"] == "switch"
    for name in ("slots.json", "update.json"):
        os.remove("/f/" + name)


def main():
    gc.threshold(16 * 1024)  # as boot.py has it
    plan = json.loads(sys.stdin.readline())
    flash = Flash(plan["flash"])
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(flash, "/f")
    line = sys.stdin.readline().strip()
    while line:
        order = json.loads(line)
        get(plan, order)
        look(order["version"])
        line = sys.stdin.readline().strip()


main()
