"""The board's hardware; the only module that imports machine, network and esp32. Nothing is touched at import."""

import binascii
import time

import esp32
import machine
import network
from micropython import const

from .errors import NetworkError, SettingsError

_BELIEVED_AFTER_MS = const(5000)  # a reason older than the attempt may still be shown
_WIFI_FAILURES = {
    network.STAT_WRONG_PASSWORD: "wrong password",
    network.STAT_NO_AP_FOUND: "no such network in reach",
    network.STAT_HANDSHAKE_TIMEOUT: "handshake timed out; is the password right?",
}
_RESET_CAUSES = {
    machine.PWRON_RESET: "power on",
    machine.HARD_RESET: "hard reset",
    machine.WDT_RESET: "watchdog",
    machine.DEEPSLEEP_RESET: "deep sleep",
    machine.SOFT_RESET: "soft reset",
}


class Board:
    """An ESP32: Wi-Fi, one LED, one button, its ids, its clock, its watchdog."""

    def __init__(self, led: int | None = None, button: int | None = None, watchdog: int = 0):
        """`led`, `button`: GPIO numbers or None; the button connects its pin to ground. `watchdog`: seconds without
        `feed` until the board resets itself, 0 for never; it is on from the first `feed` to the next reset. Raises
        SettingsError for a pin that the chip does not have."""
        self._led = _pin("led", led, machine.Pin.OUT)
        self._button = _pin("button", button, machine.Pin.IN, machine.Pin.PULL_UP)
        self._watchdog_s = watchdog
        self._watchdog: machine.WDT | None = None
        self._wlan: network.WLAN | None = None
        self._joining: tuple | None = None  # the network and password that the driver was told
        self.light(False)

    # Wi-Fi

    def is_connected(self) -> bool:
        """Whether the station has an address."""
        return self._wlan is not None and self._wlan.isconnected()

    def connect(self, ssid: str, password: str, timeout: int = 15) -> None:
        """Joins the network `ssid`, waiting at most `timeout` seconds. Raises NetworkError, saying what is in the way.

        The driver is told once and goes on trying by itself, also between two calls: a station that is connecting is
        never told to connect again.
        """
        if self._wlan is None:
            self._wlan = network.WLAN(network.STA_IF)
        wlan = self._wlan
        if not wlan.active():
            wlan.active(True)
            self._joining = None
        if self._joining != (ssid, password):
            # The radio outlives a soft reset: it may be on another network, or trying with another password.
            if not (wlan.isconnected() and wlan.config("ssid") == ssid):
                wlan.disconnect()
                wlan.connect(ssid, password)
            self._joining = (ssid, password)
        start = time.ticks_ms()
        while not wlan.isconnected():
            waited = time.ticks_diff(time.ticks_ms(), start)
            failure = _WIFI_FAILURES.get(wlan.status())
            if failure is not None and waited >= _BELIEVED_AFTER_MS:
                raise NetworkError("Wi-Fi %s: %s" % (ssid, failure))
            if waited >= timeout * 1000:
                if wlan.status() == network.STAT_IDLE:
                    self._joining = None  # the driver has given up, or a program told it to
                raise NetworkError("Wi-Fi %s: no connection after %d s" % (ssid, timeout))
            self.feed()
            time.sleep_ms(50)

    def address(self) -> str:
        """The station's IPv4 address; empty before the first connection."""
        return self._wlan.ifconfig()[0] if self._wlan is not None else ""

    def wifi_strength(self) -> int | None:
        """The received signal strength in dBm; None without a connection."""
        return self._wlan.status("rssi") if self._wlan is not None and self._wlan.isconnected() else None

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
        return binascii.hexlify(machine.unique_id(), ":").decode()

    def serial_number(self) -> str:
        """A serial number made from the chip's id, as `240AC4124556`."""
        return binascii.hexlify(machine.unique_id()).decode().upper()

    def temperature(self) -> float | None:
        """The chip's own temperature in degrees Celsius; None where the chip has no sensor."""
        if hasattr(esp32, "mcu_temperature"):  # ESP32-S2, -S3, -C3 and later
            return esp32.mcu_temperature()
        if hasattr(esp32, "raw_temperature"):  # the first ESP32 measures in Fahrenheit
            return (esp32.raw_temperature() - 32) / 1.8
        return None

    def set_time(self, seconds: int) -> None:
        """Sets the chip's clock to UTC, `seconds` in the port's epoch."""
        year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds)[:8]
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))

    def reset_cause(self) -> str:
        """Why the board started: power on, hard reset, watchdog, deep sleep or soft reset."""
        return _RESET_CAUSES.get(machine.reset_cause(), "unknown")

    def reset(self) -> None:
        """Restarts the board as the reset button does. Does not return."""
        machine.reset()

    def feed(self) -> None:
        """Tells the watchdog that there is progress."""
        if self._watchdog is None:
            if not self._watchdog_s:
                return
            self._watchdog = machine.WDT(timeout=self._watchdog_s * 1000)
        self._watchdog.feed()


def _pin(name, number, *how):
    if number is None:
        return None
    try:
        return machine.Pin(number, *how)
    except ValueError:
        raise SettingsError("%s: expected a GPIO that this chip has and can use so, not %d" % (name, number))
