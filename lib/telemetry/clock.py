"""Time: is the clock set, NTP, ISO 8601, and how long the board is up."""

import time
from time import ticks_add, ticks_diff, ticks_ms

from .backoff import Backoff
from .errors import NetworkError, described


class Clock:
    """UTC, once it is known, and seconds always."""

    def __init__(self, servers=(), ntp=None, set_rtc=None):
        """`servers`: NTP host names, asked in turn. `ntp`: a module like `ntptime`. `set_rtc(seconds)` sets the chip's
        clock to a time in the port's epoch."""
        self._servers = servers
        self._ntp = ntp
        self._set_rtc = set_rtc
        self._uptime = 0
        self._counted_ms = ticks_ms()  # up to here
        self._sync_at: float = 0  # uptime
        self._failed = False
        self._backoff = Backoff(30, 300)  # each server that does not answer takes a second or more

    def is_set(self) -> bool:
        """Whether the time of day is believable."""
        return _utc(time.time()) is not None

    def needs_sync(self) -> bool:
        """Whether it is time to ask a server: after a start, then once a day, sooner after a failure."""
        return self._ntp is not None and self.uptime() >= self._sync_at

    def network_returned(self) -> None:
        """The reason of the last failure may be gone: no need to wait."""
        if self._failed:
            self._sync_at = 0

    def sync(self, progress) -> str:
        """Sets the clock by the first server that answers sensibly, and gives its name. Raises NetworkError with what
        each said. `progress()` is called before each server is asked."""
        said = "NTP:"
        for server in self._servers:
            progress()
            self._ntp.host = server
            try:
                seconds = self._ntp.time()
                if not _utc(seconds):
                    raise ValueError("%d is no time of this century" % seconds)
            except Exception as error:  # ntptime raises OSError, IndexError or what the socket module likes
                said += " %s (%s)" % (server, described(error))
                continue
            self._set_rtc(seconds)
            self._backoff.succeeded()
            self._failed = False
            self._sync_at = self.uptime() + 24 * 3600  # the chip's oscillator drifts by seconds a day
            return server
        self._failed = True
        self._sync_at = self.uptime() + self._backoff.failed()
        raise NetworkError(said)

    def timestamp(self) -> str | None:
        """Now, as `2021-08-04T07:45:44.122Z`; None while the clock is not set."""
        now = time.time_ns() // 1000000  # not a float: 32 bits of it have no room for milliseconds
        utc = _utc(now // 1000)
        return utc and "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (utc[:6] + (now % 1000,))

    def uptime(self) -> int:
        """Seconds since this object was made; what longer waits count in. Ask at least once in 6 days: ticks wrap
        round after 12."""
        passed = ticks_diff(ticks_ms(), self._counted_ms) // 1000
        if passed:
            self._uptime += passed
            self._counted_ms = ticks_add(self._counted_ms, passed * 1000)
        return self._uptime


def _utc(seconds):
    # A time in the port's epoch (1970, or 2000 on many boards: it is of no matter) as time.gmtime gives it. None before
    # 2025 and from 2100 on: a clock that was never set, or a server that lies.
    utc = time.gmtime(seconds)
    return utc if 2025 <= utc[0] < 2100 else None
