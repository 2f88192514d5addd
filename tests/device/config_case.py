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
        self.opened = []
        self.takes = apply
        self.start(registered)

    def start(self, registered=False):
        self.rig = Rig(requests=self.hub, registered=registered)
        self.agent = self.rig.agent
        self.incidents = []
        self.agent.incident = self.incident
        if self.takes:
            self.agent.on_config(self.apply)

    def incident(self, title, issue, priority=2, description=""):
        opened = Incident(issue, description)
        self.incidents.append(opened)
        self.opened.append(issue)
        return opened

    def open(self):
        return [incident.issue for incident in self.incidents if not incident.is_closed]

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


class Incident:
    def __init__(self, issue, description):
        self.issue = issue
        self.description = description
        self.is_closed = False

    def close(self):
        self.is_closed = True


def saved():
    """What is on flash."""
    return store.load("config.json")
