"""One life of a board whose clock runs fast: for tools/soak/uptime.py, which has the other side of it.

Its plan is a line of JSON on its standard input. It says SAMPLE, how much it holds, each time that it was led back to
the state in which nothing is left to do; BROKEN, a promise that was not kept; and END, why it ended.
"""

import gc
import json
import os
import random
import sys

import vfs
import years_chip
import years_time

sys.modules["time"] = sys.modules["years_time"]
sys.modules["select"] = years_chip.Select

_HOUR = 3600
_DAY = 24 * _HOUR
_SILENCE = 2 * _DAY  # and three intervals: with a network and a hub, telemetry arrives within that
_DATE_DOUBT_MS = 20000
_CALM_STEPS = 600


def broken(what):
    print("BROKEN", what)
    years_chip.ended("broken")


def number(body, name):
    """The whole number behind `name`, or None."""
    at = body.find(name)
    if at < 0:
        return None
    at += len(name)
    return int(body[at : min(end for end in (body.find(b",", at), body.find(b"}", at)) if end > 0)])


class Watch:
    """When telemetry arrived last, and whether what waited is dated as it should be."""

    def __init__(self, base, first, is_flash):
        self.base = base
        self.first = first  # of this life, what was taken before it counts from another base
        self.is_flash = is_flash  # what waits is dated when it is written there
        self.at = years_time.world_ms // 1000  # of the last that the hub took, or the network returned
        self.dated = 0

    def sent(self, body):
        place = body.find(b'"timestamp":"')
        if place < 0 or number(body, b'"at_s":') is None or number(body, b'"n":') <= self.first:
            return
        taken_ms = (number(body, b'"at_s":') + self.base) * 1000
        if self.is_flash and taken_ms <= years_time.stepped_ms:
            return
        taken_ms += years_time.error_ms
        text = body[place + 13 : place + 32].decode()  # 2026-01-01T00:00:00
        numbers = [int(each) for each in text.replace("T", "-").replace(":", "-").split("-")]
        told = years_time.mktime(tuple(numbers + [0, 0])) + years_time.epoch
        self.dated += 1
        if not -_DATE_DOUBT_MS < told * 1000 - taken_ms < _DATE_DOUBT_MS:
            broken("%s, but taken at %d" % (text, taken_ms // 1000))


def build(plan, watch):
    """The agent, as wiring would make it."""
    from telemetry import once
    from telemetry.agent import Agent
    from telemetry.clock import Clock
    from telemetry.http import Session
    from telemetry.hub import Hub
    from telemetry.registration import Registration

    class Watched(Session):
        def request(self, method, url, data=None, **more):
            is_ours = url.endswith("/telemetry")
            if is_ours:
                watch.sent(data)
            response = super().request(method, url, data, **more)
            if is_ours and response.status_code == 200:
                watch.at = years_time.world_ms // 1000
            return response

    url = plan["url"]
    fields = {"wifi_ssid": "n", "entry_url": url, "hardware_key": "k", "interval": 60, "maker_key": plan["maker_key"]}
    fields["outbox"] = plan["outbox"]
    settings = once("settings", "checked", fields)
    clock = Clock(("a", "b"), years_chip.Ntp(), years_time.set_rtc)
    hub = Hub(url, 10, Watched(None, 10))
    registration = Registration(hub, "/f/identity.json", clock, {"sn": "SN", "firmware_version": "1.0.0"})
    agent = Agent(hub, years_chip.Board(plan["cause"]), clock, registration, settings, "/f/")
    agent.guard("flash", once, "start", "keep", agent)
    return agent


def hole():
    """Bytes of the largest bytearray that there is room for."""
    low, high = 0, 1 << 20
    while high - low > 32:
        middle = (low + high) // 2
        try:
            bytearray(middle)
            low = middle
        except MemoryError:
            high = middle
    return low


def files(folder):
    """Path -> bytes."""
    found = {}
    for name, kind, *_ in os.ilistdir(folder):
        path = folder + name
        if kind == 0x4000:
            found.update(files(path + "/"))
        else:
            found[path] = os.stat(path)[6]
    return found


def learn(modules):
    """Every name in the library. MicroPython keeps each for ever, once it was loaded; what comes later is growth."""
    for module in modules:
        try:
            __import__("telemetry." + module)
        except ImportError:
            pass  # it is about hardware
        for path in list(sys.modules):
            if path.startswith("telemetry"):
                sys.modules.pop(path)
        gc.collect()


class Life:
    """The steps of one."""

    def __init__(self, plan):
        self.plan = plan
        self.watch = Watch(plan["base"], plan["n"], plan["outbox"]["in"] == "flash")
        self.agent = build(plan, self.watch)
        import years_program

        self.program = years_program.Program(self.agent, plan["base"], plan["is_usual"])
        self.program.is_long = plan["is_long"]
        self.program.n = plan["n"]
        self.ntp = self.agent.clock.ntp
        self.until = 0  # the network is away, as a Unix time
        self.ntp_until = 0

    def step(self):
        """One, and what is around it."""
        agent = self.agent
        now = years_time.world_ms // 1000
        if not self.program.is_calm:
            self.weather(now)
        is_away = agent.board.is_away = now < self.until
        self.ntp.is_away = is_away or now < self.ntp_until
        if is_away:
            self.watch.at = now
        years_chip.steps += 1
        self.program.live()
        seconds = agent.step()
        interval = agent.settings.interval
        if not 0 <= seconds <= max(interval, 4000):
            broken("a wait of %r" % seconds)
        if agent._starved > 4:  # in a row: a board would start anew
            gc.collect()
            waiting = agent.outbox.count if agent.outbox else 0
            broken("starved: %d free, a hole of %d, %d wait, %s" % (gc.mem_free(), hole(), waiting, self.bounds()))
        agent.wait(seconds)
        years_time.go_on(1)
        if years_time.world_ms // 1000 - self.watch.at > _SILENCE + 3 * interval and not is_away:
            broken("silence for %d s" % (years_time.world_ms // 1000 - self.watch.at))

    def weather(self, now):
        chance = random.randrange(300)
        if chance == 0 and now >= self.until:
            self.until = now + random.randrange(60, random.choice((_HOUR, _DAY, 3 * _DAY)))
        elif chance == 1:
            self.ntp_until = now + random.randrange(60, 9 * _DAY)
        elif chance == 2:
            self.ntp.lies = random.choice((0, 0.5)) if self.plan["lies"] else 0

    def bounds(self):
        """How much there is of what must not grow."""
        from telemetry import errors

        agent = self.agent
        sizes = {"log": len(errors.log)}
        for device in self.program.devices:
            for name in ("_said", "due", "notices", "faults", "events", "versions", "retries", "facts"):
                size = len(getattr(device, name) or ())
                sizes[name] = max(size, sizes.get(name, 0))
            if any(at > agent.clock.uptime() + _DAY for at in device.due.values()):
                broken("due in years: %s" % device.due)
        return sizes

    def calm(self):
        """Leads the board back to where nothing is left to do."""
        agent = self.agent
        self.program.is_calm = True
        self.until = self.ntp_until = self.ntp.lies = agent.clock.sync_at = quiet = 0
        for _ in range(_CALM_STEPS):
            self.step()
            if agent.notifier:
                agent.accept_upgrade()
            quiet = quiet + 1 if self.is_quiet() else 0
            if quiet == 8:
                break
        else:
            gc.collect()
            print("free", gc.mem_free(), "hole", hole())
            devices = self.program.devices
            print("outbox", agent.outbox and agent.outbox.count, agent.failed, agent.clock.timestamp())
            broken("never calm: %s" % [(each.due, each._said, each.notices, each.licenses) for each in devices])

    def is_quiet(self):
        agent = self.agent
        for device in self.program.devices:
            soon = agent.clock.uptime() + 2 * _HOUR
            if device.notices or device.events or device.faults or device.licenses:
                return False
            if any(at < soon for duty, at in device.due.items() if duty != "children"):
                return False
        return not (agent.notifier or agent.journal or agent.unsaved or agent.outbox)

    def sample(self, step):
        """Says what it holds."""
        from telemetry import errors

        self.calm()
        errors.log.clear()  # bounded, and measured as such
        for device in self.program.devices:
            device._said.clear()
        gc.collect()
        free = gc.mem_free()
        found = {"free": free, "hole": hole(), "step": step, "world": years_time.world_ms // 1000}
        found["fds"] = len(os.listdir("/proc/self/fd"))
        found["files"] = files("/f/")
        found["flash"] = os.statvfs("/f")[3]
        found["dated"] = self.watch.dated
        print("SAMPLE", json.dumps(found))
        self.program.is_calm = False

    def run(self):
        """All of them."""
        most = {}
        for step in range(1, self.plan["steps"] + 1):
            self.step()
            sizes = self.bounds()
            for name in sizes:
                most[name] = max(sizes[name], most.get(name, 0))
            if step % self.plan["sample_every"] == 0:
                self.sample(step)
        print("MOST", json.dumps(most))


def main():
    gc.threshold(16 * 1024)  # as boot.py has it
    plan = json.loads(sys.stdin.readline())
    flash = years_chip.Flash(plan["flash"])
    if plan.get("format"):
        vfs.VfsLfs2.mkfs(flash)
        return
    vfs.mount(flash, "/f")
    random.seed(plan["seed"])
    years_time.begin(plan["ticks"], plan["world"], plan["clock"], plan["epoch"], plan["is_narrow"])
    learn(plan.pop("modules"))
    life = Life(plan)
    try:
        life.run()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        sys.print_exception(error)
        broken("%r" % error)
    years_chip.ended("over")


main()
