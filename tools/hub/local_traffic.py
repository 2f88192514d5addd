"""LocalHub's helpers for faults, the limit and the last requests."""

from typing import Any

from tools.hub import cloud_traffic
from tools.hub.context import Context


class TrafficHelpers:
    """A part of LocalHub. They raise Refused as the cloud's interface does (400, 404)."""

    def _running(self) -> Context:
        raise NotImplementedError

    def fault(
        self,
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
        asked = {
            "device_id": device_id,
            "method": method,
            "path": path,
            "count": count,
            "seconds": seconds,
            **options,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        return cloud_traffic.fault(self._running(), kind=kind, skip=skip, **given)

    def faults(self) -> list[dict[str, Any]]:
        """The faults that may still come, with what is left of `skip`, `count` and `seconds`."""
        return cloud_traffic.faults(self._running())

    def clear_faults(self, number: int | None = None) -> None:
        """Clear one fault, or all. Requests that are being held up stay so until their time has come."""
        cloud_traffic.clear_faults(self._running(), number)

    def set_rate_limit(self, requests: int | None, device_id: str | None = None) -> None:
        """At most so many requests in 30 s of every device, or of this one in its place; None: any number."""
        cloud_traffic.set_rate_limit(self._running(), requests, device_id)

    def requests(self, device_id: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """The last requests (200 of each device), newest last; see cloud_traffic.requests."""
        return cloud_traffic.requests(self._running(), device_id, after)
