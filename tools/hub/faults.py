"""Faults on request: which requests of devices are to go wrong, and how. Decides only; fault_layer.py acts.

No socket is touched here, so that the choice can be followed: a fault takes the requests that fit it, in the order in
which faults were set; the first that takes a request is the only one that it meets.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tools.hub.body import Text, optional
from tools.hub.errors import Refused
from tools.hub.telemetry import MAX_INT

Kind = Literal[
    "refuse",
    "reset",
    "lose",
    "drop",
    "cut",
    "delay",
    "stall",
    "slow",
    "status",
    "garbage",
    "wrong_types",
    "null_fields",
    "empty",
    "corrupt",
]
_NEEDED = {
    "drop": "bytes",
    "cut": "bytes",
    "delay": "delay",
    "stall": "delay",
    "slow": "rate",
    "status": "status",
    "corrupt": "offset",
}
_POSSIBLE = {"status": {"retry_after"}}
_OPTIONS = ("bytes", "delay", "rate", "status", "retry_after", "offset")
_MAX_SECONDS = 86_400.0


Method = Annotated[str, StringConstraints(pattern="^[A-Za-z]{1,20}$", to_upper=True)]


class FaultRequest(BaseModel):
    """What is to go wrong.

    Which requests: of the device `device_id` (none: of everybody, registration and downloads included), with this
    `method`, whose path ends with `path`; a `path` with `*` in it is compared with the whole path, and `*` stands for
    anything but a slash. `skip` of them pass first; then the fault is for `count` of them, or for `seconds`, whichever
    ends first, or until it is cleared.

    What happens, by `kind` (where it says so, the hub acts on the request although its device cannot know):

    refuse       the connection is closed without an answer
    reset        the same with a TCP RST
    lose         acted on; the connection is closed without an answer
    drop         acted on; the answer breaks off after `bytes` bytes, its head counted
    cut          acted on; the answer breaks off after `bytes` bytes of its body
    delay        acted on after `delay` seconds, even if the device has gone away meanwhile
    stall        acted on; the answer comes `delay` seconds later
    slow         acted on; the answer's body comes little by little, `rate` bytes a second
    status       an error `status`, with Retry-After if there is `retry_after` (seconds)
    garbage      200, with bytes that are no JSON
    wrong_types  acted on; each field of the JSON reply is of another type
    null_fields  acted on; each field of the JSON reply is null
    empty        200, with no body
    corrupt      acted on; in the answer's body the byte at `offset`, from 0, is another, if there is one
    """

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    kind: Kind
    device_id: Text = optional()
    method: Method = optional()
    path: Text = optional()
    skip: int = Field(default=0, ge=0, le=MAX_INT)
    count: int = optional(ge=1, le=MAX_INT)
    seconds: float = optional(gt=0, le=_MAX_SECONDS)
    bytes: int = optional(ge=0, le=MAX_INT)
    delay: float = optional(ge=0, le=_MAX_SECONDS)
    rate: int = optional(ge=1, le=MAX_INT)
    status: int = optional(ge=400, le=599)
    retry_after: int = optional(ge=0, le=MAX_INT)
    offset: int = optional(ge=0, le=MAX_INT)

    @model_validator(mode="after")
    def _has_its_options(self) -> "FaultRequest":
        needed = _NEEDED.get(self.kind)
        for option in _OPTIONS:
            given = getattr(self, option) is not None
            if option == needed and not given:
                raise ValueError(f"{option}: required for {self.kind}")
            if given and option != needed and option not in _POSSIBLE.get(self.kind, ()):
                raise ValueError(f"{option}: not for {self.kind}")
        return self


def fault_schema() -> dict[str, Any]:
    """The JSON schema of a FaultRequest: each kind with its own options."""
    whole = FaultRequest.model_json_schema()
    fields = {name: field for name, field in whole["properties"].items() if name not in _OPTIONS}
    one_of = []
    for kind in get_args(Kind):
        needed = [_NEEDED[kind]] if kind in _NEEDED else []
        own = {name: whole["properties"][name] for name in (*needed, *_POSSIBLE.get(kind, ()))}
        properties = fields | own | {"kind": {"const": kind}}
        one_of.append(
            {
                "type": "object",
                "properties": properties,
                "required": ["kind", *needed],
                "additionalProperties": False,
            }
        )
    return {"description": whole["description"], "oneOf": one_of}


@dataclass
class Fault:
    """A fault that was set. `skip` and `count` count down; `until` is by the clock of its Faults."""

    number: int
    asked: FaultRequest
    skip: int
    count: int | None
    until: float | None

    def fits(self, device_id: str | None, method: str, path: str) -> bool:
        asked = self.asked
        return (
            asked.device_id in (None, device_id)
            and asked.method in (None, method)
            and (asked.path is None or _path_fits(asked.path, path))
        )

    def public(self, now: float) -> dict[str, Any]:
        """Its number, what it was asked for, and of `skip`, `count` and `seconds` what is left."""
        left = {"skip": self.skip, "count": self.count}
        seconds = None if self.until is None else round(max(0.0, self.until - now), 3)
        return {"number": self.number} | self.asked.model_dump() | left | {"seconds": seconds}


def _path_fits(asked: str, path: str) -> bool:
    if "*" not in asked:
        return path.endswith(asked)
    return re.fullmatch("[^/]*".join(re.escape(part) for part in asked.split("*")), path) is not None


class Faults:
    """The faults of one hub, numbered from 1. `clock` counts seconds. For any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._faults: dict[int, Fault] = {}
        self._last = 0
        self._lock = threading.Lock()

    def add(self, asked: FaultRequest) -> int:
        """Set a fault; gives its number."""
        until = None if asked.seconds is None else self._clock() + asked.seconds
        with self._lock:
            self._last += 1
            self._faults[self._last] = Fault(self._last, asked, asked.skip, asked.count, until)
            return self._last

    def take(self, device_id: str | None, method: str, path: str) -> Fault | None:
        """The fault that a request meets, counted as met; None if all goes well."""
        if not self._faults:
            return None
        with self._lock:
            self._forget_old()
            for fault in self._faults.values():
                if not fault.fits(device_id, method, path):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.count is not None:
                    fault.count -= 1
                    if not fault.count:
                        del self._faults[fault.number]
                return fault
        return None

    def all(self) -> list[dict[str, Any]]:
        """Those that may still come, in the order in which they were set."""
        with self._lock:
            self._forget_old()
            return [fault.public(self._clock()) for fault in self._faults.values()]

    def clear(self, number: int | None = None) -> None:
        """Clear one or all; one that is over is no error. Raises Refused (404) for a number that never was."""
        with self._lock:
            if number is None:
                self._faults.clear()
            elif not 0 < number <= self._last:
                raise Refused(404, "number: there is no such fault")
            else:
                self._faults.pop(number, None)

    def _forget_old(self) -> None:
        now = self._clock()
        self._faults = {n: fault for n, fault in self._faults.items() if fault.until is None or fault.until > now}
