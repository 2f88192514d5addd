"""A telemetry message and its reply, as the Device API wants them (Device API, send telemetry)."""

import json

from micropython import const

from . import errors, once

MAX_BYTES = 128 * 1024  # of a whole message
_MAX_TEXT = const(1000)  # bytes of UTF-8 of one value
_FLOAT32_MAX = 3.4028235e38
_COMPACT = const((",", ":"))


def encode(values: dict, status: str, override: bool, message: str | None = None, timestamp: str | None = None):
    """The body of one telemetry, as bytes, of what was checked already; `minimal.build` says what it is made of. Raises
    MessageError if it is too much in all."""
    body: dict = {"status": status, "telemetries": values}
    if timestamp:
        body["timestamp"] = timestamp
    if override:
        body["override"] = True
    if message is not None:
        body["message"] = message
    encoded = json.dumps(body, separators=_COMPACT).encode()
    if b"\xed" in encoded:
        encoded = once("api", "paired", encoded)
    size = len(encoded)
    if size > MAX_BYTES:
        raise errors.MessageError("telemetries: %d bytes in all; at most %d, send fewer keys" % (size, MAX_BYTES))
    return encoded


def check(values: dict) -> None:
    """Raises MessageError, naming the key, unless every pair of `values` may go into a telemetry."""
    if not isinstance(values, dict):
        raise errors.MessageError("telemetries: expected a dict of keys and values, not %s" % type(values).__name__)
    for key in values:
        check_pair(key, values[key])


def check_pair(key: str, value) -> None:
    """`check` for one."""
    # Exact types: json.dumps writes a subclass's own text, which may be no JSON.
    kind = type(value)
    wrong = None
    if type(key) is not str or not key:
        key = "key %r" % (key,)
        wrong = "expected a text that is not empty"
    elif key == "status":
        wrong = "the hub keeps the message's own status under this key; use another name"
    elif kind is float:
        # The difference is no 0 for NaN and infinities; on the board the largest float may itself be read as one.
        if value - value != 0 or not -_FLOAT32_MAX <= value <= _FLOAT32_MAX:
            wrong = "%r is no finite 32-bit float; send None for no value" % value
    elif kind is int:
        if not -0x80000000 <= value <= 0x7FFFFFFF:
            wrong = "%d is beyond 32 bits; send a float or a text" % value
    elif kind is str:
        # No character takes more than 4 bytes: the usual text needs no second look.
        if len(value) * 4 > _MAX_TEXT and len(value.encode()) > _MAX_TEXT:
            wrong = "a text of more than %d bytes" % _MAX_TEXT
    elif kind is not bool and value is not None:
        wrong = "expected int, float, bool, str or None, not %s; nothing nested" % kind.__name__
    if wrong:
        raise errors.MessageError("%s: %s" % (key, wrong))


class Reply:
    """What the hub asks for, one attribute a field of the reply; missing and null fields ask for nothing."""

    if False:  # for the type checker
        success: bool  # a 200 without it is an accepted message
        config_version: int
        command: bool
        new_licenses: bool
        info_version: int
        latest_fw_version: str | None
        latest_fw_file_id: str | None
        space_data_version: int

    def __init__(self, reply: dict):
        """`reply` as parsed from JSON. Raises ReplyError if it is no object or a field has the wrong type."""
        if not isinstance(reply, dict):
            raise errors.ReplyError("telemetry reply: expected an object, not %s" % type(reply).__name__)
        for names, default in (
            ("success", True),
            ("command new_licenses", False),
            ("config_version info_version", 0),
            ("space_data_version", -1),  # 0 says something: not claimed
            ("latest_fw_version latest_fw_file_id", ""),
        ):
            kind = type(default)
            for name in names.split():
                value = reply.get(name)
                if value is None:
                    value = default
                elif type(value) is not kind:  # not isinstance: for CPython True would be an int
                    text = "telemetry reply: %s: expected %s, not %s"
                    raise errors.ReplyError(text % (name, kind.__name__, type(value).__name__))
                setattr(self, name, None if value == "" else value)
