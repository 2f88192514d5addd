"""A board with a configuration before a hub that thinks: what its tests have in common."""

from config_hub import Hub
from rig import Rig
from telemetry import store

GET, SET, TELL = "GET /config", "POST /config", "PUT /"


class Case:
    """A board before a stateful hub; `restart` is a new board over the same files."""

    def __init__(self, registered=True, apply=True):
        self.hub = Hub()
        self.applied = []
        self.takes = apply
        self.start(registered)

    def start(self, registered=False):
        self.rig = Rig(requests=self.hub, registered=registered)
        self.agent = self.rig.agent
        if self.takes:
            self.agent.on_config(self.apply)

    def open(self):
        """The issues that are open at the hub."""
        return [incident["issue"] for incident in self.hub.incidents if incident["id"]]

    def apply(self, config):
        self.applied.append(dict(config))
        if "bad" in config:
            raise ValueError("bad: not on this board")
        config["mine"] = 1
        for value in config.values():
            if isinstance(value, dict):
                value["mine"] = 1

    def steps(self, count=1):
        for _ in range(count):
            self.rig.ticks.now += 3700 * 1000  # every backoff is over
            self.agent.step()
        return self.hub.asked()


def saved():
    """What is on flash."""
    return store.load("config.json")
