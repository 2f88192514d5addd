"""How long to wait before trying again."""

import random

from micropython import const

_RETRY_AFTER_MOST = const(3600)  # seconds: no server may silence a board for longer


def jittered(low: float, high: float) -> float:
    """Seconds between `low` and `high`, at random, so that boards that failed together do not come back together."""
    return low + (high - low) * random.random()


class Backoff:
    """Waits that double with each failure in a row."""

    def __init__(self, first: int = 5, most: int = 300):
        """`first` and `most`: seconds."""
        self._first = first
        self._most = most
        self._next = first

    def succeeded(self) -> None:
        """The next failure is a first one again."""
        self._next = self._first

    def failed(self, retry_after: int | None = None) -> float:
        """Seconds to wait now: half of it fixed, half at random; not less than the server's `retry_after`."""
        wait = self._next
        self._next = min(wait * 2, self._most)
        seconds = jittered(wait / 2, wait)
        if retry_after:
            least = min(retry_after, _RETRY_AFTER_MOST)
            seconds = max(seconds, jittered(least, least * 1.1))
        return seconds
