"""Time as the chip has it, run fast: in place of `time`, for every module that imports it.

`ticks_ms` wraps round after 2**30 ms and `ticks_diff` knows of that; the clock is one thing, the world's time another.
"""

import time as _host

PERIOD = 1 << 30
_HALF = PERIOD >> 1
EPOCH_2000 = 946684800

ticks = 0
world_ms = 0  # since 1970
error_ms = 0  # how far the chip's clock is ahead of the world
stepped_ms = 0  # when it was set to another time
epoch = 0  # of the port, as a Unix time
is_narrow = False  # its times have 32 bits
_nap = 1


def begin(start_ticks, world, clock, port_epoch, narrow):
    """A start at the Unix time `world`, while the chip's clock says `clock`."""
    global ticks, world_ms, error_ms, epoch, is_narrow
    is_narrow = narrow
    ticks = start_ticks
    world_ms = world * 1000
    error_ms = (clock - world) * 1000
    epoch = port_epoch


def go_on(ms):
    """So much time passes."""
    global ticks, world_ms, _nap
    ticks = (ticks + ms) % PERIOD
    world_ms += ms
    _nap = 1


def set_rtc(seconds):
    global error_ms, stepped_ms
    was_ms = error_ms
    error_ms = (seconds + epoch) * 1000 - world_ms
    if not -5000 < error_ms - was_ms < 5000:
        stepped_ms = world_ms


def _checked(*values):
    for value in values:
        if type(value) is not int or not 0 <= value < PERIOD:
            raise TypeError("ticks: expected what ticks_ms or ticks_add gave, not %r" % (value,))


def ticks_ms():
    return ticks


def ticks_add(at, ms):
    _checked(at)
    if type(ms) is not int or not -_HALF <= ms < _HALF:
        raise OverflowError("ticks interval overflow")
    return (at + ms) % PERIOD


def ticks_diff(end, start):
    _checked(end, start)
    return (end - start + _HALF) % PERIOD - _HALF


def sleep_ms(ms):
    # The longer nothing else happens, the faster time goes: a day is over after 60 sleeps.
    global _nap
    nap = _nap
    go_on(ms * nap)
    _nap = nap + 1 + (nap >> 2)


def time():
    return (world_ms + error_ms) // 1000 - epoch


def time_ns():
    return (world_ms + error_ms - epoch * 1000) * 1000000


def gmtime(seconds=None):
    if seconds is None:
        seconds = time()
    elif is_narrow and not -0x80000000 <= seconds < 0x80000000:
        raise OverflowError("overflow converting long int to machine word")
    return _host.gmtime(seconds + epoch)


def mktime(moment):
    return _host.mktime(moment) - epoch
