"""Time: is the clock set, NTP, ISO 8601, and the milliseconds that waiting counts in.

The epoch of the port (1970, or 2000 on many boards) is found by asking what its second 0 is, never assumed.
"""

import time

from micropython import const

from .backoff import Backoff
from .errors import NetworkError, described

try:
    from time import sleep_ms, ticks_add, ticks_diff, ticks_ms
except ImportError:  # CPython

    def ticks_ms():
        return time.monotonic_ns() // 1000000  # type: ignore[attr-defined]

    def ticks_add(ticks, delta):  # type: ignore[misc]
        return ticks + delta

    def ticks_diff(end, start):  # type: ignore[no-redef]
        return end - start

    def sleep_ms(ms):  # type: ignore[misc]
        time.sleep(ms / 1000)


_SECONDS_1970_TO_2000 = const(946684800)
# Seconds since 1970. Before: a clock that was never set, or a server that lies. After: the same.
_EARLIEST = const(1735689600)  # 2025-01-01
_LATEST = const(4102444800)  # 2100-01-01
_SYNC_AGAIN = const(24 * 3600)  # seconds; the chip's oscillator drifts by seconds a day


def unix_offset() -> int:
    """Seconds to add to the port's time to count from 1970."""
    return _SECONDS_1970_TO_2000 if time.gmtime(0)[0] == 2000 else 0


class Clock:
    """UTC, once it is known, and ticks always."""

    def __init__(self, servers=(), ntp=None, set_rtc=None):
        """`servers`: NTP host names, asked in turn. `ntp`: a module like `ntptime`. `set_rtc(seconds)` sets the chip's
        clock to a time in the port's epoch."""
        self._servers = servers
        self._ntp = ntp
        self._set_rtc = set_rtc
        self._offset = unix_offset()
        self._seen_ms = ticks_ms()
        self._uptime_ms = 0
        self._sync_at = 0.0  # uptime
        self._failed = False
        self._backoff = Backoff(30, 3600)  # each server that does not answer takes a second or more

    def is_set(self) -> bool:
        """Whether the time of day is believable."""
        return _EARLIEST <= time.time() + self._offset < _LATEST

    def needs_sync(self) -> bool:
        """Whether it is time to ask a server: after a start, then once a day, sooner after a failure."""
        lost = not self._failed and not self.is_set()
        return self._ntp is not None and (lost or self.uptime() >= self._sync_at)

    def network_returned(self) -> None:
        """The reason of the last failure may be gone: no need to wait."""
        if self._failed:
            self._sync_at = 0.0

    def sync(self, progress=lambda: None) -> str:
        """Sets the clock by the first server that answers sensibly, and gives its name. Raises NetworkError with what
        each said. `progress()` is called before each server is asked."""
        said = []
        for server in self._servers:
            progress()
            self._ntp.host = server
            try:
                seconds = self._ntp.time()
            except Exception as error:  # ntptime raises OSError, IndexError or what the socket module likes
                said.append("%s: %s" % (server, described(error)))
                continue
            if _EARLIEST <= seconds + self._offset < _LATEST:
                self._set_rtc(seconds)
                self._backoff.succeeded()
                self._failed = False
                self._sync_at = self.uptime() + _SYNC_AGAIN
                return server
            said.append("%s: %d is no time of this century" % (server, seconds))
        self._failed = True
        self._sync_at = self.uptime() + self._backoff.failed()
        raise NetworkError("NTP: " + ("; ".join(said) or "no server is set"))

    def timestamp(self) -> str | None:
        """Now, as `2021-08-04T07:45:44.122Z`; None while the clock is not set."""
        if not self.is_set():
            return None
        now = time.time_ns() // 1000000  # not a float: 32 bits of it have no room for milliseconds
        return iso8601(now // 1000, now % 1000)

    def uptime(self) -> int:
        """Seconds since this object was made; what longer waits count in. Ask at least once in 6 days: ticks wrap
        round after 12."""
        now = ticks_ms()
        self._uptime_ms += ticks_diff(now, self._seen_ms)
        self._seen_ms = now
        return self._uptime_ms // 1000


def iso8601(seconds: int, ms: int = 0) -> str:
    """A time in the port's epoch as `2021-08-04T07:45:44.122Z`."""
    return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (tuple(time.gmtime(seconds)[:6]) + (ms,))
