"""Builds an agent's parts from settings.json and ties them together; the one place that knows them all."""

from .agent import Agent
from .board import Board
from .clock import Clock
from .errors import StoreError
from .firmware import Firmware
from .hub import Hub
from .notifier import Notifier
from .registration import Registration
from .settings import load
from .store import Store


def build(path: str, version: str | None, requests=None) -> Agent:
    """See `Agent.from_settings`."""
    import ntptime

    settings = load(path)
    firmware = Firmware(Store("/version.json"), version or settings.firmware_version or "")
    try:
        firmware.save()
    except StoreError as error:
        print("version file: %s" % error)  # it is tried again with each telemetry
    board = Board(settings.led, settings.button, settings.watchdog)
    hub = Hub(settings.entry_url, settings.timeout, requests or _session(settings))
    clock = Clock(settings.ntp_servers, ntptime, board.set_time)
    # Device API, register device: cloud_id, or mac and sn, by the model's way of authentication.
    fields = {"firmware_version": firmware.curr_ver, "sn": board.serial_number()}
    if settings.cloud_id is None:
        fields["mac"] = settings.mac or board.mac()
    for name in ("hardware_key", "cloud_id", "sn", "name", "sub_model", "details"):
        value = getattr(settings, name)
        if value is not None:
            fields[name] = value
    registration = Registration(hub, Store("/identity.json"), clock, fields)
    return Agent(hub, board, clock, firmware, registration, Notifier(board), settings)


def _session(settings):
    from .http import Session  # who brings requests of his own needs no heap for it

    ca = settings.ca
    if ca is not None:
        from .certificates import Certificates

        ca = Certificates(ca)
    return Session(ca, settings.timeout, settings.verify)
