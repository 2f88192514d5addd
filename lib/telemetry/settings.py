"""settings.json: who this board is, its Wi-Fi, its entry server. Errors name every field and never show a secret."""

import json

from . import semver
from .errors import SettingsError

_URL = "an address as https://entry.example.com, with http:// or https:// and no path"
_TEXT = "a text that is not empty"


def _is_text(value):
    return isinstance(value, str) and value != ""


def _is_wifi_password(value):
    return isinstance(value, str) and (value == "" or 8 <= len(value.encode()) <= 64)


def _is_url(value):
    # A path, a query or a name and password in it would end up in every request: only scheme, host and port.
    if not _is_text(value) or not all("!" <= c <= "~" for c in value):
        return False
    scheme, colon, host = value.rstrip("/").partition("://")
    return scheme in ("http", "https") and bool(host) and not any(c in "/?#@" for c in host)


def _is_number(low, high):
    return lambda value: isinstance(value, int) and value is not True and value is not False and low <= value <= high


def _is_servers(value):
    return isinstance(value, list) and bool(value) and all(_is_text(host) for host in value)


_PIN = _is_number(0, 48)

# Field: what it holds if it is not given (... is: it must be given), what is expected, and the check of that.
_FIELDS = {
    "wifi_ssid": (..., "a text of 1 to 32 bytes", lambda value: _is_text(value) and len(value.encode()) <= 32),
    "wifi_password": ("", 'a text of 8 to 64 bytes, or "" for an open network', _is_wifi_password),
    "entry_url": (..., _URL, _is_url),
    "hardware_key": (..., _TEXT + ", from your hub's page of the device's model", _is_text),
    "cloud_id": (None, _TEXT, _is_text),
    "mac": (None, _TEXT + "; without it the chip's own", _is_text),
    "sn": (None, _TEXT + "; without it one made from the chip's id", _is_text),
    "name": (None, _TEXT, _is_text),
    "sub_model": (None, _TEXT, _is_text),
    "details": (None, "an object", lambda value: isinstance(value, dict)),
    "firmware_version": (None, "a SemVer version as 1.0.0", semver.is_valid),
    "interval": (60, "seconds between telemetries, a whole number from 1 to 86400", _is_number(1, 86400)),
    "timeout": (10, "seconds that a request may take, a whole number from 1 to 60", _is_number(1, 60)),
    "ntp_servers": (["pool.ntp.org", "time.google.com", "time.cloudflare.com"], "a list of host names", _is_servers),
    "led": (2, "a GPIO number up to 48, or null for none", lambda value: value is None or _PIN(value)),
    "button": (0, "a GPIO number up to 48, or null for none", lambda value: value is None or _PIN(value)),
    "watchdog": (
        0,
        "seconds, 0 for off, or a whole number from 30 to 3600",
        lambda v: v == 0 or _is_number(30, 3600)(v),
    ),
    "user": (None, "an object, for your own program", lambda value: isinstance(value, dict)),
}


class Settings:
    """What settings.json says, one attribute a field; README, Settings, has the list."""

    wifi_ssid: str
    wifi_password: str
    entry_url: str
    hardware_key: str
    cloud_id: str | None
    mac: str | None
    sn: str | None
    name: str | None
    sub_model: str | None
    details: dict | None
    firmware_version: str | None
    interval: int
    timeout: int
    ntp_servers: list
    led: int | None
    button: int | None
    watchdog: int
    user: dict | None

    def __init__(self, fields: dict):
        """Raises SettingsError, naming every wrong, missing or unknown field and what is expected there."""
        if not isinstance(fields, dict):
            raise SettingsError("settings: expected an object, not %s" % type(fields).__name__)
        wrong = []
        for name, (default, expected, is_right) in _FIELDS.items():
            value = fields.get(name, default)
            if value is ...:
                wrong.append("%s: missing; expected %s" % (name, expected))
            elif value is not default and not is_right(value):
                # The type is shown and not the value: a password lands in the wrong field easily.
                wrong.append("%s: expected %s; found %s" % (name, expected, _described(value)))
            setattr(self, name, value)
        if not wrong and 0 < self.watchdog < 3 * self.timeout:  # one slow request must not look like a hang
            wrong.append("watchdog: expected 0, or at least three times timeout, %d" % (3 * self.timeout))
        for name in fields:
            if name not in _FIELDS:
                wrong.append('%s: unknown; put settings of your own under "user"' % name)
        if wrong:
            raise SettingsError("settings: " + "\n  ".join(wrong))


def _described(value):
    if isinstance(value, str):
        return "a text of %d characters" % len(value)
    return "null" if value is None else type(value).__name__


def load(path: str = "/settings.json") -> Settings:
    """The settings in the file `path`. Raises SettingsError: no such file, not JSON, or wrong fields."""
    try:
        with open(path) as file:
            return Settings(json.load(file))
    except OSError as error:
        raise SettingsError("%s: cannot be read (%s); copy settings.example.json there and edit it" % (path, error))
    except SettingsError:
        raise
    except ValueError:
        raise SettingsError("%s: not JSON; look for a missing comma or quote" % path)
