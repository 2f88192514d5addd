"""Ours: a whole agent of real parts, but for the board, which has no chip here. One telemetry is one `agent.step()`."""


class Board:
    """A board that is always connected, with nothing to see or press."""

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

    def reset_cause(self):
        return "power on"


def build(config):
    """An agent that is registered already. The current folder has its files."""
    from telemetry import once
    from telemetry.agent import Agent
    from telemetry.clock import Clock
    from telemetry.http import Session
    from telemetry.hub import Hub
    from telemetry.registration import Registration

    url = config["url"]
    settings = once("settings", "checked", {"wifi_ssid": "bench", "entry_url": url, "hardware_key": "hk"})
    clock = Clock()
    hub = Hub(url, 10, Session(config.get("ca"), 10))
    fields = {"hardware_key": "hk", "sn": "1", "mac": "a4:cf:12:9b:00:7e", "firmware_version": "1.0.0"}
    registration = Registration(hub, "identity.json", clock, fields)
    agent = Agent(hub, Board(), clock, registration, settings, "")
    agent.guard("flash", once, "start", "keep", agent)
    return agent


def prepare(config):
    """A function that sends one telemetry. `readings` must be the same at each call."""
    agent = build(config)
    agent.telemetry(config["readings"].read)

    def send(_readings):
        agent.step()

    return send
