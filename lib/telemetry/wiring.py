"""Builds an agent's parts from settings.json and ties them together; the one place that knows them all."""

from . import once
from .board import Board
from .clock import Clock
from .hub import Hub
from .registration import Registration

if False:  # for the type checker
    from .agent import Agent


def build(make, path: str, version: str | None, requests=None) -> "Agent":
    """See `Agent.from_settings`. `make` is the class."""
    import ntptime

    settings = once("settings", "load", path)
    slot = once("slots", "running")
    if slot:  # what it was published as
        version = once("slots", "manifest", slot).get("version", version)
    firmware = once("firmware", "Firmware", "/version.json", version or settings.firmware_version or "")
    board = Board(settings.led, settings.button, settings.watchdog)
    hub = Hub(settings.entry_url, settings.timeout, requests or session(settings))
    clock = Clock(settings.ntp_servers, ntptime, board.set_time)
    # Device API, register device: cloud_id, or mac and sn, by the model's way of authentication.
    fields = {"firmware_version": firmware.curr_ver, "sn": board.serial_number()}
    if settings.cloud_id is None:
        fields["mac"] = settings.mac or board.mac()
    for name in ("hardware_key", "cloud_id", "sn", "name", "sub_model", "details"):
        value = getattr(settings, name)
        if value is not None:
            fields[name] = value
    agent = make(hub, board, clock, Registration(hub, "/identity.json", clock, fields), settings)
    agent.unsaved = firmware
    agent.guard("flash", once, "start", "keep", agent)  # what fails is tried again by each step
    return agent


def session(settings):
    """The library's own requests, with what the settings say of them."""
    from .http import Session  # who brings requests of his own needs no heap for it

    if settings.ca is not None:
        for _ in once("certificates", "Certificates", settings.ca):
            pass  # what is none is named now, not at the first request
    return Session(settings.ca, settings.timeout, settings.verify)
