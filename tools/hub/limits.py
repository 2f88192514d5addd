"""How many requests a device may send in 30 s, over all of its endpoints. Device API, errors and limits."""

import math
import threading
from collections import deque

from tools.hub.errors import Refused

WINDOW_S = 30.0
MAX_REQUESTS = 1_000_000
_SWEEP_ABOVE = 1000


class RateLimits:
    """The limits of one hub and what was counted so far. None stands for no limit. For any thread."""

    def __init__(self, requests: int | None = None) -> None:
        self._general = _check(requests)
        self._own: dict[str, int | None] = {}
        self._counted: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def set(self, requests: int | None, device_id: str | None = None) -> None:
        """At most so many requests for every device, or for this one in place of what holds for every device.

        Raises Refused (400).
        """
        _check(requests)
        with self._lock:
            if device_id is None:
                self._general = requests
            else:
                self._own[device_id] = requests

    def wait_s(self, device_id: str, now: float) -> int | None:
        """None: the request may pass, and is counted. Else the whole seconds after which the next one may.

        `now` is in seconds. What is refused is not counted: who waits as long as it was told to is let in.
        """
        with self._lock:
            limit = self._own.get(device_id, self._general)
            if limit is None:
                return None
            if len(self._counted) > _SWEEP_ABOVE:  # anybody may make up ids
                self._counted = {key: times for key, times in self._counted.items() if now - times[-1] < WINDOW_S}
            times = self._counted.setdefault(device_id, deque())
            # A clock that was set back must not lock a device out.
            while times and not 0 <= now - times[0] < WINDOW_S:
                times.popleft()
            if len(times) < limit:
                times.append(now)
                return None
            free_at = times[len(times) - limit] + WINDOW_S
            return max(1, math.ceil(free_at - now))


def _check(requests: int | None) -> int | None:
    if requests is not None and (not isinstance(requests, int) or not 0 < requests <= MAX_REQUESTS):
        raise Refused(400, f"requests: 1 to {MAX_REQUESTS} are expected, or none for no limit")
    return requests
