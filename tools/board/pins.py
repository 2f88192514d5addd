"""GPIO: modes, pulls and levels, the LED, the BOOT button."""

from collections.abc import Callable
from typing import Any

from .chip import Part, integer

LED = 2
BOOT = 0

# ESP32 Technical Reference Manual, "IO_MUX and GPIO matrix": the numbers that have a pad; 6 to 11 drive the flash.
_PINS = frozenset([*range(6), *range(12, 20), *range(21, 24), *range(25, 28), *range(32, 40)])
_INPUT_ONLY = frozenset(range(34, 40))
_IN, _OUT, _OPEN_DRAIN = 1, 3, 7
_PULL_DOWN, _PULL_UP = 1, 2


class Pins(Part):
    """Pins keep mode and level over a soft reset, not over a hard one. `on_led(bool)` hears of each change."""

    def __init__(self, on_led: Callable[[bool], Any]) -> None:
        self._on_led = on_led
        self._outside: dict[int, int] = {}
        self._modes: dict[int, int] = {}
        self._pulls: dict[int, int] = {}
        self._out: dict[int, int] = {}

    def reset(self) -> None:
        self._modes.clear()
        self._pulls.clear()
        was_lit = self.level(LED)
        self._out.clear()
        if was_lit:
            self._on_led(False)

    def drive(self, pin: int, level: int | None) -> None:
        """Put a pin to 0 or 1 from outside the board; None lets go of it."""
        _check(pin)
        if level is None:
            self._outside.pop(pin, None)
        else:
            self._outside[pin] = int(bool(level))

    def level(self, pin: int) -> int:
        """What a voltmeter at the pin would show: 0 or 1."""
        _check(pin)
        if self._modes.get(pin) in (_OUT, _OPEN_DRAIN) and (self._modes[pin] == _OUT or not self._out.get(pin, 0)):
            return self._out.get(pin, 0)
        if pin in self._outside:
            return self._outside[pin]
        # A devkit pulls GPIO0 up, so that BOOT reads 1 when not pressed.
        return int(pin == BOOT or self._pulls.get(pin) == _PULL_UP)

    def do_init(self, pin: int, mode: int, pull: int | None, value: int | None) -> None:
        _check(pin)
        if mode not in (-1, None, _IN, _OUT, _OPEN_DRAIN):
            raise ValueError("invalid pin mode")
        if pull not in (-1, None, _PULL_DOWN, _PULL_UP):
            raise ValueError("invalid pull")
        if pin in _INPUT_ONLY and mode in (_OUT, _OPEN_DRAIN):
            raise ValueError("pin can only be input")
        if pin in _INPUT_ONLY and pull in (_PULL_DOWN, _PULL_UP):
            raise ValueError("pins 34 to 39 have no pull resistors")
        was = self.level(LED)
        if value is not None:
            self._out[pin] = int(value)
        if mode not in (-1, None):
            self._modes[pin] = mode
        if pull != -1:
            self._pulls[pin] = pull or 0
        self._led_changed(was)

    def do_set(self, pin: int, level: int) -> None:
        _check(pin)
        if self._modes.get(pin) not in (_OUT, _OPEN_DRAIN):
            raise RuntimeError(f"GPIO{pin} is not an output: Pin({pin}, Pin.OUT)")
        was = self.level(LED)
        self._out[pin] = int(level)
        self._led_changed(was)

    def do_get(self, pin: int) -> int:
        return self.level(pin)

    def _led_changed(self, was: int) -> None:
        if self.level(LED) != was:
            self._on_led(bool(self.level(LED)))


def _check(pin: int) -> None:
    if integer(pin, "pin") not in _PINS:
        raise ValueError("invalid pin")
