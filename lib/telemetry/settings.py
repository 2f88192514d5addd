"""settings.json: who this board is, its Wi-Fi, its entry server. Errors name every field and never show a secret."""

import json

from . import once
from .errors import SettingsError

# Kinds of values, as errors call them, but for those that are their own names; None and 0 stand for themselves, too.
_EXPECTED = {
    str: "a text of {} to {} bytes",
    int: "a whole number from {} to {}",
    0: "0, or a whole number from {} to {}",
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
    values, wrong = _completed(
        fields,
        "",
        # What they hold if they are not given, which is right (...: they must be given); kind; limits.
        ("wifi_ssid", ..., str, 1, 32),
        ("wifi_password", "", str, 8, 64),
        ("hardware_key", ..., str, 1, 1000),
        ("entry_url cloud_id mac sn name sub_model firmware_version", None, str, 1, 1000),
        ("details user outbox", None, dict),
        ("interval", 60, int, 1, 86400),
        ("timeout", 10, int, 1, 60),
        ("ntp_servers", ("pool.ntp.org", "time.google.com", "time.cloudflare.com"), list),
        ("led", 2, None, 0, 48),
        ("button", 0, None, 0, 48),
        ("watchdog", 300, 0, 30, 3600),
        ("ca", None, list),
        ("verify", True, bool),
        ("maker_key", None, bytes),
        ("health", 3600, int, 0, 86400),
    )
    url = values["entry_url"]
    try:
        if "#" in url or once("head", "split", url.rstrip("/"))[2] != "/":
            raise ValueError  # a path or a query in it would end up in every request
    except (ValueError, TypeError, AttributeError):
        wrong += "\nentry_url: expected as https://entry.example.com"
    if not wrong and 0 < values["watchdog"] < 3 * values["timeout"]:  # a slow request must not look like a hang
        wrong = "watchdog: expected 0, or >= 3 * timeout"
    outbox = values["outbox"]
    if not isinstance(outbox, dict):
        outbox = {}
    values["outbox"], more = _completed(
        outbox,
        "outbox.",
        ("size", 4096, 0, 512, 1 << 20),
        ("in", "memory", "memory or flash"),
        ("policy", "history", "history or latest"),
    )
    if wrong or more:
        raise SettingsError(wrong + more)
    settings = Settings()
    for name in values:
        setattr(settings, name, values[name])
    return settings


def _completed(fields, prefix, *known):
    # Each name and its value, given or not; and what is wrong.
    values: dict = {}
    wrong = ""
    for names, default, kind, *limits in known:
        for name in names.split():
            value = fields.get(name, default)
            if kind is list and isinstance(value, str):
                value = [value]
            if value is ... or (value is not default and not _fits(value, kind, limits)):
                # The value is not shown: a password lands in the wrong field easily.
                wrong += "\n%s%s: expected %s" % (prefix, name, _EXPECTED.get(kind, kind).format(*limits))
            values[name] = value
    for name in fields:
        if name not in values:
            wrong += "\n%s%s: unknown" % (prefix, name)
            if not prefix:
                wrong += '; your own go under "user"'
    return values, wrong


def _fits(value, kind, limits):
    if value is kind:
        return True  # null or 0, where that is a kind
    if kind is bytes:
        return isinstance(value, str) and (value[:1] == "/" or value[:2] == "MI")
    if isinstance(kind, str):
        return value in kind.split(" or ")
    kind = kind or int
    if type(value) is not kind:  # not isinstance: true is no number
        return False
    if kind is list:
        return set(map(type, value)) == {str}
    size = len(value.encode()) if kind is str else value
    return not limits or limits[0] <= size <= limits[1]


def load(path: str = "/settings.json") -> Settings:
    """The settings in the file `path`. Raises SettingsError: no such file, not JSON, or wrong fields."""
    try:
        with open(path) as file:
            fields = dict(json.load(file))
    except (OSError, ValueError, TypeError, MemoryError) as error:
        raise SettingsError("%s: %s; see settings.example.json" % (path, error))
    return checked(fields)
