"""What an operator asks of the traffic between devices and hub: faults, the limit, the last requests.

They raise Refused: 400 for a value that is not allowed, 404 for an id that no device has.
"""

from typing import Any

from tools.hub.body import JsonObject, Text, check_fields, json_request
from tools.hub.cloud import find_device
from tools.hub.context import Context, Hub
from tools.hub.errors import Refused
from tools.hub.faults import FaultRequest, fault_schema
from tools.hub.operations import After, cloud_router, operation

router = cloud_router()


def fault(
    hub: Context,
    kind: str,
    device_id: str | None = None,
    method: str | None = None,
    path: str | None = None,
    skip: int = 0,
    count: int | None = None,
    seconds: float | None = None,
    **options: Any,
) -> int:
    """Let requests of devices go wrong; gives the fault's number. faults.FaultRequest says which, and how."""
    asked = {"device_id": device_id, "method": method, "path": path, "count": count, "seconds": seconds, **options}
    given = {name: value for name, value in asked.items() if value is not None}
    return set_fault({"kind": kind, "skip": skip} | given, hub)["number"]


@router.post("/faults", openapi_extra=json_request(fault_schema()))
def set_fault(body: JsonObject, hub: Hub) -> dict[str, int]:
    """Let requests of devices go wrong; gives the fault's `number`."""
    request = check_fields(FaultRequest, body)
    _check_device(hub, request.device_id)
    return {"number": hub.traffic.faults.add(request)}


@operation(router, "GET", "/faults")
def faults(hub: Context) -> list[dict[str, Any]]:
    """The faults that may still come, with what is left of `skip`, `count` and `seconds`."""
    return hub.traffic.faults.all()


def clear_faults(hub: Context, number: int | None = None) -> None:
    """Clear one fault, or all. One that is over already is no error; a number that never was is (404).

    Requests that are being held up stay so until their time has come.
    """
    hub.traffic.faults.clear(number)


@router.delete("/faults")
def clear_all_faults(hub: Hub) -> dict[str, bool]:
    """Clear all faults."""
    clear_faults(hub)
    return {"success": True}


@router.delete("/faults/{number}")
def clear_fault(number: str, hub: Hub) -> dict[str, bool]:
    """Clear a fault."""
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Refused(404, "number: there is no such fault")
    clear_faults(hub, int(number))
    return {"success": True}


@operation(router, "PUT", "/rate_limit")
def set_rate_limit(hub: Context, requests: int | None, device_id: Text | None = None) -> dict[str, Any]:
    """At most so many requests in 30 s of every device, or of this one in its place; none: any number."""
    _check_device(hub, device_id)
    hub.traffic.limits.set(requests, device_id)
    return {"requests": requests, "device_id": device_id}


def requests(hub: Context, device_id: str | None = None, after: int = 0) -> list[dict[str, Any]]:
    """The last requests (200 of each device) whose `seq` is above `after`, newest last; of a deleted device too.

    `seq`, `at` (when it came), `device_id` (by the path), `method`, `path`, `status` (None: broken off), `fault`
    (its kind or None), `ms` (until the answer began).
    """
    return hub.traffic.requests.since(after, device_id)


@router.get("/requests")
def list_requests(hub: Hub, device_id: str | None = None, after: After = 0) -> list[dict[str, Any]]:
    """The last requests (200 of each device) whose `seq` is above `after`, newest last."""
    return requests(hub, device_id, after)


def _check_device(hub: Context, device_id: str | None) -> None:
    if device_id is None:
        return
    with hub.database.transaction() as session:
        find_device(session, device_id, "device_id")
