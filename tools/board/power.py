"""Starts and restarts: reset causes, the watchdog, what the chip says of itself."""

from collections.abc import Callable
from typing import Any

from .chip import Part, integer
from .loop import Loop, Timer

# MicroPython, modmachine.c
CAUSES = {"PWRON_RESET": 1, "HARD_RESET": 2, "WDT_RESET": 3, "DEEPSLEEP_RESET": 4, "SOFT_RESET": 5}
_FREQUENCIES = (20_000_000, 40_000_000, 80_000_000, 160_000_000, 240_000_000)
_HEAP_DATA, _HEAP_EXEC = 4, 1
# total, free, largest free block, lowest free ever: as an ESP32 without SPIRAM shows with Wi-Fi on
_IDF_HEAP = {
    _HEAP_DATA: [(139_264, 61_440, 49_152, 57_344), (16_192, 13_000, 12_800, 12_500)],
    _HEAP_EXEC: [(49_152, 40_000, 36_864, 40_000)],
}


class Power(Part):
    """What `machine` and `esp32` tell about the chip; orders to restart go to `act(order, arguments)`."""

    def __init__(self, mac: bytes, machine: str, filesystem: str, ready: str, act: Callable[..., Any]) -> None:
        self._mac = mac
        self._machine = machine
        self._filesystem = filesystem
        self._ready = ready
        self._act = act
        self._frequency = 160_000_000
        self.cause = "PWRON_RESET"
        self.raw = False
        self.frozen_bytes = 0  # of the image that runs, as rom/esp_frozen.py gets it
        self.celsius = 45.0

    def reset(self) -> None:
        self._frequency = 160_000_000

    def do_start(self) -> dict[str, Any]:
        return {
            "raw": self.raw,
            "machine": self._machine,
            "frozen": self.frozen_bytes,
            "filesystem": self._filesystem,
            "ready": self._ready,
        }

    def do_booting(self) -> None:
        self._act("booting")

    def do_soft_reset(self) -> None:
        self._act("soft_reset")

    def do_reset(self) -> None:
        self._act("reset")

    def do_broken(self) -> None:
        self._act("broken")

    def do_cut(self) -> None:
        self._act("cut")

    def do_deepsleep(self, ms: int) -> None:
        self._act("deepsleep", integer(ms) / 1000)

    def do_reset_cause(self) -> int:
        return CAUSES[self.cause]

    def do_unique_id(self) -> str:
        return self._mac.hex()

    def do_freq(self, *hz: int) -> int | None:
        if not hz:
            return self._frequency
        if integer(hz[0]) not in _FREQUENCIES:
            raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
        self._frequency = hz[0]
        return None

    def do_temperature(self) -> float:
        return self.celsius

    def do_idf_heap(self, capabilities: int) -> list:
        return _IDF_HEAP.get(capabilities, [])


class Watchdog(Part):
    """Once started it cannot be stopped, and lives on over a soft reset. `bite()` is the reset it makes."""

    def __init__(self, loop: Loop, bite: Callable[[], Any]) -> None:
        self._loop = loop
        self._bite = bite
        self._seconds = 0.0
        self.scale = 1.0  # how many times shorter than told it waits
        self._timer: Timer | None = None

    def reset(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def do_start(self, number: int, timeout_ms: int) -> None:
        if number != 0:
            raise ValueError(f"there is no watchdog {number}")
        if integer(timeout_ms) <= 0:
            raise ValueError("WDT timeout too short")
        if timeout_ms >= 2**32:
            raise ValueError("WDT timeout too long")
        self._seconds = timeout_ms / 1000
        self._start()

    def do_feed(self) -> None:
        if self._timer is None:
            raise RuntimeError("the watchdog was not started")
        self._start()

    def _start(self) -> None:
        self.reset()
        self._timer = self._loop.after(self._seconds / self.scale, self._bite)
