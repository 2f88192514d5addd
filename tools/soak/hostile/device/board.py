"""A board before a hub, over real sockets, with all that an agent is made of but the chip, and with a clock that runs
as fast as the agent waits. Its plan is a line of JSON on its standard input."""

import gc
import json
import sys

gc.threshold(16 * 1024)  # as boot.py has it

from chip import Board, Ticks  # noqa: E402
from telemetry import agent as agent_module  # noqa: E402
from telemetry import clock as clock_module  # noqa: E402
from telemetry import once  # noqa: E402
from telemetry.http import Session  # noqa: E402
from telemetry.hub import Hub  # noqa: E402
from telemetry.registration import Registration  # noqa: E402

_MOST_STARVED = 5  # steps in a row: then `run` starts the board anew


def build(plan):
    ticks = Ticks()
    agent_module.ticks_ms = clock_module.ticks_ms = ticks
    url = plan["url"]
    fields = {"wifi_ssid": "n", "wifi_password": "password-never-shown", "entry_url": url, "interval": 10}
    fields["hardware_key"] = "hardware-never-shown"
    fields["maker_key"] = "MIIAAA=="
    settings = once("settings", "checked", fields)
    if plan["registered"]:
        identity = {"id": "d-1", "access_key": "key-never-to-be-shown", "hub_url": url, "entry_url": url}
        once("store", "save", "identity.json", dict(identity, firmware_version="1.0.0"))
    clock = clock_module.Clock()
    hub = Hub(url, 5, Session(None, 5))
    known = {"sn": "SN", "firmware_version": "1.0.0", "hardware_key": "hardware-never-shown"}
    registration = Registration(hub, "identity.json", clock, known)
    agent = agent_module.Agent(hub, Board(), clock, registration, settings, "")
    agent.guard("flash", once, "start", "keep", agent)
    return agent, ticks


def main():
    plan = json.loads(sys.stdin.readline())
    agent, ticks = build(plan)

    @agent.telemetry
    def read():
        return {"temperature": 21.5, "claimed": agent.claimed, "licensed": agent.licensed("recording")}

    @agent.on_config
    def apply(config):
        pass

    @agent.command("blink")
    def blink(parameters):
        pass

    if plan["child"]:
        lamp = agent.child("lamp", model_id="m", firmware_version="1.0.0")

        @lamp.telemetry
        def level():
            return {"level": 5}

    if plan["incident"]:
        agent.incident("Too warm", "warm")
    accepted = 0
    for _ in range(plan["steps"]):
        seconds = agent.step()
        assert agent._starved < _MOST_STARVED, "the board would be started anew"
        ticks.now += int(seconds) * 1000 + 1000
        accepted += agent.failed is None and bool(agent.hub.identity) and seconds < 60
        if accepted > plan["enough"] + 20:
            break
    gc.collect()
    print("free", gc.mem_free())


main()
