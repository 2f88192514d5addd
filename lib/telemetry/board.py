"""The board's hardware; the only module that imports machine, network and esp32. Nothing is touched at import."""

import time

import esp32
import machine
import network
from micropython import const

from . import errors, once

_WEEK_MS = const(7 * 24 * 3600 * 1000)
_MARK = const(b"\0doing ")
_HOPELESS = const(12 * 3600)  # seconds without a connection


class Board:
    """An ESP32: Wi-Fi, one LED, one button, its ids, its clock, its watchdog."""

    wdt: machine.WDT | None = None  # None: `feed` starts it
    doing: object = None  # what begins with the next `feed`: its name, or a function that has one
    _noted: object = None
    wlan: network.WLAN = None  # type: ignore[assignment]  # made when it is first needed
    told: tuple | None = None  # the network and password that the driver knows
    outage: list | None = None  # without a connection, see `wifi.join`

    def __init__(self, led: int | None = None, button: int | None = None, watchdog: int = 0):
        """`led`, `button`: GPIO numbers or None; the button connects its pin to ground. `watchdog`: seconds without
        `feed` until the board resets itself, 0 for never; it is on from the first `feed` to the next reset. Raises
        SettingsError for a pin that the chip does not have."""
        self._led = _pin("led", led, machine.Pin.OUT)
        self._button = _pin("button", button, machine.Pin.IN, machine.Pin.PULL_UP)
        self._wdt_s = watchdog
        self.hung = self._recall()  # what the watchdog ended before this start, as far as that is known
        self.light(False)

    # Wi-Fi

    def is_connected(self) -> bool:
        """Whether the station has an address."""
        wlan = self.wlan
        if wlan and wlan.isconnected():
            self.outage = None
            return True
        return False

    def connect(self, ssid: str, password: str, timeout: int = 15) -> None:
        """Joins the network `ssid`, waiting at most `timeout` seconds, and one more where the driver is told to begin
        anew. Raises WifiError, saying what is in the way.

        The driver goes on trying by itself, also between two calls. The longer an outage lasts, the more is done to end
        it; for that ask again and again.
        """
        once("wifi", "join", self, network.WLAN, ssid, password, timeout)

    def is_hopeless(self) -> bool:
        """Whether an outage is so long that only a restart of the board is left to try. What waits in memory is lost by
        that, so it is not done sooner."""
        return self.outage is not None and self.outage[3] >= _HOPELESS

    def address(self) -> str:
        """The station's IPv4 address; empty without a connection."""
        return self.wlan.ifconfig()[0] if self.is_connected() else ""

    def wifi_strength(self) -> int | None:
        """The received signal strength in dBm; None without a connection."""
        return self.wlan.status("rssi") if self.is_connected() else None

    # The person in front of it

    def light(self, on: bool) -> None:
        """Switches the LED."""
        if self._led is not None:
            self._led.value(on)

    def is_pressed(self) -> bool:
        """Whether the button is held down now."""
        return self._button is not None and self._button.value() == 0

    # The chip

    def mac(self) -> str:
        """The chip's base MAC address, as `24:0a:c4:12:45:56`."""
        return machine.unique_id().hex(":")

    def serial_number(self) -> str:
        """A serial number made from the chip's id, as `240AC4124556`."""
        return machine.unique_id().hex().upper()

    def temperature(self) -> float | None:
        """The chip's own temperature in degrees Celsius; None where the chip has no sensor."""
        read = getattr(esp32, "mcu_temperature", None)  # ESP32-S2, -S3, -C3 and later
        if read:
            return read()
        read = getattr(esp32, "raw_temperature", None)  # the first ESP32, in Fahrenheit
        return (read() - 32) / 1.8 if read else None

    def set_time(self, seconds: int) -> None:
        """Sets the chip's clock to UTC, `seconds` in the port's epoch."""
        utc = time.gmtime(seconds)
        machine.RTC().datetime(utc[:3] + (0,) + utc[3:6] + (0,))  # the weekday is not looked at

    def heap(self) -> list:
        """ESP-IDF's heaps, which Wi-Fi and TLS take theirs from: size, free, largest free and least free of each."""
        return esp32.idf_heap_info(esp32.HEAP_DATA)

    def reset_cause(self) -> str:
        """Why the board started: power on, hard reset, watchdog, deep sleep or soft reset."""
        # By the numbers of machine.PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET and SOFT_RESET.
        return ("unknown", "power on", "hard reset", "watchdog", "deep sleep", "soft reset")[machine.reset_cause()]

    def reset(self) -> None:
        """Restarts the board as the reset button does. Does not return."""
        machine.reset()

    def feed(self) -> None:
        """Tells the watchdog that there is progress."""
        if self._wdt_s:
            if self.wdt is None:
                self.wdt = machine.WDT(timeout=self._wdt_s * 1000)
            self.wdt.feed()
            if self.doing is not self._noted:
                self._note()

    def rest(self) -> None:
        """Nobody feeds the watchdog now, as a person is at the REPL: if it runs it waits for a week. To have it watch
        again set `wdt` to None."""
        # It cannot be stopped, but told to wait for longer (ports/esp32/machine_wdt.c: esp_task_wdt_reconfigure). Of
        # the hardware's ticks a week takes 32 bits, with none to spare for two (ESP-IDF, task_wdt_impl_timergroup.c:
        # two a ms, and twice as many until the second stage). On the ESP32-C2 it becomes 58 minutes, as there the
        # microseconds are counted in 32 bits (task_wdt_impl_esp_timer.c).
        if self._wdt_s:
            self.wdt = machine.WDT(timeout=_WEEK_MS)
            self.doing = None
            self._note()

    def _note(self):
        # In RTC memory, which lives through a watchdog's reset; a program that keeps its own things there has it alone.
        self._noted = doing = self.doing
        rtc = machine.RTC()
        if not rtc.memory() or rtc.memory().startswith(_MARK):
            rtc.memory(_MARK + str(getattr(doing, "__name__", doing))[:64].encode() if doing else b"")

    def _recall(self):
        rtc = machine.RTC()
        note = rtc.memory()
        if not note.startswith(_MARK):
            return ""
        rtc.memory(b"")
        try:
            return note[len(_MARK) :].decode()
        except ValueError:
            return ""  # torn


def _pin(name, number, *how):
    if number is None:
        return None
    try:
        return machine.Pin(number, *how)
    except ValueError:
        raise errors.SettingsError("%s: expected a GPIO that can do it, not %d" % (name, number))
