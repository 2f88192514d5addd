"""A board that gets firmware over bad networks, restarts into it, and is on trial with it: the agent and the board of
network_life.py.

Its plan is a line of JSON on standard input; each line after that is an order, as the command `update_firmware` has it,
an empty one is the end. It says on standard output, a line each: P, the number of the start since the order and that of
the step, when the network is to change, and waits for a line on standard input; S and the version with which it starts
again; E and the step of the update, when that is over and told.
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
_FACTORY = "1.0.0"
_OVER = ("done", "failed")
_DUTIES = ("tell", "incidents", "update")  # which the hub then still waits for


def live(plan, start, order=None):
    """From a start to the restart, or until the update is over and told: then gives back how it ended."""
    from telemetry import once, slots

    place = slots.first("/f/")
    version = slots.manifest(place)["version"] if place else _FACTORY
    os.chdir(place or "/f")  # as boot.py does
    print("\nS", version)
    agent, ticks, _ = build(dict(plan), version)
    agent.hub.requests.piece_ms = plan["piece_ms"]
    if order:
        once("update", "order", agent, order)
    try:
        for number in range(_MOST):
            if [start, number] in plan["changes"]:
                print("\nP", start, number)  # behind a bar that goes on
                sys.stdin.readline()
            agent.wait(agent.step())
            step = agent.load("update", True)["step"]
            if step in _OVER and not any(name in agent.due for name in _DUTIES):
                return step
    except SystemExit:
        return None
    raise AssertionError("not over in %d steps: %s" % (_MOST, agent.load("update", True)))


def look():
    """What is there is whole."""
    from telemetry import slots

    for name in slots.load("/f/").get("order", []):
        place = slots.path("/f/", name)
        with open(place + "/manifest.json") as file:
            files = json.load(file)["files"]
        for name in files:
            with open(place + "/" + name, "rb") as file:
                assert hexlify(sha256(file.read()).digest()).decode() == files[name][1], name


def main():
    gc.threshold(16 * 1024)  # as boot.py has it
    plan = json.loads(sys.stdin.readline())
    flash = Flash(plan["flash"])
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(flash, "/f")
    sys.path[:] = [".frozen", os.getcwd() + "/lib"]
    line = sys.stdin.readline().strip()
    while line:
        end = live(plan, 0, json.loads(line))
        start = 0
        while end is None:
            look()
            start += 1
            end = live(plan, start)
        print("\nE", end)
        line = sys.stdin.readline().strip()


main()
