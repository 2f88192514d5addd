# ruff: noqa: F401 - the names are for the program on the board
# The ESP32's epoch is 2000, and its clock is the chip's: what the RTC was set to, 2000-01-01 at power-on.
import time as _native
from time import sleep, sleep_ms, sleep_us, ticks_add, ticks_cpu, ticks_diff, ticks_ms, ticks_us

from esp_chip import call as _call

_EPOCH = 946684800  # 2000-01-01 in Unix time
_offset_ns = _call("rtc.offset")  # the chip's clock less the host's


def time_ns():
    return _native.time_ns() + _offset_ns - _EPOCH * 1000000000


def time():
    return time_ns() // 1000000000


def gmtime(seconds=None):
    if seconds is None:
        seconds = time()
    elif not isinstance(seconds, int):
        raise TypeError("can't convert %s to int" % type(seconds).__name__)
    return tuple(_native.gmtime(seconds + _EPOCH)[:8])


localtime = gmtime


def mktime(value):
    if len(value) not in (8, 9):
        raise TypeError("mktime needs a tuple of length 8 or 9 (%d given)" % len(value))
    return int(_native.mktime(tuple(value[:8]) + (0,))) - _EPOCH
