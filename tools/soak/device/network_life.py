"""A board before bad networks: a whole agent of real parts over real sockets, whose time passes at once.

Its plan is a line of JSON on standard input. It says on standard output, a line each: P and a number when a phase of
the plan begins, and waits for a line on standard input before it goes on; T, K, D, A and F as telemetries are taken,
kept for later and dropped, and as requests are answered and fail; M and what it has, when nothing waits; END.
"""

import gc
import json
import os
import random
import sys
import time

import vfs
from network_chip import Board, Flash, Names, Ntp, Requests, Ticks, Time, Trouble, number_in

_SINCE = 1767225600000  # ms from 1970 to where the ticks begin
_SLOWLY = 7  # samples, after which what changes slowly has changed


def build(plan, version="1.0.0"):
    """The agent of a program of this version, as wiring would make it, its clock, and what the plan's phases set."""
    from telemetry import agent as agent_module
    from telemetry import clock as clock_module
    from telemetry import errors, http, once
    from telemetry.hub import Hub
    from telemetry.registration import Registration

    ticks = Ticks()
    trouble = Trouble(ticks, plan["seed"] % 1000)
    agent_module.ticks_ms = clock_module.ticks_ms = ticks
    agent_module.sleep_ms = ticks.sleep
    clock_module.time = chip_time = Time(ticks, time.gmtime)
    http.socket = Names(trouble)

    def set_rtc(seconds):
        chip_time.since = _SINCE

    identity = plan.pop("identity")
    if not once("store", "exists", "/f/identity.json"):
        once("store", "save", "/f/identity.json", identity)
    fields = {"wifi_ssid": "n", "entry_url": identity["entry_url"], "hardware_key": "k", "interval": plan["interval"]}
    fields["outbox"] = plan["outbox"]
    if "maker_key" in plan:
        fields["maker_key"] = plan["maker_key"]
    settings = once("settings", "checked", fields)
    clock = clock_module.Clock(("ntp",), Ntp(trouble, _SINCE), set_rtc)
    ca = plan.pop("ca")
    session = http.Session(ca and bytes.fromhex(ca), plan["timeout_s"])
    hub = Hub(identity["entry_url"], plan["timeout_s"], Requests(session, ticks, plan["failure_ms"]))
    registration = Registration(hub, "/f/identity.json", clock, {"sn": "SN", "firmware_version": version})
    board = Board(trouble, errors.WifiError)
    agent = agent_module.Agent(hub, board, clock, registration, settings, "/f/")
    agent.guard("flash", once, "start", "keep", agent)
    return agent, ticks, trouble


class Life:
    """What is asked of the agent, until the plan is over."""

    def __init__(self, agent, ticks, trouble, plan):
        self.agent = agent
        self.trouble = trouble
        self.plan = plan
        self.taken = 0
        self.dropped = 0

        @agent.telemetry
        def read():
            self.taken += 1
            print("T", ticks.now, self.taken)
            return {"n": self.taken, "t": ticks.now, "slow": self.taken // _SLOWLY}

    def watch(self, kind):
        """Says what is put into an outbox of this class, and what that drops."""
        put = kind.put

        def watched(outbox, body, at_ms, called=""):
            before = outbox.dropped
            put(outbox, body, at_ms, called)
            print("K", number_in(body))
            self.note_drops(outbox.dropped - before, outbox.count)

        kind.put = watched

    def note_drops(self, count, waiting):
        if count:
            print("D", count, waiting)
            self.dropped += count

    def run(self):
        """Each phase takes the time of its samples; a good one goes on until nothing waits."""
        ticks = self.trouble.ticks
        for number, (samples, wlan, dns, drains) in enumerate(self.plan["phases"]):
            self.trouble.wlan, self.trouble.dns = wlan, dns
            print("P", number)
            sys.stdin.readline()
            interval_ms = self.plan["interval"] * 1000
            end_ms = ticks.now + samples * interval_ms
            most_ms = end_ms + 400 * interval_ms
            while ticks.now < end_ms or (drains and ticks.now < most_ms and self.waiting()):
                self.step()
            if drains:
                self.measure()
        print("P", -1)  # for what the host sees of the end
        sys.stdin.readline()

    def step(self):
        agent = self.agent
        agent.wait(agent.step())
        outbox = agent.outbox
        self.note_drops((outbox.dropped if outbox else agent.dropped) - self.dropped, self.waiting())

    def waiting(self):
        return self.agent.outbox.count if self.agent.outbox else 0

    def measure(self):
        from telemetry import errors

        errors.log.clear()  # its lines are as long as what went wrong last
        gc.collect()
        gc.collect()
        held = {"free": gc.mem_free(), "hole": hole(), "waiting": self.waiting(), "taken": self.taken}
        held["files"] = sorted(files("/f"))
        print("M", json.dumps(held))


def hole():
    """The largest that can be allocated, in bytes."""
    low, high = 0, gc.mem_free()
    while high - low > 64:
        middle = (low + high) // 2
        try:
            bytearray(middle)
            low = middle
        except MemoryError:
            high = middle
    return low


def files(folder):
    for name, kind, _, size in os.ilistdir(folder):
        if kind == 0x4000:
            yield from files(folder + "/" + name)
        else:
            yield folder + "/" + name, size


def main():
    gc.threshold(16 * 1024)  # as boot.py has it
    plan = json.loads(sys.stdin.readline())
    flash = Flash(plan["flash"])
    if plan.get("format"):
        vfs.VfsLfs2.mkfs(flash)
        return
    random.seed(plan["seed"])
    vfs.mount(flash, "/f")
    life = Life(*build(plan), plan)
    from telemetry import outbox, spool

    life.watch(spool.Spool if plan["outbox"]["in"] == "flash" else outbox.Outbox)
    life.run()
    print("END", json.dumps({"taken": life.taken, "dropped": life.dropped, "waiting": life.waiting()}))


if __name__ == "__main__":
    main()
