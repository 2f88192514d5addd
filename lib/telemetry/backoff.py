"""How long to wait before trying again."""

# At random between two numbers of seconds, so that boards that failed together do not come back together.
from random import uniform as jittered


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
        least = min(retry_after or 0, 3600)  # no server may silence a board for longer than an hour
        return max(jittered(wait / 2, wait), jittered(least, least * 1.1))
