"""The virtual ESP32: what a developer starts, presses, cuts off the power, and reads the console of."""

import datetime
import re
import time
from collections.abc import Callable
from typing import Any

from . import files
from .console import Console
from .errors import BoardError
from .firmware import Firmware
from .flash import FlashImage
from .image import chip_of
from .micropython import find_micropython, heap_bytes
from .pins import BOOT, LED
from .supervisor import Supervisor
from .table import OTA_APP_BYTES, with_ota
from .wlan import Air

_PROMPT = re.compile(rb">>> ")
_RAW_PROMPT = re.compile(rb"raw REPL; CTRL-B to exit\r\n>")
_RAW_REPLY = re.compile(rb"(?s)OK(.*?)\x04(.*?)\x04>")
_BUTTONS = {"BOOT": BOOT}


class VirtualBoard:
    """An ESP32 devkit in software. A context manager: `with VirtualBoard() as board:` starts and stops it.

    `flash`: path of the image that keeps the flash, None for one that is thrown away. `heap`: bytes, or text as
    "256K", that a program gets (words are twice as wide as on the chip). `filesystem`: "lfs2" or "fat", for the first
    start. `micropython`: path of the interpreter. `console(bytes)` and `on_led(bool)` are called, in the board's own
    thread, with what the board sends and when the LED changes. `ssid`, `password`: the network that is in the air.
    `ota`: a new flash gets MicroPython's partitions for updates (see `firmware`), with room for `app_bytes` in each.
    `machine`: what os.uname() says; its last word is the chip that an image must be for.
    """

    _stopped = False

    def __init__(
        self,
        flash: str | None = None,
        heap: str | int = "256K",
        filesystem: str = "lfs2",
        micropython: str | None = None,
        console: Callable[[bytes], Any] | None = None,
        on_led: Callable[[bool], Any] | None = None,
        mac: str = "24:0a:c4:12:34:56",
        ssid: str = "virtual",
        password: str | None = "virtual-password",
        ota: bool = False,
        app_bytes: int = OTA_APP_BYTES,
        machine: str = "Generic ESP32 module with ESP32",
    ) -> None:
        if filesystem not in ("lfs2", "fat"):
            raise ValueError(f"filesystem {filesystem!r}: lfs2 or fat")
        address = bytes.fromhex(mac.replace(":", ""))
        if len(address) != 6:
            raise ValueError(f"mac {mac!r}: six bytes such as 24:0a:c4:12:34:56")
        size = heap_bytes(heap)
        self._micropython = find_micropython(micropython)
        self._flash = FlashImage(flash, with_ota(app_bytes) if ota else None, chip_of(machine))
        self._console = Console(console)
        self._led_callback = on_led
        self.led_changes: list[bool] = []
        self.air = Air(ssid, password)
        self._supervisor = Supervisor(
            lambda extra: [self._micropython, "-X", f"heapsize={size + extra}"],
            self._flash,
            filesystem,
            machine,
            address,
            self.air,
            self._console,
            self._on_led,
        )
        self._do = self._supervisor.loop.call
        self.firmware = Firmware(self._flash, self._supervisor.bootloader, lambda: self.powered)

    # What a person can do to it.

    def start(self) -> "VirtualBoard":
        """Switch it on; gives itself back."""
        self.power_on()
        return self

    def stop(self) -> None:
        """Switch it off for good: no process, thread or file is left. Twice is fine."""
        if self._stopped:
            return
        self._stopped = True
        self._supervisor.close()
        self._flash.close()

    def __enter__(self) -> "VirtualBoard":
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def port(self) -> str:
        """The serial port, for mpremote, ampy or a terminal."""
        return self._supervisor.serial.path

    @property
    def reset_causes(self) -> list[str]:
        """Why each start so far happened: "PWRON_RESET", "SOFT_RESET", ..."""
        return list(self._supervisor.reset_causes)

    @property
    def powered(self) -> bool:
        """False after `power_off()` and after the power cut that was armed."""
        return self._supervisor.powered

    @property
    def pid(self) -> int | None:
        """The interpreter's process, None when the power is off."""
        return self._supervisor.pid

    def power_on(self) -> None:
        """Put the plug in; `wait_for` then searches what comes from this start. Nothing happens when it is on."""
        if not self.powered:
            self.mark()
        self._do(self._supervisor.power_on)

    def power_off(self) -> None:
        """Pull the plug, at whatever instant it is."""
        self._do(self._supervisor.power_off)

    def power_cycle(self) -> None:
        self.power_off()
        self.power_on()

    def reset(self) -> None:
        """Press the EN button, which on an ESP32 is as a power-on: the cause is PWRON_RESET and the RTC is lost."""
        self.power_cycle()

    def press(self, button: str = "BOOT") -> None:
        """Hold a button down: `machine.Pin(0).value()` reads 0."""
        self.set_pin(_BUTTONS[button], 0)

    def release(self, button: str = "BOOT") -> None:
        self.set_pin(_BUTTONS[button], None)

    def click(self, seconds: float = 0.2, button: str = "BOOT") -> None:
        """Press, wait, release."""
        self.press(button)
        time.sleep(seconds)
        self.release(button)

    def set_pin(self, pin: int, level: int | None) -> None:
        """Drive a pin from outside with 0 or 1; None lets go. ValueError for a pin that does not exist."""
        self._do(lambda: self._supervisor.pins.drive(pin, level))

    def pin(self, pin: int) -> int:
        """The level at a pin, 0 or 1."""
        return self._do(lambda: self._supervisor.pins.level(pin))

    @property
    def led(self) -> bool:
        """Whether the LED on GPIO2 is lit; `led_changes` has its history."""
        return bool(self.pin(LED))

    def send(self, data: bytes) -> None:
        """Type on the serial line, without opening the port."""
        self._do(lambda: self._supervisor.type(data))

    def run(self, code: str, timeout: float = 20.0) -> str:
        """Run a program in the raw REPL, after a Ctrl-C to what runs there, and give back what it printed.

        BoardError with the board's traceback when it raised. Needs no port; no tool may be using it meanwhile.
        """
        here = self._console.position
        self.send(b"\r\x03\r\x01")
        _, here = self._console.search(_RAW_PROMPT, here, timeout, lambda: self.powered)
        self.send(code.encode() + b"\x04")
        found, _ = self._console.search(_RAW_REPLY, here, timeout, lambda: self.powered)
        here = self._console.position
        self.send(b"\x02")
        self._console.search(_PROMPT, here, timeout, lambda: self.powered)
        self.mark()
        if found[2]:
            raise BoardError(found[2].decode("utf-8", "replace"))
        return found[1].decode("utf-8", "replace").replace("\r\n", "\n")

    # The world around it.

    def wifi_down(self) -> None:
        """All networks vanish."""
        self._change_air("up", False)

    def wifi_up(self) -> None:
        """They are back; a station that was connected comes back by itself."""
        self._change_air("up", True)

    def wifi_stuck(self, how: str | None) -> None:
        """The driver loses its connection and tries for ever in vain, as drivers of real chips were seen to: until
        "connecting": `disconnect()`; "radio": the radio was off; "chip": a reset. "memory": there is none to switch the
        radio on (until None). None: it works."""
        if how not in ("connecting", "radio", "chip", "memory", None):
            raise ValueError(f"wifi_stuck {how!r}: connecting, radio, chip, memory or None")
        self._change_air("stuck", how)

    def set_network(self, ssid: str, password: str | None) -> None:
        """Add a network, or change a password; stations that are connected stay so."""
        self._change_air("networks", {**self.air.networks, ssid: password})

    def remove_network(self, ssid: str) -> None:
        self._change_air("networks", {name: key for name, key in self.air.networks.items() if name != ssid})

    def set_time(self, moment: float | datetime.datetime) -> None:
        """The world's time, which NTP gives: Unix seconds, or a datetime with its zone. The board's RTC stays."""
        unix = moment.timestamp() if isinstance(moment, datetime.datetime) else float(moment)
        self._do(lambda: self._supervisor.ntp.set(unix))

    def set_ntp_servers(self, servers: tuple[str, ...] | None) -> None:
        """Which NTP hosts exist (`*` stands for any part); None: none of them answers."""
        self._supervisor.ntp.servers = servers

    def hurry_watchdog(self, times: float) -> None:
        """From its next feed on the watchdog waits so many times shorter than it was told to: tests are not to wait."""
        self._supervisor.watchdog.scale = times

    def set_temperature(self, celsius: float) -> None:
        """What `esp32.mcu_temperature()` reads."""
        self._supervisor.power.celsius = celsius

    # Flash.

    def cut_power_at(self, nth: int | None, torn: bool = False) -> None:
        """Lose power at the `nth` flash write or erase from now: before it, or (`torn`) with half of it done.

        It stays off until `power_on()`. None takes it back. Armed while off it counts from the next start.
        """
        self._flash.control.arm(nth, torn)

    def flash_stats(self) -> dict[str, int]:
        """Operations so far, over all starts: reads, writes, erases."""
        return self._flash.control.stats()

    def read_file(self, path: str) -> bytes:
        """A file as it is on flash at this instant, without the serial port. FileNotFoundError if there is none."""
        return files.read_file(self._flash.path, path, self._micropython)

    def list_files(self) -> dict[str, int]:
        """Path -> size of every file on flash."""
        return files.list_files(self._flash.path, self._micropython)

    def write_file(self, path: str, data: bytes) -> None:
        """Put a file on the flash of a board that is off, making its folders. BoardError while it is on."""
        if self.powered:
            raise BoardError("write_file needs the board to be off")
        files.write_file(self._flash.path, path, data, self._micropython)

    # The console.

    @property
    def output(self) -> str:
        """All that the board has sent, power cycles included (the last 4 MiB)."""
        return self._console.text

    def mark(self) -> int:
        """Let `wait_for` search only what comes from now on."""
        return self._console.mark()

    def wait_for(self, pattern: str | re.Pattern, timeout: float = 20.0) -> re.Match:
        """Wait until the console has `pattern` (text, or a compiled expression) behind what was found last.

        BoardError with the end of the console when it did not come in time.
        """
        return self._console.wait_for(pattern, timeout)

    def _change_air(self, name: str, value: Any) -> None:
        def change() -> None:
            setattr(self.air, name, value)
            self._supervisor.wlan.air_changed()

        self._do(change)

    def _on_led(self, lit: bool) -> None:
        self.led_changes.append(lit)
        if self._led_callback is not None:
            self._led_callback(lit)
