"""One life of a board, for tests/test_every_step.py: a whole agent of real parts on a flash image, over real sockets.

Its plan is a line of JSON on its standard input. It says on its standard output, a line each, what its user would see,
and ends when hub and board have settled, or when the power goes: then it says so, and waits for the host to end it, as
nothing that Python has to say comes after that. Only the chip and its time are not real: a wait is over at once.
"""

import gc
import json
import sys

import vfs
from chip import Board, Flash, Requests, Ticks


def build(plan):
    """The agent, as wiring would make it."""
    from telemetry import agent as agent_module
    from telemetry import clock as clock_module
    from telemetry import once
    from telemetry.http import Session
    from telemetry.hub import Hub
    from telemetry.registration import Registration

    identity = plan.pop("identity")
    url = identity["entry_url"]
    if not once("store", "exists", "/f/identity.json"):
        once("store", "save", "/f/identity.json", identity)
    ticks = Ticks()
    agent_module.ticks_ms = clock_module.ticks_ms = ticks
    agent_module.sleep_ms = ticks.sleep
    fields = {"wifi_ssid": "n", "entry_url": url, "hardware_key": "k", "interval": 10}
    fields["maker_key"] = plan.pop("maker_key", None)
    settings = once("settings", "checked", fields)
    clock = clock_module.Clock()
    hub = Hub(url, 10, Requests(Session(None, 10), plan))
    registration = Registration(hub, "/f/identity.json", clock, {"sn": "SN", "firmware_version": "1.0.0"})
    agent = agent_module.Agent(hub, Board(plan.pop("cause")), clock, registration, settings, "/f/")
    agent.guard("flash", once, "start", "keep", agent)
    return agent


def live(agent, plan):
    """Steps until three in a row had nothing to do but telemetry."""
    requests = agent.hub.requests
    quiet = 0
    for step in range(plan.get("steps", 80)):
        if step == plan.get("set at step"):
            agent.config.set(**plan["set"])
        before = requests.left
        agent.wait(agent.step())
        soon = agent.clock.uptime() + 3600
        quiet = quiet + 1 if requests.left == before and not any(at < soon for at in agent.due.values()) else 0
        if quiet == 3 and step > plan.get("set at step", 0) and step + 1 >= plan.get("at least steps", 0):
            break


def main():
    gc.threshold(16 * 1024)  # as boot.py has it
    plan = json.loads(sys.stdin.readline())
    flash = Flash(plan.pop("flash"), plan.pop("cut at write", None))
    if plan.get("format"):
        vfs.VfsLfs2.mkfs(flash)
        return
    vfs.mount(flash, "/f")
    agent = build(plan)
    import program

    program.add(agent)
    if plan.get("everything"):
        import everything

        everything.add(agent)
    live(agent, plan)
    print("END", json.dumps(program.held(agent, flash)))


main()
