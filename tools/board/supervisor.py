"""What keeps the board going: power, starts and restarts, and who is told when something happens."""

import time
from collections.abc import Callable
from typing import Any

from .bootloader import Bootloader
from .chip import Chip, Part
from .clock import Ntp, Rtc
from .console import Console, Cooker
from .flash import LINK_UP, FlashImage, PowerCut
from .image import chip_of, romfs
from .loop import Loop, Timer
from .micropython import ROM
from .nvs import Nvs
from .partitions import Partitions
from .pins import Pins
from .power import Power, Watchdog
from .process import Interpreter
from .serial_port import SerialPort
from .wlan import Air, Wlan

_READY = "\x1e(the virtual board is ready)\x1e"
_SHIM_BYTES = 57 * 1024 + 256  # heap that rom/ itself takes (measured), so that a program gets what was asked for
_FROZEN_SHIM_BYTES = 3 * 1024  # rom/esp_frozen.py ...
_FROZEN_SHARE = 80  # ... beside what is frozen, of which the collector's tables take another 80th
_CRASH_LOOP_S = 1.0
# A soft reset is none of the chip; from deep sleep it starts what ran (CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP).
_NO_BOOT = ("SOFT_RESET", "DEEPSLEEP_RESET")
_RST = {
    "PWRON_RESET": "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)",
    "DEEPSLEEP_RESET": "rst:0x5 (DEEPSLEEP_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)",
}
_RST_SOFTWARE = "rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)"
_BITTEN = "E (%d) task_wdt: Task watchdog got triggered. The following tasks did not reset the watchdog in time:\n"
_PANIC = "Guru Meditation Error: Core 0 panic'ed (%s)\n"


class Supervisor:
    """Owns the loop, the chip, the serial port and the interpreter. All methods but `__init__` and `close` belong to
    the loop's thread: `loop.call(...)`.
    """

    def __init__(
        self,
        command: Callable[[int], list[str]],
        flash: FlashImage,
        filesystem: str,
        machine: str,
        mac: bytes,
        air: Air,
        console: Console,
        on_led: Callable[[bool], Any],
    ) -> None:
        self._command = command
        self._flash = flash
        self._console = console
        self._interpreter: Interpreter | None = None
        self._sleep: Timer | None = None
        self._started_at = self._powered_at = 0.0
        self._crashes = 0
        self.powered = False
        self.reset_causes: list[str] = []
        self.loop = Loop(lambda error: self.log(f"virtual board: {error!r}\n"))
        self.pins = Pins(on_led)
        self.wlan = Wlan(self.loop, air, mac, self._on_link)
        self.ntp = Ntp(lambda: self.wlan.connected)
        self.power = Power(mac, machine, filesystem, _READY, self._act)
        self.bootloader = Bootloader(flash, chip_of(machine), self.log)
        self.watchdog = Watchdog(self.loop, lambda: self.hard_reset("WDT_RESET"))
        self._chip = Chip(self._parts(), self.log)
        self._cooker = Cooker(_READY, self._say, self._on_ready)
        self.serial = SerialPort(self.loop, self.type)

    def _parts(self) -> dict[str, Part]:
        return {
            "power": self.power,
            "pin": self.pins,
            "rtc": Rtc(),
            "ntp": self.ntp,
            "wdt": self.watchdog,
            "wlan": self.wlan,
            "nvs": Nvs(self._flash),
            "partition": Partitions(self._flash.table, self.bootloader),
        }

    @property
    def pid(self) -> int | None:
        interpreter = self._interpreter
        return interpreter.pid if interpreter is not None else None

    def close(self) -> None:
        """End everything; from any thread but the loop's."""
        self.loop.call(self._close)
        self.loop.close()

    def power_on(self) -> None:
        if not self.powered:
            self.powered = True
            self._powered_at = time.monotonic()
            self._crashes = 0
            self._cooker.raw = False
            self._chip.each("power_on")
            self._start("PWRON_RESET")

    def power_off(self) -> None:
        self.powered = False
        self._kill()
        self._flash.control.arm(None, False)
        self._chip.each("reset")

    def hard_reset(self, cause: str) -> None:
        """End the interpreter and start it again; the RTC and what is on flash live on."""
        if not self.powered:
            return
        self._kill()
        if cause == "WDT_RESET":
            self.log(_BITTEN % (1000 * (time.monotonic() - self._powered_at)))
        self._cooker.raw = False
        self._chip.each("reset")
        self._start(cause)

    def type(self, data: bytes) -> None:
        """Bytes that come over the serial line."""
        if self._interpreter is not None:
            self._interpreter.send(data)

    def log(self, text: str) -> None:
        """A line on the console that the chip, not the program, has written."""
        self._say(text.replace("\n", "\r\n").encode())

    def _say(self, data: bytes) -> None:
        self.serial.write(data)
        self._console.write(data)

    def _soft_reset(self) -> None:
        self._kill()
        self.log("MPY: soft reboot\n")
        self._start("SOFT_RESET")

    def _start(self, cause: str) -> None:
        if cause != "SOFT_RESET":
            self.log(f"\nets Jul 29 2019 12:21:46\n\n{_RST.get(cause, _RST_SOFTWARE)}\n")
        self.reset_causes.append(cause)
        self.power.cause = cause
        self.power.raw = self._cooker.raw
        if cause not in _NO_BOOT and not self._boot():
            return
        self._chip.each("restart")
        self._cooker.restart()
        self._started_at = time.monotonic()
        frozen = self.power.frozen_bytes
        beside = frozen and frozen + frozen // _FROZEN_SHARE + _FROZEN_SHIM_BYTES
        command = self._command(_SHIM_BYTES + beside) + ["-i", str(ROM / "start.py")]
        self._interpreter = Interpreter(
            self.loop, command, self._flash, self._cooker.feed, self._chip.call, self._on_end
        )

    def _boot(self) -> bool:
        """Let the bootloader choose the application; False when none runs now."""
        try:
            found = self.bootloader.boot()
        except PowerCut:
            self.power_off()
            return False
        if not found:  # the chip resets at once, for ever
            self._sleep = self.loop.after(_CRASH_LOOP_S, lambda: self.hard_reset("HARD_RESET"))
            return False
        frozen = romfs(self.bootloader.frozen)
        self._flash.control.put_frozen(frozen)
        self.power.frozen_bytes = len(frozen)
        return True

    def _kill(self) -> None:
        if self._sleep is not None:
            self._sleep.cancel()
            self._sleep = None
        interpreter, self._interpreter = self._interpreter, None
        if interpreter is not None:
            interpreter.kill()

    def _close(self) -> None:
        self.power_off()
        self.serial.close()

    def _act(self, order: str, *arguments: Any) -> None:
        """What the board asked for itself. All but "booting" end the interpreter, which waits for that."""
        if order == "booting" and self._interpreter is not None:
            self._interpreter.release_input()
        elif order == "soft_reset":
            self._soft_reset()
        elif order == "reset":
            self.hard_reset("HARD_RESET")
        elif order == "cut":
            self.power_off()
        elif order == "deepsleep":
            self._deepsleep(*arguments)
        elif order == "broken":
            self._kill()
            self._crashed("the modules of the virtual board did not load")

    def _deepsleep(self, seconds: float) -> None:
        self._kill()
        self._chip.each("reset")
        if seconds > 0:
            self._sleep = self.loop.after(seconds, lambda: self._start("DEEPSLEEP_RESET"))

    def _on_end(self, returncode: int) -> None:
        """The interpreter ended by itself: Ctrl-D or SystemExit at the REPL, or it crashed."""
        self._interpreter = None
        if not self.powered:
            return
        if returncode >= 0:
            self._soft_reset()
        else:
            self._crashed(f"the interpreter ended by signal {-returncode}")

    def _crashed(self, why: str) -> None:
        self.log(_PANIC % why)
        self._crashes = self._crashes + 1 if time.monotonic() - self._started_at < _CRASH_LOOP_S else 0
        if self._crashes < 3:
            self.hard_reset("HARD_RESET")
        else:  # a broken interpreter is not to heat the machine
            self._sleep = self.loop.after(_CRASH_LOOP_S, lambda: self.hard_reset("HARD_RESET"))

    def _on_ready(self) -> None:
        if self._interpreter is not None:
            self._interpreter.at_prompt(b"\x01" if self._cooker.raw else b"")

    def _on_link(self, up: bool) -> None:
        self._flash.control[LINK_UP] = int(up)
