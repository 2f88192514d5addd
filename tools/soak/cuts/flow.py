"""A way in which a piece of state changes, and what the user of this board wrote."""


class Flow:
    """`before` is done undisturbed; the power goes during `acts`, and all that follows from them."""

    key = None
    outbox = {"size": 0}  # of the settings
    keeps = False  # samples, while the network is down
    step_ms = 4000 * 1000  # between two steps: every backoff is over

    def __init__(self, state, what, acts, check, before=(), reports=()):
        self.state = state
        self.what = what
        self.acts = acts
        self.check = check
        self.before = before
        self.reports = reports  # what may be said to have gone wrong, beside what a cut is the reason of
        self.others = []  # files beside
        self.rests = what[:7] != "refused"  # the next start closes what the operator was told

    def begins(self, life):
        """A start."""

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
