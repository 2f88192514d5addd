"""Time: is the clock set, NTP, ISO 8601, how long the board is up, and how long to wait before trying again."""

import time

# `jittered` is at random between two numbers of seconds, so that boards that failed together do not return together.
from random import uniform as jittered
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

EARLIEST = const(2025)  # the year of a clock that was set
NEVER = const(0x3FFFFFFF)  # as an uptime: in 34 years


def backoff(failures: int, first: int = 5, most: int = 300, retry_after: int | None = None) -> float:
    """Seconds to wait after so many failures in a row, from 1 on: `first`, doubled with each up to `most`.

    Half of it is fixed, half at random; it is not less than the server's `retry_after`.
    """
    wait = min(first << min(failures, 16) - 1, most)
    least = min(retry_after or 0, 3600)  # no server may silence a board for longer than an hour
    return max(jittered(wait / 2, wait), jittered(least, least * 1.1))


def apart(interval: float, most: int) -> float:
    """Seconds, at random, to wait with a message that all boards of a building would send now: at most half of the
    `interval` between two, so that it is not the next one, and at most `most`. What is apart then stays so."""
    return jittered(0, min(most, interval / 2))


class Clock:
    """UTC, once it is known, and seconds always.

    Uptimes are whole: a float of 32 bits, as on the chip, has no room for half seconds after 97 days, nor for ten
    seconds after three years.
    """

    def __init__(self, servers=(), ntp=None, set_rtc=None):
        """`servers`: NTP host names, asked in turn. `ntp`: a module like `ntptime`. `set_rtc(seconds)` sets the chip's
        clock to a time in the port's epoch."""
        self.servers = servers
        self.ntp = ntp
        self.set_rtc = set_rtc
        self._uptime = 0
        self._counted_ms = ticks_ms()  # up to here
        self.failures = 0  # of `duties.sync`, in a row
        # Seconds by which a server said that the clock is wrong, and was not believed; None: any would be.
        self.leap: int | None = None
        # When to ask a server: after a start, then once a day, sooner after a failure.
        self.sync_at = NEVER if ntp is None else 0
        self.is_sure = False  # a server has set it since the start
        self.quiet_until = 0  # as an uptime: the hub asked for silence
        self.at_least = ""  # a timestamp: it cannot be earlier than that

    def network_returned(self) -> None:
        """The reason of the last failure may be gone: no need to wait."""
        if self.failures:
            self.sync_at = 0

    def hush(self, seconds: float) -> None:
        """The hub asked for silence: for everything, whatever the network does meanwhile."""
        self.quiet_until = self.uptime() + int(seconds) + 1

    def known(self) -> str:
        """Now, as `timestamp` has it, or, unless a server has set the clock, the latest time that is surely over; "" if
        there is none. A server that lied once is forgotten with its next answer: what it said is not over."""
        now = self.timestamp() or ""
        return now if now and self.is_sure else max(now, self.at_least)

    def timestamp(self, ago_ms: int = 0) -> str | None:
        """Now, or `ago_ms` ago, as `2021-08-04T07:45:44.122Z`; None while the clock is not set."""
        now = time.time_ns() // 1000000 - ago_ms  # not a float: 32 bits of it have no room for milliseconds
        utc = utc_of(now // 1000)
        return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (utc[:6] + (now % 1000,)) if utc else None

    def uptime_ms(self) -> int:
        """The same in milliseconds, for the time of a sample."""
        return self.uptime() * 1000 + ticks_diff(ticks_ms(), self._counted_ms)

    def uptime(self) -> int:
        """Seconds since this object was made; what longer waits count in. Ask at least once in 6 days: ticks wrap
        round after 12."""
        passed = ticks_diff(ticks_ms(), self._counted_ms) // 1000
        if passed:
            self._uptime += passed
            self._counted_ms = ticks_add(self._counted_ms, passed * 1000)
        return self._uptime


def utc_of(seconds: int) -> tuple | None:
    """A time in the port's epoch (1970, or 2000 on many boards: it is of no matter) as time.gmtime gives it.

    None before 2025 and from 2100 on: a clock that was never set, or a server that lies.
    """
    try:
        utc = time.gmtime(seconds)
    except OverflowError:  # ports whose times have 32 bits
        return None
    return utc if EARLIEST <= utc[0] < 2100 else None
