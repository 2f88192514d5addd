"""What one hub knows of the requests of its devices: the last ones, the limit, and the faults that were asked for.

In memory: it ends with the hub.
"""

import asyncio
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tools.hub.faults import Faults
from tools.hub.limits import RateLimits

KEPT = 200  # requests of each device
_DEVICES = 500  # for which they are kept: anybody may make up ids


class RequestLog:
    """The last requests of each device; under None those that are no device's, as a registration. For any thread.

    `on_request` is told of each.
    """

    def __init__(self, on_request: Callable[[dict[str, Any]], object] = lambda _: None) -> None:
        self._seq = 0
        self._kept: OrderedDict[str | None, deque[dict[str, Any]]] = OrderedDict()
        self._lock = threading.Lock()
        self._on_request = on_request

    def add(self, device_id: str | None, **entry: Any) -> None:
        """Keep an entry under the next `seq`."""
        with self._lock:
            self._seq += 1
            record = {"seq": self._seq, "device_id": device_id} | entry
            self._kept.setdefault(device_id, deque(maxlen=KEPT)).append(record)
            self._kept.move_to_end(device_id)
            if len(self._kept) > _DEVICES:
                self._kept.popitem(last=False)
        self._on_request(record)

    def since(self, after: int = 0, device_id: str | None = None) -> list[dict[str, Any]]:
        """Those whose `seq` is above `after`, newest last: of a device, or of all."""
        with self._lock:
            kept = self._kept.values() if device_id is None else [self._kept.get(device_id, deque())]
            found = [entry.copy() for entries in kept for entry in entries if entry["seq"] > after]
        return sorted(found, key=lambda entry: entry["seq"])

    def latest(self, count: int) -> list[dict[str, Any]]:
        """The last ones of each device, newest last."""
        with self._lock:
            found = [entry.copy() for entries in self._kept.values() for entry in list(entries)[-count:]]
        return sorted(found, key=lambda entry: entry["seq"])


@dataclass(frozen=True)
class Traffic:
    """One hub's. `stopping` is set when the hub stops, so that nothing sleeps on."""

    limits: RateLimits = field(default_factory=RateLimits)
    faults: Faults = field(default_factory=Faults)
    requests: RequestLog = field(default_factory=RequestLog)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
