"""A way in which a piece of state changes, and what the user of this board wrote."""


class Flow:
    """`before` is done undisturbed; the power goes during `acts`, and all that follows from them."""

    key = None
    outbox = {"size": 0}  # of the settings

    def __init__(self, state, what, acts, check, before=(), reports=()):
        self.state = state
        self.what = what
        self.acts = acts
        self.check = check
        self.before = before
        self.reports = reports  # what may be said to have gone wrong, beside what a cut is the reason of
        self.others = []  # files beside
        self.rests = what[:7] != "refused"  # the next start closes what the operator was told

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
