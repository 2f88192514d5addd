"""What a telemetry message may hold, and what it does to a device's state. Pure: no clock, database or socket.

Source of the rules: Device API, send telemetry.
"""

from dataclasses import dataclass
from typing import Any

from tools.hub.errors import Refused, shown
from tools.hub.times import TIME, check_time

STATUSES = ("online", "offline", "error")
MAX_STRING_BYTES = 1000
MAX_INT = 2**31 - 1
MAX_FLOAT = (2 - 2**-23) * 2.0**127  # the largest 32-bit float

SCHEMA = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"enum": list(STATUSES)},
        "timestamp": {"type": "string", "pattern": f"^{TIME}$"},
        "telemetries": {
            "type": "object",
            "additionalProperties": {
                "type": ["integer", "number", "boolean", "string", "null"],
                "minimum": -MAX_FLOAT,  # and an integer has 32 bits
                "maximum": MAX_FLOAT,
                "maxLength": MAX_STRING_BYTES,
            },
        },
        "override": {"type": "boolean"},
        "message": {"type": "string"},
    },
}


@dataclass(frozen=True)
class Message:
    """A message that was found right. `timestamp` and `message` are None where the device sent none."""

    status: str
    timestamp: str | None
    telemetries: dict[str, Any]
    override: bool
    message: str | None


def check_message(body: dict[str, Any]) -> Message:
    """The message in a JSON object. Raises Refused (400) that names the field, or the key of the telemetry."""
    status = body.get("status")
    if not isinstance(status, str) or status not in STATUSES:
        raise Refused(400, f"status: one of {', '.join(STATUSES)} is expected")
    telemetries = _optional(body, "telemetries", dict, {}, "an object")
    for key, value in telemetries.items():
        _check_value(f"telemetries.{shown(key)}", value)
    timestamp = _optional(body, "timestamp", str, None, "a string")
    try:
        if timestamp is not None:
            check_time(timestamp)
    except ValueError as error:
        raise Refused(400, f"timestamp: {error}") from None
    return Message(
        status=status,
        timestamp=timestamp,
        telemetries=telemetries,
        override=_optional(body, "override", bool, False, "true or false"),
        message=_optional(body, "message", str, None, "a string"),
    )


def merge(state: dict[str, Any], message: Message) -> dict[str, Any]:
    """The state after the message, as a new object: null removes a key, `override` all that is not in the message."""
    merged = ({} if message.override else state) | message.telemetries
    merged = {key: value for key, value in merged.items() if value is not None}
    # Last, because the state's `status` is the message's own, whatever a telemetry of that name says.
    return merged | {"status": message.status}


def _optional(body: dict[str, Any], name: str, kind: type, default: Any, expected: str) -> Any:
    value = body.get(name, default)
    if name in body and not isinstance(value, kind):
        raise Refused(400, f"{name}: {expected} is expected")
    return value


def _check_value(name: str, value: object) -> None:
    if isinstance(value, dict | list):
        raise Refused(400, f"{name}: nested values are not allowed")
    if isinstance(value, str):
        if len(value.encode("utf-8")) > MAX_STRING_BYTES:
            raise Refused(400, f"{name}: longer than {MAX_STRING_BYTES} bytes of UTF-8")
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int):
        if not -MAX_INT - 1 <= value <= MAX_INT:
            raise Refused(400, f"{name}: an integer of 32 bits is expected")
    elif isinstance(value, float):
        if not -MAX_FLOAT <= value <= MAX_FLOAT:  # false for NaN as well
            raise Refused(400, f"{name}: a finite number within the range of 32-bit floats is expected")
    else:
        raise Refused(400, f"{name}: a number, boolean, string or null is expected")
