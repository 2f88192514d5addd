"""One life of a board, for tests/test_every_step.py: a whole agent of real parts on a flash image, over real sockets.

It says on its standard output, a line each, what its user would see, and ends when hub and board have settled, or when
the power goes: then it says so, and waits for the host to end it, as nothing that Python has to say comes after that.
Only the chip and its time are not real: a wait is over at once.
"""

import gc
import json
import os
import sys

import vfs

with open(sys.argv[1]) as file:
    plan = json.load(file)
_BLOCK = 512
_ERASED = b"\xff" * _BLOCK


def say(kind, **fields):
    print(kind, json.dumps(fields))


def cut(why):
    say(why)
    sys.stdin.read()


class Flash:
    """The image of a flash in a file, which loses its power at a write."""

    def __init__(self, path, cut_at):
        self.file = open(path, "r+b")  # noqa: SIM115 (as long as the board lives)
        self.size = self.file.seek(0, 2)
        self.cut_at = cut_at
        self.writes = 0

    def readblocks(self, number, buffer, offset=0):
        self.file.seek(number * _BLOCK + offset)
        self.file.readinto(buffer)

    def writeblocks(self, number, buffer, offset=0):
        self.writes += 1
        if self.writes == self.cut_at:
            cut("CUT")
        self.file.seek(number * _BLOCK + offset)
        self.file.write(buffer)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.size // _BLOCK
        if operation == 5:
            return _BLOCK
        if operation == 6:
            self.writeblocks(argument, _ERASED)
        return 0


class Requests:
    """A session that counts requests, and at one of them the power goes: before it is sent, or once it was answered."""

    def __init__(self, session, cut_before, cut_after):
        self.session = session
        self.cut_before = cut_before
        self.cut_after = cut_after
        self.count = 0
        self.other = 0  # than telemetry

    def request(self, method, url, **more):
        self.count += 1
        if not url.endswith("/telemetry"):
            self.other += 1
        if self.count == self.cut_before:
            cut("CUT")
        response = self.session.request(method, url, **more)
        if self.count == self.cut_after:
            cut("CUT")
        return response


class Board:
    def is_connected(self):
        return True

    def address(self):
        return "10.0.2.15"

    def is_pressed(self):
        return False

    def light(self, on):
        pass

    def feed(self):
        pass

    def heap(self):
        return ()

    def serial_number(self):
        return "SN"

    def reset_cause(self):
        return plan["cause"]

    def reset(self):
        cut("RESET")


class Ticks:
    now = 1000

    def __call__(self):
        return self.now

    def sleep(self, ms):
        self.now += ms


def build(flash):
    """The agent, as wiring would make it."""
    from telemetry import agent as agent_module
    from telemetry import clock as clock_module
    from telemetry import once
    from telemetry.http import Session
    from telemetry.hub import Hub
    from telemetry.registration import Registration

    if not once("store", "exists", "identity.json"):
        once("store", "save", "identity.json", plan["identity"])
    ticks = Ticks()
    agent_module.ticks_ms = clock_module.ticks_ms = ticks
    agent_module.sleep_ms = ticks.sleep
    url = plan["identity"]["entry_url"]
    fields = {"wifi_ssid": "n", "entry_url": url, "hardware_key": "k", "interval": 10}
    if plan.get("maker_key"):
        fields["maker_key"] = plan["maker_key"]
    settings = once("settings", "checked", fields)
    clock = clock_module.Clock()
    requests = Requests(Session(None, 10), plan.get("cut_before"), plan.get("cut_after"))
    hub = Hub(url, 10, requests)
    registration = Registration(hub, "identity.json", clock, {"sn": "SN", "firmware_version": "1.0.0"})
    agent = agent_module.Agent(hub, Board(), clock, registration, settings, "")
    agent.maker_key = plan.get("maker_key")
    agent.guard("flash", agent.keep)
    return agent, requests


def program(agent):
    """What the user of this board wrote."""

    @agent.telemetry
    def read():
        return {"temperature": 21.5}

    @agent.on_config
    def apply(config):
        if config.get("refuse"):
            raise ValueError("refuse: not on this board")
        say("APPLIED", config=config)

    @agent.command("blink")
    def blink(parameters):
        say("RAN", name="blink", n=parameters["n"])
        return "blinked %d" % parameters["n"]

    @agent.command("safe", safe=True)
    def safe(parameters):
        say("RAN", name="safe", n=parameters["n"])

    @agent.command("fails")
    def fails(parameters):
        say("RAN", name="fails", n=parameters["n"])
        raise ValueError("no lamp")

    if plan.get("everything"):

        @agent.telemetry
        def uses():
            if not agent.notices:
                agent.event("measured", "test", int_key_1=1)
                agent.incident("Too warm", "warm", 1, "21.5").close()
            return {"claimed": agent.claimed, "licensed": agent.licensed("recording"), "mode": agent.config.get("mode")}

        lamp = agent.child("lamp", model_id="m", firmware_version="1.0.0")

        @lamp.telemetry
        def level():
            return {"level": 5}

    @agent.command("restarts", restarts=True)
    def restarts(parameters):
        say("RAN", name="restarts", n=parameters["n"])
        agent.board.reset()


def main():
    gc.threshold(16 * 1024)  # as boot.py has it
    flash = Flash(plan["flash"], plan.get("cut_write"))
    if plan.get("format"):
        vfs.VfsLfs2.mkfs(flash)
        return
    vfs.mount(flash, "/flash")
    os.chdir("/flash")
    agent, requests = build(flash)
    program(agent)
    live(agent, requests)
    say(
        "END",
        requests=requests.count,
        heap=heap(),
        writes=flash.writes,
        config={key: agent.config.get(key) for key in ("interval", "mode", "refuse", "own")},
        licensed=[name for name in ("recording", "export") if agent.licensed(name)],
        claimed=agent.claimed,
        space=agent.space.get("name"),
        info=agent.info.get("name"),
    )


def heap():
    """Bytes that are free, and those of the largest hole."""
    gc.collect()
    free = gc.mem_free()
    hole = free
    while True:
        try:
            bytearray(hole)
            return free, hole
        except MemoryError:
            hole -= 256


def live(agent, requests):
    """Steps until three in a row had nothing to do but telemetry."""
    quiet = 0
    for step in range(plan.get("steps", 80)):
        if step == plan.get("set_at"):
            agent.config.set(**plan["set"])
        before = requests.other
        agent.wait(agent.step())
        soon = agent.clock.uptime() + 3600
        quiet = quiet + 1 if requests.other == before and not any(at < soon for at in agent.due.values()) else 0
        if quiet == 3 and step > plan.get("set_at", 0) and step + 1 >= plan.get("at_least", 0):
            break


main()
