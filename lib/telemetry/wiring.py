"""Builds an agent's parts from settings.json and ties them together; the one place that knows them all."""

from . import settings as settings_module
from .agent import Agent
from .board import Board
from .clock import Clock
from .errors import Corrupt, Missing, SettingsError, StoreError
from .firmware import Firmware
from .hub import Hub
from .notifier import Notifier
from .registration import Registration
from .semver import is_valid
from .store import Store


def build(path: str, version: str | None, requests=None) -> Agent:
    """See `Agent.from_settings`."""
    import ntptime

    settings = settings_module.load(path)
    version = version or settings.firmware_version
    if version is None or not is_valid(version):
        raise SettingsError("firmware_version, or version=: expected a SemVer version as 1.0.0, not %r" % (version,))
    board = Board(settings.led, settings.button, settings.watchdog)
    hub = Hub(settings.entry_url, settings.timeout, requests or _session(settings))
    firmware = Firmware(Store("/version.json"), version)
    clock = Clock(settings.ntp_servers, ntptime, board.set_time)
    fields = _identity_fields(settings, board, version)
    registration = Registration(hub, Store("/identity.json"), clock, fields)
    try:
        registration.load()
    except Missing:
        pass  # the first start
    except Corrupt as error:
        print("identity: %s; registering anew" % error)
    except StoreError as error:
        print("identity: %s; trying again" % error)
    try:
        firmware.save()
    except StoreError as error:
        print("version file: %s" % error)
    return Agent(hub, board, clock, firmware, registration, Notifier(board), settings)


def _session(settings):
    from .http import Session  # who brings requests of his own needs no heap for it

    return Session(None, settings.timeout)


def _identity_fields(settings, board, version):
    # Device API, register device: cloud_id, or mac and sn, by the model's way of authentication.
    fields = {
        "hardware_key": settings.hardware_key,
        "firmware_version": version,
        "sn": settings.sn or board.serial_number(),
    }
    if settings.cloud_id:
        fields["cloud_id"] = settings.cloud_id
    else:
        fields["mac"] = settings.mac or board.mac()
    for name in ("name", "sub_model", "details"):
        if getattr(settings, name) is not None:
            fields[name] = getattr(settings, name)
    return fields
