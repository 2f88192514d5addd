"""A way in which a piece of state changes, and what the user of this board wrote."""

import os

from chip import Machine
from telemetry import once, startup


class Flow:
    """`before` is done undisturbed; the power goes during `acts`, and all that follows from them."""

    key = None
    outbox = {"size": 0}  # of the settings
    keeps = False  # samples, while the network is down
    step_ms = 4000 * 1000  # between two steps: every backoff is over
    bytes = None  # of the file system, where it needs more than others
    extra = 0  # behind it, for images

    def __init__(self, state, what, acts, check, before=(), reports=()):
        self.state = state
        self.what = what
        self.acts = acts
        self.check = check
        self.before = before
        self.reports = reports  # what may be said to have gone wrong, beside what a cut is the reason of
        self.others = []  # files beside
        # Else the next start closes what the operator was told of.
        self.rests = what[:7] != "refused" and state != "incidents"

    def files(self):
        """Name -> content, of what is there from the beginning."""
        return {}

    def lay_out(self, flash):
        """What is behind the file system."""

    def begins(self, life):
        """A start."""

    def tidy(self, life):
        """Raises AssertionError for a file that should not be there in the end."""
        names = set(os.listdir(life.folder)) - {name.split("/")[0] for name in self.others}
        if "outbox" in names:
            names.remove("outbox")
            assert not os.listdir(life.folder + "outbox")
        # A cut while FAT takes a long name away may leave the short one that goes with it.
        names = {name for name in names if name[-4:] != ".NEW" or "~" not in name}
        assert names == set(life.world.now["saved"]), ("files", sorted(names))

    def program(self, agent, world):
        """What the user wrote."""
        now = world.now

        @agent.telemetry
        def read():
            return {"temperature": 21.5}

        @agent.on_new_firmware
        def tell(version, file_id):
            now["announced"].append(version)
            world.touch()

        @agent.on_config
        def apply(config):
            if config.get("refuse"):
                raise ValueError("not on this board")
            now["applied"] = config
            world.touch()

        def handler(name, safe=False, restarts=False):
            def run(parameters):
                now["ran"].append(parameters["n"])
                world.touch()
                if name == "fails":
                    raise ValueError("no lamp")
                if restarts:
                    agent.board.reset()

            agent.command(name, safe=safe, restarts=restarts)(run)

        handler("blink")
        handler("fails")
        handler("safe", safe=True)
        handler("restarts", restarts=True)


class Waiting(Flow):
    """While the network is down samples wait on flash."""

    keeps = True
    step_ms = 100 * 1000

    def __init__(self, what, acts, check, size=16384):
        super().__init__("outbox", what, acts, check, [lambda life: None], ["hub", "outbox"])
        self.outbox = {"size": size, "in": "flash"}
        self.rests = False  # samples go on

    def begins(self, life):
        now = life.world.now
        if len(now["ends"]) < now["cuts"]:
            now["ends"].append([len(now["taken"]), now["ms"]])
            life.world.touch()

    def program(self, agent, world):
        now = world.now

        @agent.telemetry
        def read():
            n = len(now["taken"])
            now["taken"].append([n, now["ms"]])
            world.touch()
            return {"n": n}


class Crashing(Flow):
    """main.py fails at the first starts of the power's; boot.py counts them."""

    def __init__(self, crashes, check):
        super().__init__("starts", "%d crashes" % crashes, [lambda life: None], check, [lambda life: None])
        self.crashes = crashes
        self.tried = self.acts
        self.rests = False  # each start is counted

    def files(self):
        return {"main.py": "", "safe/main.py": "", "settings.json": '{"watchdog": 0}'}

    def begins(self, life):
        now = life.world.now
        Machine.board = life.board
        if startup.begin(life.folder, life.folder + "safe"):
            now["safe"] += 1
            life.world.touch()
            once("starts", "survived", life.folder)  # the hub's command `reboot`
            life.board.reset()
        if self.acts is self.tried and now["crashes"] < self.crashes:
            now["crashes"] += 1
            life.world.touch()
            life.board.reset()
