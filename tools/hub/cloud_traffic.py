"""What an operator asks of the traffic between devices and hub: faults, the limit, the last requests.

They raise Refused: 400 for a value that is not allowed, 404 for an id that no device has.
"""

from typing import Any

from tools.hub.body import check_fields
from tools.hub.context import Context
from tools.hub.db import Device
from tools.hub.errors import Refused
from tools.hub.faults import FaultRequest


def fault(hub: Context, **asked: Any) -> int:
    """Set a fault, of the fields of FaultRequest; gives its number."""
    request = check_fields(FaultRequest, asked)
    _check_device(hub, request.device_id)
    return hub.traffic.faults.add(request)


def faults(hub: Context) -> list[dict[str, Any]]:
    """The faults that may still come, with what is left of `skip`, `count` and `seconds`."""
    return hub.traffic.faults.all()


def clear_faults(hub: Context, number: int | None = None) -> None:
    """Clear one fault, or all. One that is over already is no error; a number that never was is (404)."""
    hub.traffic.faults.clear(number)


def set_rate_limit(hub: Context, requests: int | None, device_id: str | None = None) -> None:
    """At most so many requests in 30 s of every device, or of this one; None: any number."""
    _check_device(hub, device_id)
    hub.traffic.limits.set(requests, device_id)


def requests(hub: Context, device_id: str | None = None, after: int = 0) -> list[dict[str, Any]]:
    """The last requests (200 of each device) whose `seq` is above `after`, newest last; of a deleted device too.

    `seq`, `at` (when it came), `device_id` (by the path), `method`, `path`, `status` (None: broken off), `fault`
    (its kind or None), `ms` (until the answer began).
    """
    return hub.traffic.requests.since(after, device_id)


def _check_device(hub: Context, device_id: str | None) -> None:
    if device_id is None:
        return
    with hub.database.transaction() as session:
        if session.get(Device, device_id) is None:
            raise Refused(404, "device_id: there is no such device")
