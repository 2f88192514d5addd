"""What the user of this board wrote: it uses all that there is, or what most do, and much fails now and then."""

import random

import years_chip
import years_time

_TEXTS = ("off", "on", "", "x" * 200, "äöü €", "a longer text that says something")
_TITLES = ("Leak", "Heat", "Door")


class Program:
    """`is_calm`: nothing happens. `base`: the Unix time that `at_s` counts from. `is_usual`: without a gateway's device
    and licences."""

    def __init__(self, agent, base, is_usual):
        self.agent = agent
        self.base = base
        self.is_calm = False
        self.trouble = 0  # how often a function fails, in percent
        self.incidents = {}
        self.is_usual = is_usual
        self.n = 0
        agent.telemetry(self.read)
        agent.telemetry(level=0.5)(self.level)
        agent.on_config(self.apply)
        agent.on_upgrade(self.install)
        agent.command("blink")(self.blink)
        agent.command("safe", safe=True)(self.blink)
        agent.command("fails")(self.fails)
        self.devices = [agent]
        if not is_usual:
            lamp = agent.child("lamp", model_id="m", firmware_version="1.0.0")
            lamp.telemetry(self.lamp_level)
            lamp.command("blink")(self.blink)
            self.devices.append(lamp)

    # What it reads

    def read(self):
        agent = self.agent
        self.n += 1
        values = {
            "n": self.n,
            "at_s": years_time.world_ms // 1000 - self.base,
            "calm": self.is_calm,
            # As the hub judges by the minute what the board judges by the second.
            "is_right": -60000 < years_time.error_ms < 60000 and agent.clock.is_sure and bool(agent.clock.timestamp()),
        }
        if not self.is_usual:
            values["licensed"] = agent.licensed("recording")
        if not self.is_calm:
            values["text"] = random.choice(_TEXTS)
            values["up"] = agent.clock.uptime()
            if random.random() < 0.5:
                values["sometimes"] = None if random.random() < 0.1 else random.random() * 1e9
        return values

    def install(self, version, file_id):
        self.may_fail()
        print("installs", version)

    def level(self):
        self.may_fail()
        return {"level": 5.0 if self.is_calm else random.uniform(5, 8)}

    def lamp_level(self):
        self.may_fail()
        return {"level": 5 if self.is_calm else random.randrange(9)}

    def may_fail(self):
        if not self.is_calm and random.randrange(100) < self.trouble:
            how = random.randrange(4)
            if how == 0:
                raise ValueError("%d" % random.randrange(9))
            if how == 1:
                raise OSError(5)
            if how == 2:
                bytearray(1 << 20)
            {}["key"]

    # What it is asked for

    def apply(self, config):
        self.may_fail()
        self.agent.settings.interval = config.get("interval", 60)

    def blink(self, parameters):
        print("RAN", parameters["n"])
        self.may_fail()
        return "blinked %d" % parameters["n"]

    def fails(self, parameters):
        print("RAN", parameters["n"])
        raise ValueError("no lamp")

    # What it does by itself

    def live(self):
        """Between two steps."""
        agent = self.agent
        if self.is_calm:
            self.incidents.clear()
            for incident in agent.notices:
                incident.close()  # that of the watchdog is open for the rest of a life
            return
        chance = random.randrange(400)
        if chance < 4:
            agent.event("opened", "door", int_key_1=chance, string_key_1=random.choice(_TEXTS))
        elif chance < 10:
            title = random.choice(_TITLES)
            if title in self.incidents:
                self.incidents.pop(title).close()
            else:
                self.incidents[title] = agent.incident(title, title.lower(), chance % 5, random.choice(_TEXTS))
        elif chance == 10:
            agent.config.set(own=random.randrange(3))
        elif chance == 11:
            self.devices[-1].config.set(own=random.randrange(3))
        elif chance == 12:
            self.trouble = random.choice((0, 0, 1, 20, 100))
        elif chance == 13:
            agent.guard("upgrade", agent.accept_upgrade)
        elif chance == 14 and random.random() < 0.4 and not self.is_long:
            years_chip.ended(random.choice(("power on", "hard reset", "watchdog", "soft reset")))

    is_long = False
