"""An agent on a board without hardware: what the tests of everything that it does have in common."""

from fakes import Board, Requests, Ticks
from telemetry import agent as agent_module
from telemetry import clock as clock_module
from telemetry import identity, notifier, store
from telemetry.agent import Agent
from telemetry.clock import Clock
from telemetry.hub import Hub
from telemetry.registration import Registration
from telemetry.settings import checked

IDENTITY = {"id": "d-1", "access_key": "key-1", "hub_url": "http://hub", "entry_url": "http://entry"}
REGISTERED = (200, IDENTITY)
ACCEPTED = (200, {"success": True})
UNREACHABLE = OSError(113)

TELEMETRY = "POST /devices/d-1/telemetry"
REGISTER = "POST /devices"


class Rig:
    """An agent on a board without hardware, before a hub that gives the answers it is told to.

    `requests`: a hub that thinks for itself, in place of answers. A second Rig over the same files is a restart.
    """

    def __init__(self, *answers, running="1.0.0", registered=True, requests=None, **settings):
        self.ticks = Ticks(agent_module, clock_module, notifier)
        fields = {"wifi_ssid": "net", "wifi_password": "12345678", "entry_url": "http://entry", "hardware_key": "hk"}
        fields["health"] = 0  # most tests look at what a function gave, and at nothing else
        fields["outbox"] = {"size": 0}  # nothing waits, unless a test is about that
        fields.update(settings)
        self.requests = requests or Requests(*answers)
        self.board = Board()
        hub = Hub("http://entry", 10, self.requests)
        if registered:
            store.save("identity.json", dict(IDENTITY, firmware_version=running))
        clock = Clock()
        self.registration = Registration(hub, "identity.json", clock, {"sn": "1", "firmware_version": running})
        if registered:
            identity.keep(self.registration)
        self.agent = Agent(hub, self.board, clock, self.registration, checked(fields), "")

    def paths(self):
        return [method + " " + url.split("/v1")[1] for method, url, _, _ in self.requests.sent]

    def last(self):
        return self.requests.sent[-1][3]

    def told(self):
        """The last telemetry, whatever was sent after it."""
        return [body for _, url, _, body in self.requests.sent if url.endswith("/telemetry")][-1]

    def steps(self, count):
        return [self.agent.step() for _ in range(count)]
