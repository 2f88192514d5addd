"""The RTC of the chip, and the world's time as NTP gives it."""

import datetime
import errno
import fnmatch
import time
from collections.abc import Callable

from .chip import Part, integer

EPOCH_2000 = 946684800  # 2000-01-01 in Unix time
_RTC_MEMORY_BYTES = 2048
_SERVERS = ("*pool.ntp.org", "time.google.com", "time.cloudflare.com", "time.nist.gov")
_NO_SUCH_HOST = -202  # lwIP's EAI_FAIL, as getaddrinfo gives it on the ESP32


class Rtc(Part):
    """The real-time clock: 2000-01-01 at power-on, kept over every reset. Counted as an offset to the host's clock."""

    def __init__(self) -> None:
        self.offset_ns = 0
        self._memory = ""

    def power_on(self) -> None:
        self.offset_ns = EPOCH_2000 * 10**9 - time.time_ns()
        self._memory = ""

    def do_offset(self) -> int:
        return self.offset_ns

    def do_get(self) -> tuple:
        ns = time.time_ns() + self.offset_ns
        now = datetime.datetime.fromtimestamp(ns // 10**9, datetime.UTC)
        us = ns % 10**9 // 1000
        return (now.year, now.month, now.day, now.weekday(), now.hour, now.minute, now.second, us)

    def do_set(self, value: list) -> int:
        """Year, month, day, weekday (not looked at), hour, minute, second, microsecond; gives the new offset."""
        if len(value) != 8:
            raise ValueError(f"requested length 8 but object has length {len(value)}")
        year, month, day, _, hour, minute, second, us = (integer(it) for it in value)
        if not 2000 <= year <= 2099:
            raise ValueError(f"year {year} is not from 2000 to 2099")
        moment = datetime.datetime(year, month, day, hour, minute, second, us, datetime.UTC)
        whole = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        ns = (whole.days * 86400 + whole.seconds) * 10**9 + us * 1000
        self.offset_ns = ns - time.time_ns()
        return self.offset_ns

    def do_get_memory(self) -> str:
        return self._memory

    def do_set_memory(self, data: str) -> None:
        if len(data) > 2 * _RTC_MEMORY_BYTES:
            raise ValueError("buffer too long")
        self._memory = data


class Ntp(Part):
    """The time servers of the world. No packet leaves the machine.

    `servers` are names, with `*` for any part, that answer; None: nobody answers.
    """

    def __init__(self, connected: Callable[[], bool]) -> None:
        self._connected = connected
        self.servers: tuple[str, ...] | None = _SERVERS
        self.offset_s = 0.0

    def now(self) -> float:
        """The world's time, Unix seconds."""
        return time.time() + self.offset_s

    def set(self, unix_seconds: float) -> None:
        """From now on it is `unix_seconds` in the world, and goes on from there."""
        self.offset_s = unix_seconds - time.time()

    def do_time(self, host: str, timeout: float) -> int:
        if not self._connected():
            raise OSError(_NO_SUCH_HOST)
        if self.servers is None:
            raise OSError(errno.ETIMEDOUT)
        if not any(fnmatch.fnmatchcase(str(host), name) for name in self.servers):
            raise OSError(_NO_SUCH_HOST)
        return int(self.now()) - EPOCH_2000
