"""settings.json: who this board is, its Wi-Fi, its entry server. Errors name every field and never show a secret."""

import json

from . import once
from .errors import SettingsError

# Kinds of values, as errors call them; None is a pin or none.
_EXPECTED = {
    str: "a text of {} to {} bytes",
    int: "a whole number from {} to {}",
    None: "null or a GPIO from {} to {}",
    list: "a text or a list of texts",
    dict: "an object",
    bool: "true or false",
    bytes: "the base64 of a DER, or the path of a DER file, as /maker.der",
}


class Settings:
    """What settings.json says, one attribute a field; README, Settings, has the list. `checked` makes it: what is kept
    has no code."""

    if False:  # for the type checker
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
        ca: list | None
        verify: bool
        maker_key: str | None
        outbox: dict  # size, in, policy
        health: int


def checked(fields: dict) -> Settings:
    """Raises SettingsError, naming every wrong, missing or unknown field and what is expected there."""
    settings = Settings()
    wrong = ""
    known: list = []
    # What they hold if they are not given, which is right (...: they must be given); kind; limits.
    for names, default, kind, least, most in (
        ("wifi_ssid", ..., str, 1, 32),
        ("wifi_password", "", str, 8, 64),
        ("hardware_key", ..., str, 1, 1000),
        ("entry_url cloud_id mac sn name sub_model firmware_version", None, str, 1, 1000),
        ("details user", None, dict, 0, 0),
        ("interval", 60, int, 1, 86400),
        ("timeout", 10, int, 1, 60),
        ("ntp_servers", ("pool.ntp.org", "time.google.com", "time.cloudflare.com"), list, 0, 0),
        ("led", 2, None, 0, 48),
        ("button", 0, None, 0, 48),
        ("watchdog", 300, int, 0, 3600),
        ("ca", None, list, 0, 0),
        ("verify", True, bool, 0, 0),
        ("maker_key", None, bytes, 0, 0),
        ("outbox", None, dict, 0, 0),
        ("health", 3600, int, 0, 86400),
    ):
        for name in names.split():
            value = fields.get(name, default)
            if kind is list and isinstance(value, str):
                value = [value]
            if value is ... or (value is not default and not _fits(value, kind, least, most)):
                # The value is not shown: a password lands in the wrong field easily.
                wrong += "\n%s: expected %s" % (name, _EXPECTED[kind].format(least, most))
            setattr(settings, name, value)
        known += names.split()
    url = settings.entry_url
    try:
        if "#" in url or once("head", "split", url.rstrip("/"))[2] != "/":
            raise ValueError  # a path or a query in it would end up in every request
    except (ValueError, TypeError, AttributeError):
        wrong += "\nentry_url: expected as https://entry.example.com"
    if not wrong and 0 < settings.watchdog < max(30, 3 * settings.timeout):  # a slow request must not look like a hang
        wrong = "watchdog: expected 0, or 30 to 3600 and >= 3 * timeout"
    wrong += _check_outbox(settings)
    for name in fields:
        if name not in known:
            wrong += '\n%s: unknown; your own go under "user"' % name
    if wrong:
        raise SettingsError(wrong)
    return settings


def _check_outbox(settings):
    # Completes it with what is not given; gives back what is wrong.
    outbox = {"size": 4096, "in": "memory", "policy": "history"}
    wrong = ""
    if isinstance(settings.outbox, dict):
        for name in settings.outbox:
            if name not in outbox:
                wrong += "\noutbox.%s: unknown; expected size, in, policy" % name
        outbox.update(settings.outbox)
    settings.outbox = outbox
    if outbox["size"] != 0 and not _fits(outbox["size"], int, 512, 1 << 20):
        wrong += "\noutbox.size: expected 0, or a whole number from 512 to 1048576"
    for name, one, other in (("in", "memory", "flash"), ("policy", "history", "latest")):
        if outbox[name] not in (one, other):
            wrong += "\noutbox.%s: expected %s or %s" % (name, one, other)
    return wrong


def _fits(value, kind, least, most):
    if value is kind:
        return True  # null where that is a kind
    if kind is bytes:
        return isinstance(value, str) and (value[:1] == "/" or value[:2] == "MI")
    kind = kind or int
    if type(value) is not kind:  # not isinstance: true is no number
        return False
    if kind is list:
        return set(map(type, value)) == {str}
    size = len(value.encode()) if kind is str else value
    return not most or least <= size <= most


def load(path: str = "/settings.json") -> Settings:
    """The settings in the file `path`. Raises SettingsError: no such file, not JSON, or wrong fields."""
    try:
        with open(path) as file:
            fields = dict(json.load(file))
    except (OSError, ValueError, TypeError, MemoryError) as error:
        raise SettingsError("%s: %s; see settings.example.json" % (path, error))
    return checked(fields)
