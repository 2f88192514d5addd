# ruff: noqa: F401, RET503 - the names are for the program on the board
import time

import esp_chip
import machine as _native
from esp_chip import call as _call
from machine import PinBase as _PinBase
from machine import Signal, idle

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5


class Pin(_PinBase):
    IN, OUT, OPEN_DRAIN = 1, 3, 7
    PULL_DOWN, PULL_UP = 1, 2
    IRQ_RISING, IRQ_FALLING = 1, 2

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        if isinstance(id, Pin):
            id = id._id
        elif not isinstance(id, int):
            raise ValueError("invalid pin")
        self._id = id
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None):
        _call("pin.init", self._id, mode, pull, value if value is None else bool(value))

    def value(self, *value):
        if value:
            (level,) = value
            _call("pin.set", self._id, bool(level))
        else:
            return _call("pin.get", self._id)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(not self.value())

    def irq(self, *args, **kwargs):
        raise NotImplementedError("the virtual board has no pin interrupts: read the pin")

    def __repr__(self):
        return "Pin(%d)" % self._id


class WDT:
    def __init__(self, id=0, timeout=5000):
        _call("wdt.start", id, timeout)

    def feed(self):
        _call("wdt.feed")


class RTC:
    def __init__(self):
        pass

    def datetime(self, *value):
        if not value:
            return tuple(_call("rtc.get"))
        (value,) = value
        _set_offset(_call("rtc.set", list(value)))

    def init(self, value):
        self.datetime(value)

    def memory(self, *data):
        if not data:
            return bytes.fromhex(_call("rtc.get_memory"))
        (data,) = data
        _call("rtc.set_memory", esp_chip.hexed(data.encode() if isinstance(data, str) else data))


def _set_offset(ns):
    import time as _time

    _time._offset_ns = ns


def reset():
    esp_chip.die("power.reset")


def soft_reset():
    raise SystemExit


def deepsleep(time_ms=0):
    esp_chip.die("power.deepsleep", time_ms)


def lightsleep(time_ms):
    time.sleep_ms(time_ms)


def reset_cause():
    return _call("power.reset_cause")


def unique_id():
    return bytes.fromhex(_call("power.unique_id"))


def freq(*hz):
    return _call("power.freq", *hz)


def disable_irq():
    return 0


def enable_irq(state):
    pass
