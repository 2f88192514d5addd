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
    if status not in STATUSES:
        raise MessageError("status: expected one of %s, not %r" % (", ".join(STATUSES), status))
    check(values)
    body: dict = {"status": status, "telemetries": values}
    if timestamp is not None:
        if not _is_timestamp(timestamp):
            raise MessageError("timestamp: expected UTC as 2021-08-04T07:45:44.122Z, not %r" % (timestamp,))
        body["timestamp"] = timestamp
    if override:
        body["override"] = True
    if message is not None:
        if not isinstance(message, str):
            raise MessageError("message: expected a text, not %s" % type(message).__name__)
        body["message"] = message
    encoded = json.dumps(body).encode()
    if len(encoded) > MAX_BYTES:
        raise MessageError("telemetries: %d bytes in all; at most %d, send fewer keys" % (len(encoded), MAX_BYTES))
    return encoded


def check(values: dict) -> None:
    """Raises MessageError, naming the key, unless every pair of `values` may go into a telemetry."""
    if not isinstance(values, dict):
        raise MessageError("telemetries: expected a dict of keys and values, not %s" % type(values).__name__)
    for key, value in values.items():
        # Exact types: json.dumps writes a subclass's own text, which may be no JSON.
        if type(key) is not str or not key:
            raise MessageError("key %r: expected a text that is not empty" % (key,))
        if key == "status":
            raise MessageError("status: the hub keeps the message's own status under this key; use another name")
        if value is None or value is True or value is False:
            continue
        kind = type(value)
        if kind is int:
            if not -0x80000000 <= value <= 0x7FFFFFFF:
                raise MessageError("%s: %d is beyond 32 bits; send a float or a text" % (key, value))
        elif kind is float:
            # The difference is no 0 for NaN and infinities; on the board the largest float may itself be read as one.
            if value - value != 0 or not -_FLOAT32_MAX <= value <= _FLOAT32_MAX:
                raise MessageError("%s: %r is no finite 32-bit float; send None for no value" % (key, value))
        elif kind is str:
            _check_text(key, value)
        else:
            raise MessageError(
                "%s: expected int, float, bool, str or None, not %s; nothing nested" % (key, kind.__name__)
            )


def _check_text(key, text):
    if len(text) * 4 <= MAX_TEXT:
        return  # no character takes more than 4 bytes: the usual text needs no second copy
    size = len(text.encode())
    if size > MAX_TEXT:
        raise MessageError("%s: a text of %d bytes; at most %d" % (key, size, MAX_TEXT))


def _is_timestamp(text):
    if not isinstance(text, str) or len(text) != len(_TIMESTAMP):
        return False
    return all(c == form or (form == "0" and "1" <= c <= "9") for c, form in zip(text, _TIMESTAMP))


# Field, type, and what stands for it when it is missing or null. A 200 without `success` is an accepted message.
_REPLY = (
    ("success", bool, True),
    ("config_version", int, 0),
    ("command", bool, False),
    ("new_licenses", bool, False),
    ("info_version", int, 0),
    ("latest_fw_version", str, None),
    ("latest_fw_file_id", str, None),
    ("space_data_version", int, 0),
)


class Reply:
    """What the hub asks for, one attribute a field of the reply; missing and null fields ask for nothing.

    `success` bool, `config_version` int, `command` bool, `new_licenses` bool, `info_version` int,
    `latest_fw_version` str or None, `latest_fw_file_id` str or None, `space_data_version` int.
    """

    success: bool
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
            raise ReplyError("telemetry reply: expected an object, not %s" % type(reply).__name__)
        for name, kind, default in _REPLY:
            value = reply.get(name)
            if value is None:
                value = default
            elif type(value) is not kind:  # not isinstance: for CPython True would be an int
                raise ReplyError(
                    "telemetry reply: %s: expected %s, not %s" % (name, kind.__name__, type(value).__name__)
                )
            setattr(self, name, value)
