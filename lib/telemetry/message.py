"""A telemetry message and its reply, as the Device API wants them (Device API, send telemetry)."""

import json

from .errors import MessageError, ReplyError

STATUSES = ("online", "offline", "error")
MAX_BYTES = 128 * 1024  # of a whole message
MAX_TEXT = 1000  # bytes of UTF-8 of one value
_FLOAT32_MAX = 3.4028235e38
_TIMESTAMP = "0000-00-00T00:00:00.000Z"  # 0 stands for any digit


def build(
    values: dict,
    status: str = "online",
    timestamp: str | None = None,
    override: bool = False,
    message: str | None = None,
) -> bytes:
    """The body of one telemetry: JSON in UTF-8.

    `values` is flat: text keys, and int (32 bit), float (32 bit), bool, str (1,000 bytes) or None, which removes the
    key from the hub's state. `timestamp` is UTC as `2021-08-04T07:45:44.122Z`; without it the hub uses its own clock.
    `override` replaces the whole state. `message` explains the status. Raises MessageError, naming the key.
    """
    check(values)
    if status not in STATUSES:
        raise MessageError("status: expected one of %s, not %r" % (", ".join(STATUSES), status))
    if timestamp is not None and not _is_timestamp(timestamp):
        raise MessageError("timestamp: expected UTC as 2021-08-04T07:45:44.122Z, not %r" % (timestamp,))
    if message is not None and not isinstance(message, str):
        raise MessageError("message: expected a text, not %s" % type(message).__name__)
    return encode(values, status, timestamp, override, message)


def encode(values: dict, status: str, timestamp: str | None, override: bool, message: str | None) -> bytes:
    """`build` for what was checked already. Raises MessageError if it is too much in all."""
    body: dict = {"status": status, "telemetries": values}
    if timestamp is not None:
        body["timestamp"] = timestamp
    if override:
        body["override"] = True
    if message is not None:
        body["message"] = message
    encoded = json.dumps(body, separators=(",", ":")).encode()
    if len(encoded) > MAX_BYTES:
        raise MessageError("telemetries: %d bytes in all; at most %d, send fewer keys" % (len(encoded), MAX_BYTES))
    return encoded


def check(values: dict) -> None:
    """Raises MessageError, naming the key, unless every pair of `values` may go into a telemetry."""
    if not isinstance(values, dict):
        raise MessageError("telemetries: expected a dict of keys and values, not %s" % type(values).__name__)
    for key in values:
        check_pair(key, values[key])


def check_pair(key: str, value) -> None:
    """`check` for one."""
    # Exact types: json.dumps writes a subclass's own text, which may be no JSON.
    if type(key) is not str or not key:
        raise MessageError("key %r: expected a text that is not empty" % (key,))
    if key == "status":
        raise MessageError("status: the hub keeps the message's own status under this key; use another name")
    kind = type(value)
    if kind is float:
        # The difference is no 0 for NaN and infinities; on the board the largest float may itself be read as one.
        if value - value != 0 or not -_FLOAT32_MAX <= value <= _FLOAT32_MAX:
            raise MessageError("%s: %r is no finite 32-bit float; send None for no value" % (key, value))
    elif kind is int:
        if not -0x80000000 <= value <= 0x7FFFFFFF:
            raise MessageError("%s: %d is beyond 32 bits; send a float or a text" % (key, value))
    elif kind is str:
        if len(value) * 4 > MAX_TEXT:  # no character takes more than 4 bytes: the usual text needs no second look
            size = len(value.encode())
            if size > MAX_TEXT:
                raise MessageError("%s: a text of %d bytes; at most %d" % (key, size, MAX_TEXT))
    elif kind is not bool and value is not None:
        raise MessageError("%s: expected int, float, bool, str or None, not %s; nothing nested" % (key, kind.__name__))


def _is_timestamp(text):
    if not isinstance(text, str) or len(text) != len(_TIMESTAMP):
        return False
    return all(c == form or (form == "0" and "1" <= c <= "9") for c, form in zip(text, _TIMESTAMP))


class Reply:
    """What the hub asks for, one attribute a field of the reply; missing and null fields ask for nothing.

    `success` bool, `config_version` int, `command` bool, `new_licenses` bool, `info_version` int,
    `latest_fw_version` str or None, `latest_fw_file_id` str or None, `space_data_version` int.
    """

    def __init__(self, reply: dict):
        """`reply` as parsed from JSON. Raises ReplyError if it is no object or a field has the wrong type."""
        if not isinstance(reply, dict):
            raise ReplyError("telemetry reply: expected an object, not %s" % type(reply).__name__)
        self.success: bool = _field(reply, "success", True)  # a 200 without it is an accepted message
        self.config_version: int = _field(reply, "config_version", 0)
        self.command: bool = _field(reply, "command", False)
        self.new_licenses: bool = _field(reply, "new_licenses", False)
        self.info_version: int = _field(reply, "info_version", 0)
        self.latest_fw_version: str | None = _field(reply, "latest_fw_version", "") or None
        self.latest_fw_file_id: str | None = _field(reply, "latest_fw_file_id", "") or None
        self.space_data_version: int = _field(reply, "space_data_version", 0)


def _field(reply, name, default):
    value = reply.get(name)
    if value is None:
        return default
    if type(value) is not type(default):  # not isinstance: for CPython True would be an int
        raise ReplyError(
            "telemetry reply: %s: expected %s, not %s" % (name, type(default).__name__, type(value).__name__)
        )
    return value
